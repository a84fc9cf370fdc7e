"""The types of `cards/`: the questions asked of the chart, the tables, and the words of a card."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from service.clinical.chart import Assertion, Group, Word
from service.clinical.meaning import Reading
from service.clinical.words import Line, Message, Study


class Status(Word):
    """The answer to a criterion: silence in a section that was not read is not a "no"."""

    MET = "met"
    NOT_MET = "not met"
    UNKNOWN = "unknown"


class Kind(Word):
    """The kinds of question that can be asked of a chart, an order, or a verdict."""

    CODED_ENTRY = "coded-entry"
    NEW_ENTRY = "new-entry"
    WITHDRAWN_ENTRY = "withdrawn-entry"
    MEASURED_VALUE = "measured-value"
    MUSCLE_STRENGTH = "muscle-strength"
    BOTH_SIDES = "both-sides"
    AGE = "age"
    SYMPTOM_DURATION = "symptom-duration"
    ONSET_AFTER = "onset-after"
    CONSERVATIVE_CARE = "conservative-care"
    PAIN_TREND = "pain-trend"
    DRUG_EXPOSURE = "drug-exposure"
    WEIGHT_LOSS = "weight-loss"
    RECENT_IMAGING = "recent-imaging"
    ORDER_STUDY = "order-study"
    RULE_MATCHED = "rule-matched"
    RECORD_COMPLETE = "record-complete"
    ONE_OF = "one-of"
    TWO_OF = "two-of"
    ALL_OF = "all-of"
    UNLESS = "unless"


class DateOf(Word):
    """Which date of an entry a look-back counts from."""

    ONSET = "onset"
    ASSERTED = "asserted"


class Verdict(Word):
    """What a row says of the order, from the loudest to the quietest."""

    EMERGENCY = "emergency"
    FLAG = "flag"
    APPROPRIATE = "appropriate"
    MODIFIER = "modifier"  # of a table beside the first: about the study, not the indication
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

    @property
    def host(self) -> str:
        """The host that its link leads to; empty without a link."""
        return self.url.split("/")[2] if self.url else ""


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
    groups: tuple[Group, ...] = ()  # must have been read to the end for a "not met"
    # Entries: which, of what assertion, how old, and what takes them back.
    value_sets: tuple[str, ...] = ()
    not_concepts: frozenset[str] = frozenset()
    only_in: frozenset[Group] = frozenset()
    assertions: frozenset[Assertion] = frozenset()
    date_of: DateOf = DateOf.ONSET
    within_days: int | None = None
    undated: bool = False
    note_within_days: int | None = None
    initial_encounter_only: bool = False
    first_encounter_code: bool = False
    later_no_holds_days: int | None = None
    # New entries: how recent a first record is, and what makes it an old matter.
    asserted_within_days: int | None = None
    recorded_before_days: int | None = None
    needs_onset_or_worse: bool = False
    muted_by: tuple[str, ...] = ()
    together_within_days: int | None = None
    # Measured values.
    quantity: str = ""  # of a question that measures nothing
    at_least: float | None = None
    above: float | None = None
    below: float | None = None
    at_most: float | None = None
    above_half_of_age: float | None = None
    flagged: str | None = None
    latest_only: bool = False
    not_known: bool = False
    course: str | None = None
    first_within_days: int | None = None
    at_least_roots: int | None = None
    fall_at_least: float | None = None
    fall_share: float | None = None
    rise_at_least: float | None = None
    quick_within_days: int | None = None
    apart_at_least_days: int | None = None
    latest_within_days: int | None = None
    # Days: of symptoms, of care, of a drug.
    at_least_days: int | None = None
    below_days: int | None = None
    first_contact: bool = False
    extents: frozenset[str] = frozenset()
    not_words: frozenset[str] = frozenset()
    # The order, and the verdict on it.
    contrast: frozenset[str] = frozenset()
    whole_spine: bool | None = None
    rules: frozenset[str] = frozenset()
    first_only: bool = False
    # Made of others.
    of: tuple[str, ...] = ()
    but_not: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class EpisodeRule:
    """How the present episode of symptoms is told from an earlier one."""

    symptoms: tuple[str, ...]  # value sets of the index problem: back pain, radiculopathy
    gap_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class DurationRule:
    """Where an onset is looked for beside the diagnoses: measured durations, dated onsets."""

    quantity: str  # "duration of symptoms", as an observation or an answer
    onset_concept: str  # "date of onset", likewise
    within_days: int
    flare: str  # the concept of a flare of an older problem


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
    impossible: tuple[str, ...]  # why therapy cannot be had: then drugs alone are enough
    injections: tuple[str, ...]
    medicine: tuple[str, ...]
    not_medicine: frozenset[str]  # words of a drug that is no care for pain: low doses, creams
    general: tuple[str, ...]  # "conservative management", said in general
    review_after_days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row of a decision table: the findings it asks for, and the verdict it gives."""

    id: str
    table: str
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
class RatingRule:
    """How a row's appropriateness rating is written on the order, where a client asks for it."""

    extension: str
    consulted: str  # the extension of a site's own mechanism code
    consult_id: str
    system: str
    codes: tuple[str, ...]
    says: str  # what the clinician reads of it


@dataclass(frozen=True, kw_only=True, slots=True)
class Screening:
    """The checklist of red flags, and what says of all of them at once that there is none."""

    items: tuple[tuple[str, tuple[str, ...]], ...]  # (as said, criterion ids)
    general: str  # the criterion that "no red flags" was written down


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Guideline:
    """All of `cards/`, read and checked once; hashable, since what follows from it is kept."""

    version: str
    topic_system: str
    titles: Mapping[str, str]  # of recommendations, where cards are counted
    sources: Mapping[str, Source]
    source_attributes: tuple[SourceAttribute, ...]
    criteria: Mapping[str, Criterion]
    quantities: Mapping[str, Quantity]
    indication: tuple[Row, ...]
    modifiers: tuple[tuple[Row, ...], ...]  # the tables on the study, each its own question
    priority: tuple[str, ...]  # rules of the modifiers, the most important first
    most_modifiers: int
    messages: Mapping[str, Message]
    lines: tuple[Line, ...]
    frame: Mapping[str, Any]  # the sentences that every card shares
    reading: Reading
    needed: tuple[Group, ...]  # without one of these, no order is discouraged
    required: tuple[Group, ...]  # without one of these, nothing can be said
    helpful: Mapping[Group, str]  # what was not looked at where one of these was not sent
    episode: EpisodeRule
    duration: DurationRule
    care: CareRule
    screening: Screening
    rating: RatingRule
    studies: Mapping[str, Study]

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row of every table."""
        return (*self.indication, *(row for table in self.modifiers for row in table))

    def rows_of(self, rule: str) -> tuple[Row, ...]:
        """Give the rows of a rule, which all give one recommendation; none of an unknown rule."""
        return tuple(row for row in self.rows if row.rule == rule)
