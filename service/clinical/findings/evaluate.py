"""Every criterion of the guideline, asked of one chart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from service.clinical.chart import Chart
from service.clinical.findings.care import Care, care_criterion, conservative_care, pain_trend
from service.clinical.findings.coded import both_sides, coded_entry
from service.clinical.findings.duration import Duration, duration_criterion, symptom_duration
from service.clinical.findings.exposure import age, drug_exposure, weight_loss
from service.clinical.findings.finding import Finding, unknown, yes_or_no
from service.clinical.findings.measured import measured_value
from service.clinical.guideline import Criterion, Guideline, Kind, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """The answers to all criteria, with the two clocks: of the symptoms and of the care."""

    by_criterion: Mapping[str, Finding]
    duration: Duration
    care: Care
    failed: tuple[str, ...] = ()  # criteria that could not be asked: an alarm for us

    def status(self, criterion: str) -> Status:
        """Give the answer to one criterion."""
        return self.by_criterion[criterion].status


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What a kind of question may look at: the chart, the clocks, the answers so far."""

    chart: Chart
    guideline: Guideline
    duration: Duration
    care: Care
    found: Mapping[str, Finding]


_KINDS: Mapping[Kind, Callable[[Criterion, _Asked], Finding]] = {
    Kind.CODED_ENTRY: lambda c, a: coded_entry(c, a.chart),
    Kind.MEASURED_VALUE: lambda c, a: measured_value(c, a.chart, a.guideline),
    Kind.BOTH_SIDES: lambda c, a: both_sides(c, a.chart),
    Kind.AGE: lambda c, a: age(c, a.chart),
    Kind.SYMPTOM_DURATION: lambda c, a: duration_criterion(c, a.chart, a.duration),
    Kind.CONSERVATIVE_CARE: lambda c, a: care_criterion(c, a.chart, a.care),
    Kind.PAIN_TREND: lambda c, a: pain_trend(c, a.chart, a.duration, a.guideline),
    Kind.DRUG_EXPOSURE: lambda c, a: drug_exposure(c, a.chart),
    Kind.WEIGHT_LOSS: lambda c, a: weight_loss(c, a.chart, a.guideline),
    Kind.RECORD_COMPLETE: lambda c, a: yes_or_no(c, met=a.chart.complete(a.guideline.needed)),
    Kind.ONE_OF: lambda c, a: _combined(c, a.found, enough=1),
    Kind.TWO_OF: lambda c, a: _combined(c, a.found, enough=2),
}


def evaluate(chart: Chart, guideline: Guideline) -> Findings:
    """Ask every criterion of the chart; one that cannot be answered is unknown, never fatal."""
    duration = symptom_duration(chart, guideline.episode)
    care = conservative_care(chart, duration, guideline.care)
    found: dict[str, Finding] = {}
    failed: list[str] = []
    asked = _Asked(chart=chart, guideline=guideline, duration=duration, care=care, found=found)
    for criterion in guideline.criteria.values():
        try:
            found[criterion.id] = _KINDS[criterion.kind](criterion, asked)
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
            # One criterion that fails is unknown; the others still run, and the card says so.
            found[criterion.id] = unknown(criterion)
            failed.append(criterion.id)
    return Findings(by_criterion=found, duration=duration, care=care, failed=tuple(failed))


def _combined(criterion: Criterion, found: Mapping[str, Finding], *, enough: int) -> Finding:
    """Join criteria: met when enough are met, not met when enough cannot be any more."""
    parts = [found[part] for part in criterion.of]
    met = [part for part in parts if part.status is Status.MET]
    open_ = [part for part in parts if part.status is Status.UNKNOWN]
    if len(met) >= enough:
        status, behind = Status.MET, met
    elif len(met) + len(open_) >= enough:
        status, behind = Status.UNKNOWN, open_
    else:
        status, behind = Status.NOT_MET, []
    evidence = {id(e): e for part in behind for e in part.evidence}
    return Finding(
        criterion=criterion.id,
        status=status,
        evidence=tuple(evidence.values()),
        documented=status is Status.MET or all(part.documented for part in parts),
        parts=tuple(part.criterion for part in met),
    )
