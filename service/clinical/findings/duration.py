"""Symptom duration: when this episode of back pain began, as an interval of possible days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from msgspec.structs import replace

from service.clinical.chart import Assertion, Chart, Entry, Group
from service.clinical.dates import Days, days_before, days_between
from service.clinical.findings.finding import Finding, from_evidence, no, unknown, yes_or_no
from service.clinical.findings.measured import in_unit
from service.clinical.guideline import Criterion, Guideline

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
    flare: bool = False  # a flare of an older problem: earlier care counts

    @property
    def begun(self) -> date | None:
        """The first day on which the episode may have begun, as far as the record tells."""
        return self.onset.first if self.onset else self.first_contact


def symptom_durations(chart: Chart, guideline: Guideline) -> list[Duration]:
    """Find how long the present episode has lasted, by each source that says so, the best first.

    What the order itself says comes first, then a duration that was asked for, then the onset of
    a diagnosis; without any, the first contact of the episode is a minimum. Several disagree where
    their days do not overlap. Sources: acr-lbp-2021, cms166.
    """
    rule = guideline.episode
    spinal = [e for e in chart.about(rule.symptoms) if e.assertion in _CURRENT]
    contacts = _contacts(chart, guideline, spinal)
    ordered_for = [chart.as_of for e in spinal if e.group is Group.ORDER]
    recent = days_before(chart.as_of, rule.gap_days)
    found = [
        *_of_order(chart, guideline, spinal, contacts),
        *_asked_for(chart, guideline, contacts),
        *_of_diagnoses(spinal, contacts, ordered_for, recent, chart),
    ]
    if found:
        return found
    onsets = [e for e in spinal if e.onset is not None and e.group is Group.CONDITIONS]
    if onsets:
        return [Duration(evidence=tuple(onsets))]
    if not contacts or contacts[-1] < recent:
        return [Duration(evidence=tuple(spinal))]
    return [_from_contacts(spinal, contacts, guideline, chart)]


def _contacts(chart: Chart, guideline: Guideline, spinal: list[Entry]) -> list[date]:
    """List the days on which anybody saw the patient for it, care of the back included."""
    care = guideline.care
    treated = [
        e
        for e in chart.about((*care.therapy, *care.injections))
        if e.delivered and not e.elsewhere and e.assertion is Assertion.PRESENT
    ]
    days = {e.written.last for e in (*spinal, *treated) if e.written and e.group is not Group.ORDER}
    return sorted(days)


def _interval(
    onset: Days, entry: Entry, contacts: list[date], chart: Chart, *, flare: bool = False
) -> Duration:
    """Make the duration of one onset; a contact within its days shows that it began by then."""
    seen = next((day for day in contacts if day >= onset.first), onset.last)
    onset = Days(first=onset.first, last=min(seen, onset.last))
    return Duration(
        at_least=days_between(onset.last, chart.as_of),
        at_most=days_between(onset.first, chart.as_of),
        onset=onset,
        evidence=(entry,),
        flare=flare,
    )


def _of_order(
    chart: Chart, guideline: Guideline, spinal: list[Entry], contacts: list[date]
) -> Iterator[Duration]:
    """Give the onset that the order's own reason or note says; a flare begins a new episode."""
    stated = [e for e in chart.about((guideline.duration.flare,)) if e.assertion in _CURRENT]
    flares = [e for e in stated if e.group is Group.ORDER]
    flare = bool(flares)
    ordered = [*flares, *(e for e in spinal if e.group is Group.ORDER)]
    said = [e for e in ordered if e.onset is not None]
    if said and said[0].onset:
        yield _interval(said[0].onset, said[0], [] if flare else contacts, chart, flare=flare)


def _asked_for(chart: Chart, guideline: Guideline, contacts: list[date]) -> Iterator[Duration]:
    """Give the latest duration, or date of onset, that was asked for lately.

    Of several answers of one day the longest and the shortest: they may not agree.
    """
    rule = guideline.duration
    since = days_before(chart.as_of, rule.within_days)
    asked = [
        (e.written.last, e.onset, e)
        for e in chart.about((rule.onset_concept,))
        if e.written and e.onset
    ]
    quantity = guideline.quantities[rule.quantity]
    for entry in chart.about(quantity.value_sets):
        days = in_unit(entry.measure, quantity)
        if days is not None and entry.written:
            day = entry.written.last
            began = days_before(day, round(days))
            onset = Days(first=began, last=began)
            asked.append((day, onset, replace(entry, onset=onset)))
    last = max((day for day, _, _ in asked if day >= since), default=None)
    of_that_day = {onset: entry for day, onset, entry in asked if day == last}
    onsets = sorted(of_that_day, key=lambda days: (days.first, days.last))
    for onset in dict.fromkeys((*onsets[:1], *onsets[-1:])):
        yield _interval(onset, of_that_day[onset], contacts, chart)


def _of_diagnoses(
    spinal: list[Entry],
    contacts: list[date],
    ordered_for: list[date],
    recent: date,
    chart: Chart,
) -> Iterator[Duration]:
    """Take the earliest onset of the episode, or the latest where the problem came back."""
    onsets = [(e.onset, e) for e in spinal if e.onset and e.group is Group.CONDITIONS]
    latest = max((onset.last for onset, _ in onsets), default=None)
    seen = [*contacts, *ordered_for]
    returned = [(o, e) for o, e in onsets if e.relapse and o.last == latest]
    episode = returned or [(o, e) for o, e in onsets if _live(o, seen, recent)]
    if episode:
        onset, entry = min(episode, key=lambda one: (one[0].last, one[0].first))
        yield _interval(onset, entry, contacts, chart)


def _live(onset: Days, contacts: list[date], recent: date) -> bool:
    """Whether an onset belongs to the present: recent, or seen since within half a year."""
    return onset.last >= recent or any(day >= recent for day in contacts)


def _from_contacts(
    spinal: list[Entry], contacts: list[date], guideline: Guideline, chart: Chart
) -> Duration:
    """Without an onset, the first contact of the episode bounds the duration from below."""
    first = contacts[-1]
    for day in reversed(contacts):
        if days_between(day, first) > guideline.episode.gap_days:
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
    begun, limit = duration.first_contact, criterion.below_days
    if begun is None or limit is None or days_between(begun, chart.as_of) >= limit:
        return no(criterion)
    older = any(
        e.written is None or e.written.first < begun
        for e in chart.about(criterion.value_sets)
        if e.group is Group.CONDITIONS and e.assertion in _CURRENT
    )
    if older:
        return unknown(criterion)
    return yes_or_no(criterion, met=True, evidence=duration.evidence)


def onset_after(criterion: Criterion, chart: Chart, duration: Duration) -> Finding:
    """Say whether the symptoms began after the latest of some entries: a procedure, an injury."""
    begun = duration.begun
    dated = [(e.written, e) for e in chart.about(criterion.value_sets) if e.written and e.delivered]
    if not dated or begun is None:
        return from_evidence(criterion, chart, ())
    # Of two that may be of the same day the one that may be older: the pain may have come after it.
    latest = max(written.last for written, _ in dated)
    at_last = (one for one in dated if one[0].last == latest)
    written, last = min(at_last, key=lambda one: one[0].first)
    met = begun >= written.first
    return from_evidence(criterion, chart, (last, *duration.evidence) if met else ())
