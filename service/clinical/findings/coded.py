"""Entries: does the chart hold one of these value sets, of this age and assertion?"""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from service.clinical.chart import Assertion, Chart, Entry, Group, Side
from service.clinical.dates import Days, days_before
from service.clinical.findings.finding import Finding, from_evidence
from service.clinical.guideline import Criterion, DateOf

# ICD-10-CM injury codes end in the kind of encounter: A and B are the first for the injury.
_FIRST_ENCOUNTER = ("A", "B")
_INJURY_CODE_LENGTH = 7
UNSETTLED = frozenset({Assertion.UNCLEAR, Assertion.SILENT})
_EVER = frozenset({Assertion.PRESENT, Assertion.POSSIBLE, Assertion.HISTORICAL})


def coded_entry(criterion: Criterion, chart: Chart) -> Finding:
    """Say whether an entry of the criterion's value sets stands in the chart, in its window.

    An entry of that window which names the matter but does not settle it leaves the answer open.
    """
    entries = [e for e in about(criterion, chart) if _considered(e, criterion, chart)]
    return _found(criterion, chart, entries, proof=entries)


def new_entry(criterion: Criterion, chart: Chart) -> Finding:
    """Say whether something began lately: by its onset, else by its first record.

    An entry without an onset is new where it was written down lately, unless the same was recorded
    well before, or a chronic disorder explains it. Source: girft-ces-2023.
    """
    entries = list(about(criterion, chart))
    past = Past.of(criterion, chart)
    return _found(
        criterion, chart, entries, proof=[e for e in entries if is_new(e, criterion, chart, past)]
    )


def withdrawn_entry(criterion: Criterion, chart: Chart) -> Finding:
    """Say whether something was there in the window and was denied on a later day."""
    entries = [e for e in about(criterion, chart) if _considered(e, criterion, chart)]
    stated = [e for e in entries if e.assertion in criterion.assertions]
    denials = Denials.of(criterion, chart)
    return from_evidence(criterion, chart, [e for e in stated if denials.take_back(e)])


def about(criterion: Criterion, chart: Chart) -> Iterator[Entry]:
    """Give the entries of the criterion's value sets, from the sections it looks into."""
    for entry in chart.about(criterion.value_sets):
        if criterion.only_in:
            looked_for = entry.group in criterion.only_in
        else:
            # An allergy to a drug is no use of it: only who asks for allergies gets them.
            looked_for = entry.group is not Group.ALLERGIES
        if looked_for and not entry.concepts & criterion.not_concepts:
            yield entry


def _found(
    criterion: Criterion, chart: Chart, entries: list[Entry], *, proof: list[Entry]
) -> Finding:
    """Sort entries into those that prove, those that leave it open, and those that deny."""
    stated = [e for e in proof if e.assertion in criterion.assertions]
    lately = [e for e in stated if _noted_lately(e, criterion, chart)]
    denials = Denials.of(criterion, chart)
    return from_evidence(
        criterion,
        chart,
        [e for e in lately if not denials.take_back(e)],
        unsettled=[e for e in entries if e.assertion in UNSETTLED and _open(e, criterion, chart)],
        denied=[e for e in entries if e.assertion is Assertion.ABSENT],
    )


def _noted_lately(entry: Entry, criterion: Criterion, chart: Chart) -> bool:
    """Whether a suspicion in a note is young enough; an older one was looked into since."""
    suspicion = entry.narrative and entry.assertion is Assertion.POSSIBLE
    if not suspicion or criterion.note_within_days is None or entry.group is Group.ORDER:
        return True
    since = days_before(chart.as_of, criterion.note_within_days)
    return entry.written is None or entry.written.last >= since


