"""A finding: the answer to one criterion for this patient, with the entries that prove it."""

from collections.abc import Iterable
from typing import NamedTuple

from service.clinical.chart import Chart, Entry
from service.clinical.guideline import Criterion, Status


class Finding(NamedTuple):
    """The answer to one criterion, and the entries behind it.

    Behind "met" they prove it; behind "unknown" they are what could not be settled. `denied` are
    the entries that say no. `documented` says that the record speaks of the matter at all.
    """

    criterion: str
    status: Status
    evidence: tuple[Entry, ...] = ()
    denied: tuple[Entry, ...] = ()
    documented: bool = False
    parts: tuple[str, ...] = ()  # of a criterion made of others: those that are met


def from_evidence(
    criterion: Criterion,
    chart: Chart,
    evidence: Iterable[Entry],
    *,
    unsettled: Iterable[Entry] = (),
    denied: Iterable[Entry] = (),
    documented: bool = False,
) -> Finding:
    """Evidence is "met"; none is "not met" only where all was read and nothing is unsettled."""
    proof, doubtful, against = tuple(evidence), tuple(unsettled), tuple(denied)
    if proof:
        status = Status.MET
    elif doubtful or not chart.complete(criterion.groups):
        status = Status.UNKNOWN
    else:
        status = Status.NOT_MET
    return Finding(
        criterion=criterion.id,
        status=status,
        evidence=proof or doubtful,
        denied=against,
        documented=documented or bool(proof) or bool(against),
    )


def yes_or_no(criterion: Criterion, *, met: bool, evidence: tuple[Entry, ...] = ()) -> Finding:
    """Give a finding whose answer is known either way."""
    status = Status.MET if met else Status.NOT_MET
    return Finding(criterion=criterion.id, status=status, evidence=evidence, documented=True)


def no(criterion: Criterion) -> Finding:
    """Give a finding whose answer is known to be no."""
    return Finding(criterion=criterion.id, status=Status.NOT_MET, documented=True)


def unknown(criterion: Criterion, unsettled: tuple[Entry, ...] = ()) -> Finding:
    """Give a finding that nobody can answer from this record."""
    return Finding(criterion=criterion.id, status=Status.UNKNOWN, evidence=unsettled)
