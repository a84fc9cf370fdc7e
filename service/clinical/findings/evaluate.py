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

_SIMPLE: Mapping[Kind, Callable[[Criterion, Chart], Finding]] = {
    Kind.CODED_ENTRY: coded_entry,
    Kind.MEASURED_VALUE: measured_value,
    Kind.BOTH_SIDES: both_sides,
    Kind.AGE: age,
    Kind.DRUG_EXPOSURE: drug_exposure,
    Kind.WEIGHT_LOSS: weight_loss,
}
_NEEDED = {Kind.ONE_OF: 1, Kind.TWO_OF: 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """The answers to all criteria, with the two clocks: of the symptoms and of the care."""

    by_criterion: Mapping[str, Finding]
    duration: Duration
    care: Care

    def status(self, criterion: str) -> Status:
        """Give the answer to one criterion."""
        return self.by_criterion[criterion].status


def evaluate(chart: Chart, guideline: Guideline) -> Findings:
    """Ask every criterion of the chart; one that cannot be answered is unknown, never fatal."""
    duration = symptom_duration(chart, guideline.symptoms)
    care = conservative_care(chart, duration, guideline.care_days)
    found: dict[str, Finding] = {}
    for criterion in guideline.criteria.values():
        try:
            found[criterion.id] = _answer(criterion, chart, found, (duration, care, guideline))
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError):
            # One criterion that fails is unknown; the others still run, and the card says so.
            found[criterion.id] = unknown(criterion)
    return Findings(by_criterion=found, duration=duration, care=care)


def _answer(
    criterion: Criterion,
    chart: Chart,
    found: Mapping[str, Finding],
    clocks: tuple[Duration, Care, Guideline],
) -> Finding:
    duration, care, guideline = clocks
    if criterion.kind in _NEEDED:
        return _combined(criterion, found, _NEEDED[criterion.kind])
    if criterion.kind is Kind.SYMPTOM_DURATION:
        return duration_criterion(criterion, chart, duration)
    if criterion.kind is Kind.CONSERVATIVE_CARE:
        return care_criterion(criterion, chart, care)
    if criterion.kind is Kind.PAIN_TREND:
        return pain_trend(criterion, chart, duration)
    if criterion.kind is Kind.RECORD_COMPLETE:
        return yes_or_no(criterion, met=chart.complete(guideline.needed))
    return _SIMPLE[criterion.kind](criterion, chart)


def _combined(criterion: Criterion, found: Mapping[str, Finding], needed: int) -> Finding:
    """Join criteria: met when enough are met, not met when enough cannot be any more."""
    parts = [found[part] for part in criterion.of]
    met = [part for part in parts if part.status is Status.MET]
    open_ = sum(part.status is Status.UNKNOWN for part in parts)
    if len(met) >= needed:
        evidence = {id(e): e for part in met for e in part.evidence}
        return yes_or_no(criterion, met=True, evidence=tuple(evidence.values()))
    return unknown(criterion) if len(met) + open_ >= needed else yes_or_no(criterion, met=False)
