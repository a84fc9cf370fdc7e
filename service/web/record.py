"""What is kept of each call: who asked, what was read from where, what was advised; no chart."""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from service.clinical.identity import owner_of
from service.logs import log
from service.metrics import count

_LONGEST_ID = 64
# What a practitioner of a FHIR server is called; a name or anything else is never kept as sent.
_PRACTITIONER = re.compile(r"[A-Za-z]{1,30}/[A-Za-z0-9._-]{1,128}")
_CODE = re.compile(r"[A-Za-z0-9._:/#+-]{1,128}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_MOST_CODES = 16  # of orders that are not mapped, in one call
_CALL_COLUMNS = (
    "at", "endpoint", "token_id", "hook", "hook_instance", "patient", "encounter", "clinician",
    "drafts", "orders", "content_version", "status", "reason", "duration_ms",
)  # fmt: skip
_NOT_LOGGED = (
    "at",
    "day",
    "clinician",
    "unmapped_codes",
    "was_let_in",
)  # the line has a time of its own
UNFIT = "unfit"  # stands for a code that is none


@dataclass(frozen=True, kw_only=True, slots=True)
class CardRecord:
    """One card that was issued; `shown` is false for one that silence kept back."""

    uuid: str
    rule: str
    recommendation: str
    indicator: str
    shown: bool
    position: int = 0  # among the cards on its order; 0 is the one on the indication


@dataclass(kw_only=True)
class CallRecord:
    """The audit record of one call, filled in as the call goes on.

    `patient`, `encounter` and, unless it is kept as sent, `clinician` are keyed hashes, others for
    each issuer and tenant; `hook_instance` is kept only if it is a UUID, since nothing else in it
    could be trusted to name nobody. `origins` says for each section of the chart where it was read
    from, or by a fixed word why it was not. `unmapped_codes` are (system, code) of orders for
    imaging that carry no code that is known.
    """

    endpoint: str
    request_id: str = field(default_factory=lambda: str(uuid4()))
    begun: float = field(default_factory=time.monotonic)
    at: int = field(default_factory=lambda: time.time_ns() // 1_000_000)  # ms since 1970
    day: date | None = None  # at the facility
    issuer: str | None = None
    tenant: str | None = None
    token_id: str | None = None
    hook: str | None = None
    hook_instance: str | None = None
    mode: str = "live"  # or silent, or canary
    patient: str | None = None
    encounter: str | None = None
    clinician: str | None = None
    drafts: int = 0
    orders: int = 0
    unmapped_codes: list[tuple[str, str]] = field(default_factory=list)
    origins: Mapping[str, str] = field(default_factory=dict)
    rules: list[str] = field(default_factory=list)
    recommendations: list[str] = field(default_factory=list)
    cards: list[CardRecord] = field(default_factory=list)
    failed_questions: list[str] = field(default_factory=list)
    outcomes: Mapping[str, int] = field(default_factory=dict)  # of feedback: how many items each
    content_version: str | None = None
    was_let_in: bool = False
    status: int = 0
    reason: str | None = None  # a fixed word for why a call was refused, or what was wrong

    @property
    def owner(self) -> str:
        """Whose cards these are."""
        return owner_of(self.issuer, self.tenant)

    def write(self) -> None:
        """Write the one line of this call, and count it; one that needs a person is an error."""
        kept = self.as_dict() | {"cards": [card.uuid for card in self.cards]}
        count(kept)
        told = {k: v for k, v in kept.items() if k not in _NOT_LOGGED and v not in (None, [], {})}
        level = "error" if self.failed_questions or self.status >= 500 else "info"
        getattr(log, level)("call", **told)

    def as_dict(self) -> dict[str, Any]:
        """Give the record's fields, and how long the call took in milliseconds."""
        return {
            **{name: getattr(self, name) for name in _FIELDS},
            "day": self.day.isoformat() if self.day else None,
            "cards": [{name: getattr(card, name) for name in _CARD_FIELDS} for card in self.cards],
            "duration_ms": round((time.monotonic() - self.begun) * 1000, 1),
        }

    def rows(self, day: date) -> dict[str, list[dict[str, Any]]]:
        """Give what the ledger keeps of the call, by table; `day` for a call that has none."""
        kept = self.as_dict()
        shared = {"day": (self.day or day).isoformat()}
        shared |= {name: kept[name] for name in ("issuer", "tenant", "mode")}
        call = {name: kept[name] for name in _CALL_COLUMNS}
        call["token_id"] = storable(self.token_id)
        call |= {name: _json(kept[name]) for name in ("origins", "failed_questions", "outcomes")}
        of_card = {name: kept[name] for name in ("at", "hook", "clinician", "content_version")}
        mine = {"call_id": self.request_id}
        return {
            "calls": [{"id": self.request_id, **call, **shared}],
            "cards": [{**card, **of_card, **mine, **shared} for card in kept["cards"]],
            "unmapped_codes": [
                {"system": system, "code": code, **mine, **shared}
                for system, code in self.unmapped_codes
            ],
        }

    def hashed(self, kind: str, named: str | None, key: bytes) -> str | None:
        """Hash an id of some kind with a key, so that two tenants' ids can never be matched."""
        if not named:
            return None
        said = f"{kind}|{self.owner}|{named}".encode("utf-8", "surrogatepass")
        return hmac.new(key, said, hashlib.sha256).hexdigest()[:32]

    def note_clinician(self, user: str | None, key: bytes, kept_as: str) -> None:
        """Keep who ordered: as sent, if that is asked for and names a resource, else hashed."""
        as_sent = user and kept_as == "as-sent" and _PRACTITIONER.fullmatch(user)
        self.clinician = user if as_sent else self.hashed("clinician", user, key)

    def note_unmapped(self, codes: Iterable[tuple[str, str]]) -> None:
        """Keep the codes of orders that nobody mapped, if they can be codes."""
        for system, code in codes:
            pair = tuple(part if is_code(part) else UNFIT for part in (system, code))
            if pair not in self.unmapped_codes and len(self.unmapped_codes) < _MOST_CODES:
                self.unmapped_codes.append((pair[0], pair[1]))


# Read one by one: `asdict` would copy each value to its depth.
_FIELDS = tuple(one.name for one in fields(CallRecord) if one.name != "begun")
_CARD_FIELDS = tuple(one.name for one in fields(CardRecord))


def is_code(text: str) -> bool:
    """Whether a text can be a code or its system, and is no words of somebody."""
    return bool(_CODE.fullmatch(text))


def storable(text: str | None) -> str | None:
    """Give a text as every database takes it: no half of a character, nothing unprintable."""
    return text and _UNPRINTABLE.sub(" ", text.encode("utf-8", "replace").decode())


def _json(value: Any) -> str | None:
    return json.dumps(value, sort_keys=True, separators=(",", ":")) if value else None


def instance_of(given: str) -> str | None:
    """Give a hook instance in its one form if it is a UUID of any version, else None."""
    try:
        return str(UUID(given)) if len(given) <= _LONGEST_ID else None
    except ValueError:
        return None
