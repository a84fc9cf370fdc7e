"""The types of `cards/`: the questions asked of the chart, the tables, and the words of a card."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from service.clinical.chart import Assertion, Group
from service.clinical.meaning import Reading
from service.clinical.order import Trigger


class Status(StrEnum):
    """The answer to a criterion: silence in a section that was not read is not a "no"."""

    MET = "met"
    NOT_MET = "not met"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """The kinds of question that can be asked of a chart."""

    CODED_ENTRY = "coded-entry"
    MEASURED_VALUE = "measured-value"
    BOTH_SIDES = "both-sides"
    AGE = "age"
    SYMPTOM_DURATION = "symptom-duration"
    CONSERVATIVE_CARE = "conservative-care"
    PAIN_TREND = "pain-trend"
    DRUG_EXPOSURE = "drug-exposure"
    WEIGHT_LOSS = "weight-loss"
    RECORD_COMPLETE = "record-complete"
    ONE_OF = "one-of"
    TWO_OF = "two-of"


class DateOf(StrEnum):
    """Which date of an entry a look-back counts from."""

    ONSET = "onset"
    ASSERTED = "asserted"


class Verdict(StrEnum):
    """What a row says of the order, from the loudest to the quietest."""

    EMERGENCY = "emergency"
    FLAG = "flag"
    APPROPRIATE = "appropriate"
    INCOMPLETE = "incomplete"
    UNCLEAR = "unclear"
    DEFERRAL = "deferral"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One published source."""

    id: str
    label: str
    year: int
    url: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceAttribute:
    """What a user may ask to know of the guideline itself: what it rests on, what it looks at."""

    id: str
    name: str
    statement: str  # may hold the place {version}
    used: bool | None  # of data about the patient; None where the statement is not about data
    facts: tuple[tuple[str, str | None], ...]  # each with a link, if it has one


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """One unit of a quantity by its spellings: canonical = (value - minus) * times."""

    names: frozenset[str]  # lower case
    times: float = 1.0
    minus: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Quantity:
    """One measured quantity: how a reading in any known unit becomes a number in `unit`."""

    id: str
    value_sets: tuple[str, ...]
    unit: str
    units: tuple[Unit, ...]
    lowest: float | None = None  # what no living patient has is a slip of the pen
    highest: float | None = None
    bare: tuple[tuple[float, float, str], ...] = ()  # (from, to, unit) of a number without a unit


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """One question asked of the chart, with the parameters of its kind (cards/README.md)."""

    id: str
    asks: str
    says: str
    kind: Kind
    sources: tuple[str, ...]
    value_sets: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    assertions: frozenset[Assertion] = frozenset()
    date_of: DateOf = DateOf.ONSET
    within_days: int | None = None
    together_within_days: int | None = None
    undated: bool = False
    quantity: str | None = None
    at_least: float | None = None
    above: float | None = None
    below: float | None = None
    at_most: float | None = None
    flagged: str | None = None
    at_least_days: int | None = None
    below_days: int | None = None
    first_contact: bool = False
    extents: frozenset[str] = frozenset()
    fall_at_least: float | None = None
    fall_share: float | None = None
    apart_at_least_days: int | None = None
    latest_within_days: int | None = None
    initial_encounter_only: bool = False
    not_words: frozenset[str] = frozenset()
    of: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class EpisodeRule:
    """How the present episode of symptoms is told from an earlier one."""

    symptoms: tuple[str, ...]  # value sets of the index problem: back pain, radiculopathy
    gap_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CareRule:
    """What counts as conservative care, and when it counts as adequate."""

    needed_days: int
    look_back_days: int
    lead_days: int
    fresh_days: int
    visits: int
    therapy: tuple[str, ...]
    referral: str
    injections: tuple[str, ...]
    medicine: tuple[str, ...]
    review_after_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of a decision table: the findings it asks for, and the verdict it gives."""

    id: str
    rule: str
    verdict: Verdict
    cells: tuple[tuple[str, Status], ...]
    card: str
    recommendation: str
    indicator: str
    acr_variant: str | None
    rating: str | None
    sources: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SuggestionTemplate:
    """One thing that a card offers to do, in words and in kind."""

    id: str
    label: str
    description: str
    action: str
    resource: Mapping[str, object] | None = None
    due: str | None = None
    study: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What a card says."""

    id: str
    summary: str
    detail: str
    rule_in_words: str
    suggestions: tuple[SuggestionTemplate, ...]
    override_reasons: tuple[Mapping[str, str], ...]
    shows_not_documented: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Guideline:
    """All of `cards/`, read and checked once."""

    version: str
    topic_system: str
    sources: Mapping[str, Source]
    source_attributes: tuple[SourceAttribute, ...]
    criteria: Mapping[str, Criterion]
    quantities: Mapping[str, Quantity]
    indication: tuple[Row, ...]
    messages: Mapping[str, Message]
    frame: Mapping[str, str]  # the sentences that every card shares
    reading: Reading
    trigger: Trigger
    needed: tuple[Group, ...]  # without one of these, no order is discouraged
    required: tuple[Group, ...]  # without one of these, nothing can be said
    episode: EpisodeRule
    care: CareRule
    screening: tuple[tuple[str, tuple[str, ...]], ...]  # the checklist: (as said, criterion ids)
    studies: Mapping[str, Mapping[str, tuple[str, str]]]  # value set -> system -> (code, display)
