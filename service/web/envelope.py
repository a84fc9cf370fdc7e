"""Refuses a call whose envelope two readers could understand differently."""

import json
import math
from collections.abc import Iterable
from typing import Any, NoReturn

from service.errors import BadHookRequest

MOST_BYTES = 1024 * 1024  # of everything but the resources in prefetch
MOST_DEPTH = 64  # of objects and lists inside each other
_SHORTEST_PIECE = 64  # bytes: what is shorter is read together with the envelope
_PROBE = 256  # bytes by which a piece is found again


def refuse_ambiguous(body: bytes, pieces: Iterable[bytes]) -> None:
    """Refuse duplicate members, numbers that are none, and depth, outside of the sent resources.

    The resources, `pieces` in the order in which they were read, are cut out before the envelope
    is read this strictly and slowly; they are read later, each on its own. The body is gone through
    once, however many there are. Raises BadHookRequest.
    """
    kept: list[bytes] = []
    done, left = 0, MOST_BYTES
    for piece in pieces:
        if len(piece) < _SHORTEST_PIECE:
            continue
        at = _place(body, piece, done, left)
        if at < 0:
            # It stands before another that was read before it: two members have one name.
            raise _not_json() if piece in body[:done] else _too_large()
        kept += [body[done:at], b"null"]
        done, left = at + len(piece), left - (at - done)
    envelope = b"".join([*kept, body[done:]])
    if len(envelope) > MOST_BYTES:
        raise _too_large()
    read_strictly(envelope)


def read_strictly(text: bytes) -> Any:
    """Read JSON that has one meaning only; raises BadHookRequest."""
    try:
        found = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_members,
            parse_constant=_refuse,
            parse_float=_number,
        )
        if _deeper(found, MOST_DEPTH):
            raise _not_json()
    except (ValueError, RecursionError) as problem:
        raise _not_json() from problem
    return found


def _place(body: bytes, piece: bytes, done: int, left: int) -> int:
    """Find a piece behind what is done and at most so many bytes of envelope; -1 if not there.

    As a rule it stands where its beginning stands first.
    """
    probe = piece[:_PROBE]
    at = body.find(probe, done, done + left + len(probe))
    if at < 0 or body.startswith(piece, at):
        return at
    return body.find(piece, at, done + left + len(piece))


def _not_json() -> BadHookRequest:
    """Make the error anew each time: one that is kept would keep the calls that it refused."""
    return BadHookRequest("body", expected="a JSON object in UTF-8, without duplicate members")


def _too_large() -> BadHookRequest:
    return BadHookRequest(
        "body", expected=f"at most {MOST_BYTES} bytes beside prefetch", status=413
    )


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _not_json()
    return found


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _not_json()
    return number


def _refuse(_name: str) -> NoReturn:
    raise _not_json()


def _deeper(value: Any, left: int) -> bool:
    """Whether a value holds objects or lists deeper than so many levels."""
    if isinstance(value, dict):
        return left == 0 or any(_deeper(part, left - 1) for part in value.values())
    if isinstance(value, list):
        return left == 0 or any(_deeper(part, left - 1) for part in value)
    return False
