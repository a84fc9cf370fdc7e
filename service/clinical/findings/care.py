"""Conservative care: what was tried, for how long, and whether the pain gave way to it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.clinical.chart import Assertion, Chart, Entry
from service.clinical.dates import days_before, days_between
from service.clinical.findings.duration import Duration
from service.clinical.findings.finding import Finding, from_evidence, unknown, yes_or_no
from service.clinical.findings.measured import in_unit, reaches
from service.clinical.guideline import CareRule, Criterion, Guideline


class Extent(StrEnum):
    """How much conservative care the record shows."""

    ADEQUATE = "adequate"
    SOME = "some"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Care:
    """The conservative care of this episode: its extent, its days, and its evidence."""

    extent: Extent
    days: int = 0
    evidence: tuple[Entry, ...] = ()


def conservative_care(chart: Chart, duration: Duration, rule: CareRule) -> Care:
    """Sum up the conservative care of the present episode.

    Delivered therapy (visits on several days, or one injection) that began long enough ago and has
    not lapsed is adequate; drugs alone, one visit or a shorter course are some. Days count from
    the first evidence of care. Source: acr-lbp-2021.
    """
    therapy = [
        e
        for e in _in_episode(chart, rule.therapy, duration, rule)
        if e.delivered and rule.referral not in e.concepts
    ]
    injections = [e for e in _in_episode(chart, rule.injections, duration, rule) if e.delivered]
    medicine = _in_episode(chart, rule.medicine, duration, rule)
    everything = sorted([*therapy, *injections, *medicine], key=_day)
    if not everything:
        return Care(extent=Extent.NONE)
    days = days_between(_day(everything[0]), chart.as_of)
    delivered = len({_day(e) for e in therapy}) >= rule.visits or bool(injections)
    latest = max(_last_day(e, chart.as_of) for e in everything)
    fresh = latest >= days_before(chart.as_of, rule.fresh_days)
    adequate = delivered and fresh and days >= rule.needed_days
    return Care(
        extent=Extent.ADEQUATE if adequate else Extent.SOME,
        days=days,
        evidence=tuple(everything),
    )


def _in_episode(
    chart: Chart, concepts: tuple[str, ...], duration: Duration, rule: CareRule
) -> list[Entry]:
    """Keep the care of this episode, from a little before its earliest onset on."""
    earliest = days_before(chart.as_of, rule.look_back_days)
    if duration.begun is not None:
        earliest = max(earliest, days_before(duration.begun, rule.lead_days))
    return [
        e
        for e in chart.about(concepts)
        if e.assertion is Assertion.PRESENT and e.asserted and e.asserted.last >= earliest
    ]


def _day(entry: Entry) -> date:
    return entry.asserted.last if entry.asserted else date.max


def _last_day(entry: Entry, as_of: date) -> date:
    """Give the last day an entry shows care on; a drug counts as taken to the end of its supply."""
    return min(entry.supply.last, as_of) if entry.supply else _day(entry)


def care_criterion(criterion: Criterion, chart: Chart, care: Care) -> Finding:
    """Say whether the care reaches the criterion's extent."""
    met = care.extent in criterion.extents
    if not met and care.extent is not Extent.ADEQUATE and not chart.complete(criterion.groups):
        return unknown(criterion)
    return yes_or_no(criterion, met=met, evidence=care.evidence if met else ())


def pain_trend(
    criterion: Criterion, chart: Chart, duration: Duration, guideline: Guideline
) -> Finding:
    """Say whether the pain is clearly improving: the score fell far enough, and is low now.

    Compares the first score of the episode with the latest, which must be fresh.
    """
    quantity = guideline.quantities[criterion.quantity or ""]
    scores = []
    for entry in chart.about(quantity.value_sets):
        value = in_unit(entry.measure, quantity)
        day = entry.asserted.last if entry.asserted else None
        if value is None or day is None or (duration.begun and day < duration.begun):
            continue
        scores.append((day, value, entry))
    scores.sort(key=lambda score: score[0])
    if not scores or scores[-1][0] < days_before(chart.as_of, criterion.within_days or 0):
        return unknown(criterion)
    (_, first, before), (_, last, now) = scores[0], scores[-1]
    enough = max(criterion.fall_at_least or 0, first * (criterion.fall_share or 0))
    if first - last >= enough and reaches(last, criterion):
        return from_evidence(criterion, chart, (before, now))
    return yes_or_no(criterion, met=False)
