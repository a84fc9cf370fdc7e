"""What the record says, as far as it was sent: its sections and their dated entries."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from msgspec import Struct

from service.clinical.dates import Days


class Word(StrEnum):
    """One word of a fixed list; hashed as the string it is, since Enum's own hash takes longer."""

    __hash__ = str.__hash__


class Group(Word):
    """The sections of a chart, named as the prefetch keys that ask for them."""

    PATIENT = "patient"
    CONDITIONS = "conditions"
    OBSERVATIONS = "observations"
    ENCOUNTERS = "encounters"
    MEDICATION_REQUESTS = "medicationRequests"
    PROCEDURES = "procedures"
    MEDICATION_STATEMENTS = "medicationStatements"
    SERVICE_REQUESTS = "serviceRequests"
    DEVICES = "devices"
    ALLERGIES = "allergies"
    DIAGNOSTIC_REPORTS = "diagnosticReports"
    FAMILY_HISTORY = "familyHistory"
    QUESTIONNAIRE_RESPONSES = "questionnaireResponses"
    ORDER = "order"


class Assertion(Word):
    """What an entry says of its concept."""

    PRESENT = "present"
    POSSIBLE = "possible"
    UNLIKELY = "unlikely"  # thought of, and held to be improbable
    ABSENT = "absent"
    HISTORICAL = "historical"
    FAMILY = "family"
    HYPOTHETICAL = "hypothetical"  # advice for a day that may come, a risk, a fear
    PLANNED = "planned"  # care that is ordered, and has not begun
    REFUSED = "refused"  # care that the patient does not want
    UNCLEAR = "unclear"  # it says something that cannot be told from here
    SILENT = "silent"  # it names the matter and gives no value: not a "no"


class Side(Word):
    """Which side of the body an entry speaks of."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"
    UNSTATED = "unstated"


class Limit(Word):
    """Why a section cannot be taken as complete."""

    NOT_SENT = "not-sent"
    SERVER_ERROR = "server-error"
    SERVER_REFUSED = "server-refused"
    SERVER_TIMEOUT = "server-timeout"
    SERVER_UNREACHABLE = "server-unreachable"
    SEARCH_WIDENED = "search-widened"
    WRONG_TYPE = "wrong-type"
    UNREADABLE_ENTRY = "unreadable-entry"
    OTHER_PATIENT = "other-patient"
    NO_PATIENT = "no-patient"
    MORE_PAGES = "more-pages"
    VERY_LONG = "very-long"
    UNKNOWN_KEY = "unknown-key"


# With one of these nothing of a section was had at all.
NOT_HAD = frozenset(
    {
        Limit.NOT_SENT,
        Limit.SERVER_ERROR,
        Limit.SERVER_REFUSED,
        Limit.SERVER_TIMEOUT,
        Limit.SERVER_UNREACHABLE,
    }
)


class Measure(Struct, frozen=True, kw_only=True):
    """A measured number with its unit as sent, and whether the laboratory called it high."""

    value: float
    unit: str | None
    high: bool = False
    very_high: bool = False


class Entry(Struct, frozen=True, kw_only=True):
    """One dated statement in the record, with the reference that lets a reader check it."""

    reference: str  # "Condition/123", relative to the EHR's FHIR server
    group: Group
    concepts: frozenset[str]
    label: str  # the record's own words: untrusted, to be escaped before anyone sees it
    code: str | None
    assertion: Assertion
    onset: Days | None = None  # when it began
    asserted: Days | None = None  # when somebody wrote it down, or did it
    ended: Days | None = None
    side: Side = Side.UNSTATED
    measure: Measure | None = None
    value: str | None = None  # what was answered, where it is neither a number nor yes or no
    supply: Days | None = None  # from the first to the last day that a drug was supplied for
    daily_dose: float | None = None  # of that drug, where the record tells, in its group's standard
    delivered: bool = False  # care that took place, against care that was only planned
    elsewhere: bool = False  # care whose own reason is not the back
    relapse: bool = False
    worse: bool = False  # it is said to be new, sudden or worse
    narrative: bool = False  # read from words, not from a code or a measured value
    misdated: bool = False  # it bears a date of the future, or none that exists: taken as undated

    @property
    def dated(self) -> Days | None:
        """When it began; if nobody wrote that down, when it was asserted."""
        return self.onset or self.asserted

    @property
    def written(self) -> Days | None:
        """When it was asserted; if nobody wrote that down, when it began."""
        return self.asserted or self.onset


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """One list of the record: whether it was read completely, and if not, why."""

    group: Group
    limits: tuple[Limit, ...] = ()
    asserted_empty: bool = False  # the EHR sent null: "there is none", which the card says

    @property
    def complete(self) -> bool:
        """Whether silence in this section means "no"."""
        return not self.limits


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """The record of one patient as of one day."""

    as_of: date
    birth: Days | None
    sections: Mapping[Group, Section]
    entries: tuple[Entry, ...]
    by_concept: Mapping[str, tuple[Entry, ...]]
    incomplete: frozenset[Group]  # the sections whose silence says nothing
    failed: tuple[str, ...] = ()  # types of resources that a fault of ours keeps from being read

    def about(self, concepts: frozenset[str] | tuple[str, ...]) -> Iterator[Entry]:
        """Give the entries about any of some concepts, each once, in the order of the concepts."""
        if self.by_concept.keys().isdisjoint(concepts):
            return
        seen: set[int] = set()
        for concept in concepts:
            for entry in self.by_concept.get(concept, ()):
                if id(entry) not in seen:
                    seen.add(id(entry))
                    yield entry

    def complete(self, groups: tuple[Group, ...]) -> bool:
        """Whether all of some sections were read completely."""
        return self.incomplete.isdisjoint(groups)
