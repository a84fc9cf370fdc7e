"""Symptom duration: when this episode of back pain began, as an interval of possible days."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.clinical.chart import Assertion, Chart, Entry, Group
from service.clinical.dates import Days, days_before, days_between
from service.clinical.findings.finding import Finding, unknown, yes_or_no
from service.clinical.guideline import Criterion

# An episode ends with half a year without any contact for it. Source: cms166.
EPISODE_GAP_DAYS = 180
SIX_WEEKS_DAYS = 42
CHRONIC_DAYS = 84
_CURRENT = frozenset({Assertion.PRESENT, Assertion.POSSIBLE})


class Length(StrEnum):
    """How long the symptoms have lasted, as far as the record tells."""

    UNDER_SIX_WEEKS = "under-six-weeks"
    RECORDED_UNDER_SIX_WEEKS = "recorded-under-six-weeks"
    SIX_WEEKS_OR_MORE = "six-weeks-or-more"
    STRADDLES = "straddles"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Duration:
    """The interval of possible onset days of the current episode, its source and its length."""

    length: Length
    onset: Days | None = None
    first_contact: date | None = None
    evidence: tuple[Entry, ...] = ()
    chronic: bool | None = None

    def days(self, as_of: date) -> int | None:
        """Count the days that certainly passed since the onset, or since the first contact."""
        begun = self.onset.last if self.onset else self.first_contact
        return days_between(begun, as_of) if begun else None


def symptom_duration(chart: Chart, symptoms: tuple[str, ...]) -> Duration:
    """Find how long the present episode has lasted.

    An onset that somebody wrote down comes first; without one, the first contact of the episode
    is a minimum. Day 42 counts as six weeks. Sources: acr-lbp-2021, cms166.
    """
    spinal = [e for e in chart.about(symptoms) if e.assertion in _CURRENT]
    contacts = sorted(e.written.last for e in spinal if e.written and e.group is not Group.ORDER)
    onsets = [e for e in spinal if e.onset is not None and e.group is Group.CONDITIONS]
    if onsets:
        return _from_onsets(onsets, contacts, chart)
    return _from_contacts(spinal, contacts, chart)


def _from_onsets(onsets: list[Entry], contacts: list[date], chart: Chart) -> Duration:
    """Take the earliest onset of the episode, or the latest where the problem came back."""
    recent = days_before(chart.as_of, EPISODE_GAP_DAYS)
    ordered = sorted(onsets, key=lambda e: e.onset.last if e.onset else date.min)
    newest = ordered[-1]
    episode = [newest] if newest.relapse else [e for e in ordered if _live(e, contacts, recent)]
    if not episode or episode[0].onset is None:
        return Duration(length=Length.UNKNOWN)
    onset = episode[0].onset
    first_care = [day for day in contacts if onset.first <= day < onset.last]
    if first_care:  # symptoms began on or before the first contact for them
        onset = Days(first=onset.first, last=first_care[0])
    low, high = days_between(onset.last, chart.as_of), days_between(onset.first, chart.as_of)
    chronic = True if low >= CHRONIC_DAYS else False if high < CHRONIC_DAYS else None
    return Duration(
        length=_length(low, high), onset=onset, evidence=tuple(episode[:1]), chronic=chronic
    )


def _live(entry: Entry, contacts: list[date], recent: date) -> bool:
    """Whether an onset belongs to the present: recent, or seen within half a year."""
    onset = entry.onset
    return onset is not None and (onset.last >= recent or any(day >= recent for day in contacts))


def _length(low: int, high: int) -> Length:
    if high < SIX_WEEKS_DAYS:
        return Length.UNDER_SIX_WEEKS
    return Length.SIX_WEEKS_OR_MORE if low >= SIX_WEEKS_DAYS else Length.STRADDLES


def _from_contacts(spinal: list[Entry], contacts: list[date], chart: Chart) -> Duration:
    """Without an onset, the first contact bounds the duration from below."""
    if not contacts or contacts[-1] < days_before(chart.as_of, EPISODE_GAP_DAYS):
        return Duration(length=Length.UNKNOWN)
    first = contacts[-1]
    for day in reversed(contacts):
        if days_between(day, first) > EPISODE_GAP_DAYS:
            break
        first = day
    proof = tuple(e for e in spinal if e.written and e.written.last == first)
    passed = days_between(first, chart.as_of)
    length = Length.SIX_WEEKS_OR_MORE if passed >= SIX_WEEKS_DAYS else _recorded(spinal)
    return Duration(
        length=length,
        first_contact=first,
        evidence=proof,
        chronic=True if passed >= CHRONIC_DAYS else None,
    )


def _recorded(spinal: list[Entry]) -> Length:
    undated = any(e.written is None for e in spinal if e.group is Group.CONDITIONS)
    return Length.UNKNOWN if undated else Length.RECORDED_UNDER_SIX_WEEKS


def duration_criterion(criterion: Criterion, chart: Chart, duration: Duration) -> Finding:
    """Say whether the duration is of one of the criterion's classes."""
    if criterion.minimum_days == CHRONIC_DAYS:
        if duration.chronic is None:
            return unknown(criterion)
        return yes_or_no(criterion, met=duration.chronic, evidence=duration.evidence)
    if duration.length is Length.UNKNOWN:
        return unknown(criterion)
    met = duration.length.value in criterion.classes
    return Finding(
        criterion=criterion.id,
        status=yes_or_no(criterion, met=met).status,
        evidence=duration.evidence if met else (),
        number=duration.days(chart.as_of),
    )
