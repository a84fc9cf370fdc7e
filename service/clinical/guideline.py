"""The types of `cards/`: the questions asked of the chart, the tables, and the words of a card."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from service.clinical.chart import Assertion, Group
from service.clinical.order import Trigger
from service.clinical.terminology import Terminology


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One published source."""

    id: str
    label: str
    year: int
    url: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """One question asked of the chart, with the parameters of its kind (see criteria.yaml)."""

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
    older_than_days: int | None = None
    undated: bool = False
    at_least: float | None = None
    below: float | None = None
    units: Mapping[str, float] = field(default_factory=dict)
    flagged_high: str | None = None
    minimum_days: int | None = None
    classes: frozenset[str] = frozenset()
    of: tuple[str, ...] = ()
    initial_encounter_only: bool = False
    not_words: tuple[str, ...] = ()
    screen: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of a decision table: the findings it asks for, and the verdict it gives."""

    id: str
    rule: str
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
    sources: Mapping[str, Source]
    criteria: Mapping[str, Criterion]
    indication: tuple[Row, ...]
    messages: Mapping[str, Message]
    terms: Terminology
    trigger: Trigger
    needed: tuple[Group, ...]
    required: tuple[Group, ...]
    look_back_days: Mapping[Group, int]
    topic_system: str
    care_days: int  # how long conservative care should be tried
    symptoms: tuple[str, ...]  # value sets of the index problem: back pain, radiculopathy
    studies: Mapping[str, Mapping[str, tuple[str, str]]]  # value set -> system -> (code, display)
    screening: tuple[tuple[str, str], ...]  # (concept group as said, criterion id), the checklist
