"""Every criterion of the guideline, asked of one chart and of the order."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.clinical.chart import Chart
from service.clinical.findings.care import (
    Care,
    Extent,
    care_criterion,
    conservative_care,
    pain_trend,
)
from service.clinical.findings.coded import coded_entry, new_entry, withdrawn_entry
from service.clinical.findings.duration import (
    Duration,
    duration_criterion,
    onset_after,
    symptom_durations,
)
from service.clinical.findings.exposure import age, drug_exposure, weight_loss
from service.clinical.findings.finding import Finding, no, unknown, yes_or_no
from service.clinical.findings.imaging import order_study, recent_imaging
from service.clinical.findings.measured import measured_value
from service.clinical.findings.sides import both_sides
from service.clinical.findings.silence import silence
from service.clinical.findings.strength import muscle_strength
from service.clinical.guideline import Criterion, Guideline, Kind, Status
from service.clinical.order import Order
from service.errors import UNFORESEEN


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """The answers to all criteria, with the two clocks: of the symptoms and of the care."""

    by_criterion: Mapping[str, Finding]
    duration: Duration
    care: Care
    disputed: tuple[Duration, ...] = ()  # what other sources say of the duration
    failed: tuple[str, ...] = ()  # criteria that could not be asked: an alarm for us

    def status(self, criterion: str) -> Status:
        """Give the answer to one criterion."""
        return self.by_criterion[criterion].status


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What a kind of question may look at: the chart, the order, the clocks, the answers so far."""

    chart: Chart
    order: Order
    guideline: Guideline
    duration: Duration
    care: Care
    found: Mapping[str, Finding]


_KINDS: Mapping[Kind, Callable[[Criterion, _Asked], Finding]] = {
    Kind.CODED_ENTRY: lambda c, a: coded_entry(c, a.chart),
    Kind.NEW_ENTRY: lambda c, a: new_entry(c, a.chart),
    Kind.WITHDRAWN_ENTRY: lambda c, a: withdrawn_entry(c, a.chart),
    Kind.MEASURED_VALUE: lambda c, a: measured_value(c, a.chart, a.guideline),
    Kind.MUSCLE_STRENGTH: lambda c, a: muscle_strength(c, a.chart, a.guideline),
    Kind.BOTH_SIDES: lambda c, a: both_sides(c, a.chart),
    Kind.AGE: lambda c, a: age(c, a.chart),
    Kind.SYMPTOM_DURATION: lambda c, a: duration_criterion(c, a.chart, a.duration),
    Kind.ONSET_AFTER: lambda c, a: onset_after(c, a.chart, a.duration),
    Kind.CONSERVATIVE_CARE: lambda c, a: care_criterion(c, a.chart, a.care),
    Kind.PAIN_TREND: lambda c, a: pain_trend(c, a.chart, a.duration, a.guideline),
    Kind.DRUG_EXPOSURE: lambda c, a: drug_exposure(c, a.chart),
    Kind.WEIGHT_LOSS: lambda c, a: weight_loss(c, a.chart, a.guideline),
    Kind.RECENT_IMAGING: lambda c, a: recent_imaging(c, a.chart, a.duration),
    Kind.ORDER_STUDY: lambda c, a: order_study(c, a.order),
    Kind.RECORD_COMPLETE: lambda c, a: yes_or_no(
        c, met=a.chart.complete(a.guideline.needed) and not a.chart.failed
    ),
    Kind.ONE_OF: lambda c, a: _combined(c, a.found, enough=1),
    Kind.TWO_OF: lambda c, a: _combined(c, a.found, enough=2),
    Kind.ALL_OF: lambda c, a: _combined(c, a.found, enough=len(c.of)),
    Kind.UNLESS: lambda c, a: _unless(c, a.found),
}


def evaluate(chart: Chart, order: Order, guideline: Guideline) -> Findings:
    """Ask every criterion of the chart; one that cannot be answered is unknown, never fatal."""
    durations = symptom_durations(chart, guideline)
    cares = [conservative_care(chart, duration, guideline.care) for duration in durations]
    chosen = _chosen(durations, cares, guideline.care.needed_days)
    silent = silence(guideline, chart.incomplete)
    found, to_ask = dict(silent.answers), silent.asked_of(chart)
    failed: list[str] = []
    asked = _Asked(
        chart=chart,
        order=order,
        guideline=guideline,
        duration=durations[chosen],
        care=cares[chosen],
        found=found,
    )
    for criterion in guideline.criteria.values():
        if criterion.id not in to_ask or criterion.kind is Kind.RULE_MATCHED:
            continue  # those are asked of the verdict, once there is one
        try:
            found[criterion.id] = _KINDS[criterion.kind](criterion, asked)
        except UNFORESEEN:
            # One criterion that fails is unknown; the others still run, and the card says so.
            found[criterion.id] = unknown(criterion)
            failed.append(criterion.id)
    return Findings(
        by_criterion=found,
        duration=durations[chosen],
        care=cares[chosen],
        disputed=_disputed(durations, chosen),
        failed=tuple(failed),
    )


def _chosen(durations: list[Duration], cares: list[Care], needed_days: int) -> int:
    """Pick among sources that disagree the one that does not discourage; else the best source."""
    if durations[0].flare:
        return 0
    for number, duration in enumerate(durations):
        long = duration.at_least is not None and duration.at_least >= needed_days
        disjoint = _apart(durations[0], duration)
        if disjoint and long and cares[number].extent is Extent.ADEQUATE:
            return number
    return 0


def _disputed(durations: list[Duration], chosen: int) -> tuple[Duration, ...]:
    """Give what other sources say, where their days do not overlap with the chosen ones."""
    return tuple(d for d in durations if _apart(durations[chosen], d))


def _apart(one: Duration, other: Duration) -> bool:
    if one.onset is None or other.onset is None:
        return False
    return one.onset.last < other.onset.first or other.onset.last < one.onset.first


def _combined(criterion: Criterion, found: Mapping[str, Finding], *, enough: int) -> Finding:
    """Join criteria: met when enough are met, not met when enough cannot be any more."""
    parts = [found[part] for part in criterion.of]
    statuses = [part.status for part in parts]
    sure, open_ = statuses.count(Status.MET), statuses.count(Status.UNKNOWN)
    if sure >= enough:
        status = Status.MET
    elif sure + open_ >= enough:
        status = Status.UNKNOWN
    else:
        status = Status.NOT_MET
    behind = [part for part in parts if part.status is status and status is not Status.NOT_MET]
    evidence = {id(e): e for part in behind for e in part.evidence}
    denied = {id(e): e for part in parts for e in part.denied}
    return Finding(
        criterion=criterion.id,
        status=status,
        evidence=tuple(evidence.values()),
        denied=tuple(denied.values()),
        documented=status is Status.MET or all(part.documented for part in parts),
        parts=tuple(part.criterion for part in parts if part.status is Status.MET),
    )


def _unless(criterion: Criterion, found: Mapping[str, Finding]) -> Finding:
    """Answer as the first criteria do, unless one of the others is certainly met."""
    answer = _combined(criterion, found, enough=1)
    if answer.status is Status.NOT_MET:
        return answer
    if any(found[other].status is Status.MET for other in criterion.but_not):
        return no(criterion)
    return answer
