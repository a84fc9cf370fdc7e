"""The kinds of things that are counted, and how their counts are written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec


class Site(NamedTuple):
    """Whose calls: an issuer and a tenant of it, and whether it was shown cards."""

    issuer: str | None
    tenant: str | None
    mode: str  # live, silent


class Card(NamedTuple):
    """A card, and what became of it; `suggestions` (JSON: a list of names) if it was accepted."""

    on_study: bool  # not the card on the indication of its order
    recommendation: str
    indicator: str
    hook: str | None
    outcome: str  # KEPT_BACK, UNANSWERED, accepted, overridden
    reason_system: str | None = None
    reason_code: str | None = None
    suggestions: str | None = None


class Order(NamedTuple):
    """A card on the indication, by who ordered."""

    clinician: str | None
    recommendation: str
    outcome: str


class Judged(NamedTuple):
    """An order that got a recommendation."""

    recommendation: str


class Lost(NamedTuple):
    """An answer of whose card no record is there."""

    recommendation: str | None


class Call(NamedTuple):
    """A call, by what was asked and how it went."""

    endpoint: str
    hook: str | None
    version: str | None  # of the content
    status: int
    reason: str | None
    with_order: bool  # for a lumbar MRI


class Duration(NamedTuple):
    """A call of a hook that took so many tenths of a millisecond, to three digits."""

    hook: str | None
    tenths: int


class Read(NamedTuple):
    """A chart that was read, and whether some of it came from the FHIR server."""

    fetched: bool


class Missing(NamedTuple):
    """A section of a chart that was not there, and why."""

    section: str
    word: str


class Failed(NamedTuple):
    """A criterion that could not be asked."""

    question: str


class Unmapped(NamedTuple):
    """A code of an order for imaging that nobody mapped."""

    system: str
    code: str


K = TypeVar("K", bound=tuple[Any, ...])
# By site, whether as its own type or as it is read back: as a plain tuple.
Table = Mapping[Any, Mapping[K, int]]
Tables = Mapping[str, Table[Any]]  # by the name of their part
# What a table is written down as: no names, which are many and always the same.
_DECODER = msgspec.msgpack.Decoder(dict[tuple[Any, ...], dict[tuple[Any, ...], int]])


@dataclass(frozen=True)
class Part(Generic[K]):
    """One table of counts: its name, and the kind of thing that it counts."""

    name: str
    kind: type[K]


def write(table: Table[Any]) -> bytes:
    """Write a table down."""
    return msgspec.msgpack.encode(table)


def read(written: bytes) -> Table[Any] | None:
    """Read a table: sites and kinds as plain tuples; None from what is none."""
    try:
        return _DECODER.decode(written)
    except msgspec.MsgspecError:
        return None


CARDS = Part("cards", Card)
ORDERS = Part("orders", Order)
JUDGED = Part("judged", Judged)
LOST = Part("lost", Lost)
CALLS = Part("calls", Call)
DURATIONS = Part("durations", Duration)
READ = Part("read", Read)
MISSING = Part("missing", Missing)
FAILED = Part("failed", Failed)
UNMAPPED = Part("unmapped", Unmapped)
OF_CARDS: tuple[Part[Any], ...] = (CARDS, ORDERS, JUDGED, LOST)
OF_CALLS: tuple[Part[Any], ...] = (CALLS, DURATIONS, READ, MISSING, FAILED, UNMAPPED)
PARTS = OF_CARDS + OF_CALLS
