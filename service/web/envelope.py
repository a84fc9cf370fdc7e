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
_NOT_JSON = BadHookRequest("body", expected="a JSON object in UTF-8, without duplicate members")


def refuse_ambiguous(body: bytes, pieces: Iterable[bytes]) -> None:
    """Refuse duplicate members, numbers that are none, and depth, outside of the sent resources.

    The resources are cut out before the envelope is read this strictly and slowly; they are
    read later, each on its own. Raises BadHookRequest.
    """
    envelope = body
    for piece in pieces:
        if len(piece) >= _SHORTEST_PIECE:
            envelope = _without(envelope, piece)
    if len(envelope) > MOST_BYTES:
        raise BadHookRequest(
            "body", expected=f"at most {MOST_BYTES} bytes beside prefetch", status=413
        )
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
            raise _NOT_JSON
    except (ValueError, RecursionError) as problem:
        raise _NOT_JSON from problem
    return found


def _without(envelope: bytes, piece: bytes) -> bytes:
    """Put null in the place of a piece; the piece is compared as a whole only where it begins."""
    probe = piece[:_PROBE]
    at = envelope.find(probe)
    while at >= 0:
        if envelope.startswith(piece, at):
            return envelope[:at] + b"null" + envelope[at + len(piece) :]
        at = envelope.find(probe, at + 1)
    return envelope


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _NOT_JSON
    return found


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _NOT_JSON
    return number


def _refuse(_name: str) -> NoReturn:
    raise _NOT_JSON


def _deeper(value: Any, left: int) -> bool:
    """Whether a value holds objects or lists deeper than so many levels."""
    if isinstance(value, dict):
        return left == 0 or any(_deeper(part, left - 1) for part in value.values())
    if isinstance(value, list):
        return left == 0 or any(_deeper(part, left - 1) for part in value)
    return False
