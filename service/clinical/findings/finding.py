"""A finding: the answer to one criterion for this patient, with the entries that prove it."""

from collections.abc import Iterable
from dataclasses import dataclass

from service.clinical.chart import Chart, Entry
from service.clinical.guideline import Criterion, Status


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """The answer to one criterion, the entries that prove it, and a figure where there is one."""

    criterion: str
    status: Status
    evidence: tuple[Entry, ...] = ()
    number: float | None = None


def from_evidence(criterion: Criterion, chart: Chart, evidence: Iterable[Entry]) -> Finding:
    """Evidence is "met"; none is "not met" only where all its sections were read completely."""
    proof = tuple(evidence)
    if proof:
        return Finding(criterion=criterion.id, status=Status.MET, evidence=proof)
    silent = chart.complete(criterion.groups)
    return Finding(criterion=criterion.id, status=Status.NOT_MET if silent else Status.UNKNOWN)


def yes_or_no(criterion: Criterion, *, met: bool, evidence: tuple[Entry, ...] = ()) -> Finding:
    """Give a finding whose answer is known either way."""
    status = Status.MET if met else Status.NOT_MET
    return Finding(criterion=criterion.id, status=status, evidence=evidence)


def unknown(criterion: Criterion) -> Finding:
    """Give a finding that nobody can answer from this record."""
    return Finding(criterion=criterion.id, status=Status.UNKNOWN)
