"""Conservative care: what was tried, for how long, and whether the pain gave way to it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.clinical.chart import Assertion, Chart, Entry
from service.clinical.dates import days_before, days_between
from service.clinical.findings.duration import Duration
from service.clinical.findings.finding import Finding, from_evidence, unknown, yes_or_no
from service.clinical.guideline import Criterion

LOOK_BACK_DAYS = 365
LEAD_DAYS = 14
FRESH_DAYS = 60
VISITS_NEEDED = 2
THERAPY = ("physical-therapy",)
REFERRAL = "physical-therapy-referral"
INJECTION = "recent-spinal-injection"
MEDICINE = ("analgesic-nsaid-acetaminophen", "adjunct-back-pain-medication")
_PAIN_SCORE = ("obs-pain-score",)


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


def conservative_care(chart: Chart, duration: Duration, needed_days: int) -> Care:
    """Sum up the conservative care of the present episode.

    Delivered therapy (two visits, or one injection) over `needed_days` since the first evidence of
    care is adequate; drugs alone, one visit or a shorter course are some. Source: acr-lbp-2021.
    """
    therapy = [e for e in _in_episode(chart, THERAPY, duration) if _delivered(e)]
    injections = [e for e in _in_episode(chart, (INJECTION,), duration) if e.delivered]
    medicine = _in_episode(chart, MEDICINE, duration)
    everything = [*therapy, *injections, *medicine]
    if not everything:
        return Care(extent=Extent.NONE)
    first = min(_day(e) for e in everything)
    last = max(_last_day(e, chart.as_of) for e in everything)
    days = days_between(first, chart.as_of)
    delivered = len({_day(e) for e in therapy}) >= VISITS_NEEDED or bool(injections)
    fresh = last >= days_before(chart.as_of, FRESH_DAYS)
    adequate = delivered and fresh and days >= needed_days
    return Care(
        extent=Extent.ADEQUATE if adequate else Extent.SOME,
        days=days,
        evidence=tuple(sorted(everything, key=_day)),
    )


def _in_episode(chart: Chart, concepts: tuple[str, ...], duration: Duration) -> list[Entry]:
    """Keep the care from two weeks before the earliest onset on, and of the last year only."""
    earliest = days_before(chart.as_of, LOOK_BACK_DAYS)
    begun = duration.onset.first if duration.onset else duration.first_contact
    if begun is not None:
        earliest = max(earliest, days_before(begun, LEAD_DAYS))
    return [
        e
        for e in chart.about(concepts)
        if e.assertion is Assertion.PRESENT and e.asserted and e.asserted.last >= earliest
    ]


def _delivered(entry: Entry) -> bool:
    return entry.delivered and REFERRAL not in entry.concepts


def _day(entry: Entry) -> date:
    return entry.asserted.last if entry.asserted else date.max


def _last_day(entry: Entry, as_of: date) -> date:
    """Give the last day an entry shows care on; a drug counts as taken to the end of its supply."""
    return min(entry.supply.last, as_of) if entry.supply else _day(entry)


def care_criterion(criterion: Criterion, chart: Chart, care: Care) -> Finding:
    """Say whether the care reaches the criterion's extent."""
    reached = {e.value for e in Extent if care.extent is e}
    met = bool(reached & criterion.classes)
    if not met and care.extent is not Extent.ADEQUATE and not chart.complete(criterion.groups):
        return unknown(criterion)
    return Finding(
        criterion=criterion.id,
        status=yes_or_no(criterion, met=met).status,
        evidence=care.evidence if met else (),
        number=care.days if met else None,
    )


def pain_trend(criterion: Criterion, chart: Chart, duration: Duration) -> Finding:
    """Say whether the pain is clearly improving: a score down by a third, and low now.

    Compares the first score of the episode with the latest of the last fourteen days.
    """
    scores = [e for e in chart.about(_PAIN_SCORE) if e.measure and e.asserted]
    begun = duration.onset.first if duration.onset else duration.first_contact
    mine = sorted((e for e in scores if begun is None or _day(e) >= begun), key=_day)
    latest = mine[-1] if mine else None
    if latest is None or _day(latest) < days_before(chart.as_of, criterion.within_days or 0):
        return unknown(criterion)
    first_value, last_value = _value(mine[0]), _value(latest)
    fall = first_value - last_value
    improving = fall >= max(criterion.at_least or 0, first_value * 0.3) and last_value <= (
        criterion.below or 0
    )
    return (
        from_evidence(criterion, chart, (mine[0], latest))
        if improving
        else yes_or_no(criterion, met=False)
    )


def _value(entry: Entry) -> float:
    return entry.measure.value if entry.measure else 0.0