@dataclass(frozen=True, kw_only=True, slots=True)
class Denials:
    """The last day on which each concept of a criterion was denied, in words and otherwise.

    Words never take back what was coded or measured in the last days, and a refuted diagnosis
    denies itself alone.
    """

    in_words: Mapping[str, date]
    otherwise: Mapping[str, date]
    held: date

    @classmethod
    def of(cls, criterion: Criterion, chart: Chart) -> "Denials":
        """Gather the denials that count for a criterion; none where it does not ask for them."""
        in_words: dict[str, date] = {}
        otherwise: dict[str, date] = {}
        holds = criterion.later_no_holds_days
        for no in chart.about(criterion.value_sets) if holds is not None else ():
            if no.assertion is not Assertion.ABSENT or no.group is Group.CONDITIONS:
                continue
            if no.written is None:
                continue
            days = in_words if no.narrative else otherwise
            for concept in no.concepts:
                days[concept] = max(days.get(concept, date.min), no.written.first)
        return cls(
            in_words=in_words, otherwise=otherwise, held=days_before(chart.as_of, holds or 0)
        )

    def take_back(self, entry: Entry) -> bool:
        """Whether a "no" of a later day, on the same matter, takes an entry back."""
        written = entry.written
        if written is None or not (self.in_words or self.otherwise):
            return False
        strong = not entry.narrative and written.last >= self.held
        by = [self.otherwise] if strong else [self.otherwise, self.in_words]
        return any(
            days.get(concept, date.min) > written.last for days in by for concept in entry.concepts
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What makes an undated matter an old one: earlier records of it, a chronic disorder."""

    recorded_before: frozenset[str] = frozenset()  # concepts
    chronic: bool = False

    @classmethod
    def of(
        cls, criterion: Criterion, chart: Chart, *, sides: Container[Side] = frozenset(Side)
    ) -> "Past":
        """Gather what was on record well before, of these sides, and what else may explain."""
        before: set[str] = set()
        if criterion.recorded_before_days is not None:
            limit = days_before(chart.as_of, criterion.recorded_before_days)
            for entry in chart.about(criterion.value_sets):
                ever = entry.assertion in _EVER and entry.side in sides
                if ever and entry.dated and entry.dated.last < limit:
                    before |= entry.concepts
        standing = (Assertion.PRESENT, Assertion.HISTORICAL)
        chronic = any(e.assertion in standing for e in chart.about(criterion.muted_by))
        return cls(recorded_before=frozenset(before), chronic=chronic)


def is_new(entry: Entry, criterion: Criterion, chart: Chart, past: Past) -> bool:
    """Whether an entry's matter began, or got worse, within the criterion's days."""
    lately = _since(entry.written, criterion.asserted_within_days, chart)
    if entry.worse and lately:
        return True
    if entry.onset is not None:
        return _since(entry.onset, criterion.within_days, chart)
    if not lately or criterion.needs_onset_or_worse:
        return False
    return not (past.chronic or entry.concepts & past.recorded_before)


def _since(days: Days | None, count: int | None, chart: Chart) -> bool:
    return days is not None and days.last >= days_before(chart.as_of, count or 0)


def _considered(entry: Entry, criterion: Criterion, chart: Chart) -> bool:
    """Whether one entry stands where and when the criterion looks."""
    if criterion.initial_encounter_only and not _first_encounter(entry):
        return False
    if criterion.first_encounter_code and not _coded_first_encounter(entry):
        return False
    when = _date(entry, criterion)
    if when is None and entry.assertion in UNSETTLED:
        return True
    return in_window(when, criterion, chart)


def _open(entry: Entry, criterion: Criterion, chart: Chart) -> bool:
    """Whether an unsettled entry is young enough to leave the answer open."""
    when = entry.written
    return when is None or in_window(when, criterion, chart)


def in_window(days: Days | None, criterion: Criterion, chart: Chart) -> bool:
    """Whether a date lies in the criterion's look-back; a partial date may, so it does."""
    if criterion.within_days is None:
        return True
    if days is None:
        return criterion.undated
    return days.last >= days_before(chart.as_of, criterion.within_days)


def _date(entry: Entry, criterion: Criterion) -> Days | None:
    """Pick the date the look-back counts from; what is over counts from its end."""
    if entry.ended is not None and criterion.within_days is not None:
        return entry.ended
    return entry.dated if criterion.date_of is DateOf.ONSET else entry.written


def _first_encounter(entry: Entry) -> bool:
    """Whether an injury is not one in follow-up; a code that does not tell may be fresh."""
    code = (entry.code or "").replace(".", "")
    if len(code) != _INJURY_CODE_LENGTH or code.isdigit():
        return True
    return code.upper().endswith(_FIRST_ENCOUNTER)


def _coded_first_encounter(entry: Entry) -> bool:
    """Whether the code itself says that this is the first encounter for the injury."""
    code = (entry.code or "").replace(".", "")
    whole = len(code) == _INJURY_CODE_LENGTH and not code.isdigit()
    return whole and code.upper().endswith(_FIRST_ENCOUNTER)
