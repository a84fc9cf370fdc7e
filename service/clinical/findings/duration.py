"""Symptom duration: when this episode of back pain began, as an interval of possible days."""

from dataclasses import dataclass
from datetime import date

from service.clinical.chart import Assertion, Chart, Entry, Group
from service.clinical.dates import Days, days_before, days_between
from service.clinical.findings.finding import Finding, unknown, yes_or_no
from service.clinical.guideline import Criterion, EpisodeRule

_CURRENT = frozenset({Assertion.PRESENT, Assertion.POSSIBLE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Duration:
    """For how many days the present episode has lasted, and what says so.

    With an `onset`, at least and at most so many days. With only a `first_contact`, at least so
    many: the symptoms began on that day or before it. With neither, nothing is known, and the
    evidence is what could not be dated.
    """

    at_least: int | None = None
    at_most: int | None = None
    onset: Days | None = None
    first_contact: date | None = None
    evidence: tuple[Entry, ...] = ()

    @property
    def begun(self) -> date | None:
        """The first day on which the episode may have begun, as far as the record tells."""
        return self.onset.first if self.onset else self.first_contact


def symptom_duration(chart: Chart, rule: EpisodeRule) -> Duration:
    """Find how long the present episode has lasted.

    An onset that somebody wrote down comes first; without one, the first contact of the episode
    is a minimum. The order's own reason shows that the pain is there today, not since when.
    Sources: acr-lbp-2021, cms166.
    """
    spinal = [e for e in chart.about(rule.symptoms) if e.assertion in _CURRENT]
    contacts = sorted(e.written.last for e in spinal if e.written and e.group is not Group.ORDER)
    onsets = [e for e in spinal if e.onset is not None and e.group is Group.CONDITIONS]
    recent = days_before(chart.as_of, rule.gap_days)
    if onsets:
        ordered_for = [chart.as_of for e in spinal if e.group is Group.ORDER]
        return _from_onsets(onsets, contacts + ordered_for, recent, chart)
    if not contacts or contacts[-1] < recent:
        return Duration(evidence=tuple(spinal))
    return _from_contacts(spinal, contacts, rule, chart)


def _from_onsets(onsets: list[Entry], contacts: list[date], recent: date, chart: Chart) -> Duration:
    """Take the earliest onset of the episode, or the latest where the problem came back."""
    ordered = sorted(onsets, key=lambda e: e.onset.last if e.onset else date.min)
    newest = ordered[-1]
    episode = [newest] if newest.relapse else [e for e in ordered if _live(e, contacts, recent)]
    if not episode or episode[0].onset is None:
        return Duration(evidence=tuple(ordered))
    onset = episode[0].onset
    first_care = next((day for day in contacts if onset.first <= day < onset.last), None)
    if first_care:  # symptoms began on or before the first contact for them
        onset = Days(first=onset.first, last=first_care)
    return Duration(
        at_least=days_between(onset.last, chart.as_of),
        at_most=days_between(onset.first, chart.as_of),
        onset=onset,
        evidence=tuple(episode[:1]),
    )


def _live(entry: Entry, contacts: list[date], recent: date) -> bool:
    """Whether an onset belongs to the present: recent, or seen since within half a year."""
    onset = entry.onset
    return onset is not None and (onset.last >= recent or any(day >= recent for day in contacts))


def _from_contacts(
    spinal: list[Entry], contacts: list[date], rule: EpisodeRule, chart: Chart
) -> Duration:
    """Without an onset, the first contact of the episode bounds the duration from below."""
    first = contacts[-1]
    for day in reversed(contacts):
        if days_between(day, first) > rule.gap_days:
            break
        first = day
    return Duration(
        at_least=days_between(first, chart.as_of),
        first_contact=first,
        evidence=tuple(e for e in spinal if e.written and e.written.last == first),
    )


def duration_criterion(criterion: Criterion, chart: Chart, duration: Duration) -> Finding:
    """Say whether the symptoms have certainly lasted as long, or as short, as asked."""
    if duration.at_least is None:
        return unknown(criterion, duration.evidence)
    if criterion.first_contact:
        return _first_contact(criterion, chart, duration)
    limit = criterion.at_least_days if criterion.at_least_days is not None else criterion.below_days
    if limit is None:
        return unknown(criterion)
    longer = duration.at_least >= limit
    shorter = duration.at_most is not None and duration.at_most < limit
    if not (longer or shorter):
        return unknown(criterion, duration.evidence)
    met = longer if criterion.at_least_days is not None else shorter
    return yes_or_no(criterion, met=met, evidence=duration.evidence if met else ())


def _first_contact(criterion: Criterion, chart: Chart, duration: Duration) -> Finding:
    """Say whether the problem was first recorded so recently, where no onset is documented.

    A problem on the list that is undated, or older than that contact, leaves this open.
    """
    if duration.onset is not None or duration.at_least is None or criterion.below_days is None:
        return yes_or_no(criterion, met=False)
    if duration.at_least >= criterion.below_days:
        return yes_or_no(criterion, met=False)
    begun = duration.first_contact
    older = any(
        e.written is None or begun is None or e.written.first < begun
        for e in chart.about(criterion.value_sets)
        if e.group is Group.CONDITIONS and e.assertion in _CURRENT
    )
    if older:
        return unknown(criterion)
    return yes_or_no(criterion, met=True, evidence=duration.evidence)
