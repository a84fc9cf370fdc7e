"""What silence answers: of most matters a chart says nothing, so that is worked out only once."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from service.clinical.chart import Chart, Group
from service.clinical.findings.finding import Finding, unknown
from service.clinical.guideline import Criterion, Guideline, Kind, Status

_OF_ENTRIES = frozenset(
    {Kind.CODED_ENTRY, Kind.NEW_ENTRY, Kind.WITHDRAWN_ENTRY, Kind.BOTH_SIDES, Kind.DRUG_EXPOSURE}
)
_OF_READINGS = frozenset({Kind.MEASURED_VALUE, Kind.MUSCLE_STRENGTH, Kind.WEIGHT_LOSS})
_OF_OTHERS = frozenset({Kind.ONE_OF, Kind.TWO_OF, Kind.ALL_OF, Kind.UNLESS})
_MOST_GUIDELINES = 256  # one for each registered caller
_MOST_KEPT = 256  # of those, with the sections that lack as a rule; some 30 kB each


class Silence(NamedTuple):
    """What a chart that lacks some sections answers by its silence, and what it is to be asked.

    `answers` holds every criterion; those in `always`, and those that `by_concept` names for a
    concept of which the chart speaks, are to be asked.
    """

    answers: Mapping[str, Finding]
    always: frozenset[str]
    by_concept: Mapping[str, frozenset[str]]

    def asked_of(self, chart: Chart) -> frozenset[str]:
        """Give the criteria to which silence is no answer in a chart."""
        spoken = self.by_concept.keys() & chart.by_concept.keys()
        return self.always.union(*(self.by_concept[concept] for concept in spoken))


class _Matter(NamedTuple):
    """The concepts that a criterion looks for, and the sections that must have been read.

    `counted` where more than one of its parts must be met, so that one unknown part says nothing.
    """

    concepts: frozenset[str]
    groups: frozenset[Group]
    counted: bool = False


@lru_cache(maxsize=_MOST_KEPT)
def silence(guideline: Guideline, incomplete: frozenset[Group]) -> Silence:
    """Work out what silence answers, where some sections were not read to the end."""
    answers: dict[str, Finding] = {}
    always: set[str] = set()
    matters, by_concept = _matters(guideline)
    for criterion in guideline.criteria.values():
        matter = matters.get(criterion.id)
        status = _status(matter, incomplete) if matter else None
        if status is None:
            always.add(criterion.id)
            answers[criterion.id] = unknown(criterion)
        else:
            answers[criterion.id] = Finding(criterion=criterion.id, status=status)
    return Silence(answers=answers, always=frozenset(always), by_concept=by_concept)


@lru_cache(maxsize=_MOST_GUIDELINES)
def _matters(
    guideline: Guideline,
) -> tuple[Mapping[str, _Matter], Mapping[str, frozenset[str]]]:
    """Give what criteria look for that look for entries only, by themselves or by their parts.

    Then the same by concept: which criteria look for it.
    """
    found: dict[str, _Matter] = {}
    for criterion in guideline.criteria.values():
        if criterion.kind in _OF_ENTRIES:
            found[criterion.id] = _matter(criterion.value_sets, criterion)
        elif criterion.kind in _OF_READINGS:
            quantity = guideline.quantities.get(criterion.quantity)
            if quantity is not None:
                found[criterion.id] = _matter(quantity.value_sets, criterion)
        elif criterion.kind in _OF_OTHERS and found.keys() >= set(criterion.of):
            found[criterion.id] = _joined(criterion, [found[part] for part in criterion.of])
    by_concept: dict[str, set[str]] = {}
    for name, matter in found.items():
        for concept in matter.concepts:
            by_concept.setdefault(concept, set()).add(name)
    return found, {concept: frozenset(names) for concept, names in by_concept.items()}


def _joined(criterion: Criterion, parts: list[_Matter]) -> _Matter:
    return _Matter(
        concepts=frozenset[str]().union(*(part.concepts for part in parts)),
        groups=frozenset[Group]().union(*(part.groups for part in parts)),
        counted=criterion.kind is not Kind.ONE_OF or any(part.counted for part in parts),
    )


def _matter(concepts: Iterable[str], criterion: Criterion) -> _Matter:
    return _Matter(concepts=frozenset(concepts), groups=frozenset(criterion.groups))


def _status(matter: _Matter, incomplete: frozenset[Group]) -> Status | None:
    """Say what silence answers to a criterion; None where it is to be asked."""
    if matter.groups.isdisjoint(incomplete):
        return Status.NOT_MET
    return None if matter.counted else Status.UNKNOWN
