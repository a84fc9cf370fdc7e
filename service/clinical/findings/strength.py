"""Muscle strength: how weak, since when, of which roots, on the MRC scale of 0 to 5."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from service.clinical.chart import Assertion, Chart, Entry, Side
from service.clinical.dates import days_before, days_between
from service.clinical.findings.finding import Finding, from_evidence
from service.clinical.findings.measured import in_unit, reaches
from service.clinical.guideline import Criterion, Guideline

_ROOT = "root-"  # how the concepts of nerve roots begin
_STATED = frozenset({Assertion.PRESENT, Assertion.POSSIBLE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Grade:
    """One grade of one muscle on one day."""

    day: date | None
    value: float
    entry: Entry

    @property
    def muscle(self) -> tuple[frozenset[str], Side]:
        """Which roots were tested, on which side: readings of the same are compared."""
        roots = frozenset(c for c in self.entry.concepts if c.startswith(_ROOT))
        return roots, self.entry.side


def muscle_strength(criterion: Criterion, chart: Chart, guideline: Guideline) -> Finding:
    """Say whether the strength of a muscle runs the course that the criterion asks for.

    `low`: the latest grade is below the limit, and was first so lately. `falling`: it lost so many
    grades within so many days. `several-roots`: so many roots are weak, all since lately. `once`:
    any grade in the window, dated or not, lies below the limit. Sources: acp-2011, va-dod-2022.
    """
    quantity = guideline.quantities[criterion.quantity]
    stated = [e for e in chart.about(quantity.value_sets) if e.assertion in _STATED]
    known = [(e, in_unit(e.measure, quantity)) for e in stated if e.measure]
    grades = [
        Grade(day=e.written.last if e.written else None, value=v, entry=e)
        for e, v in known
        if v is not None
    ]
    since = days_before(chart.as_of, criterion.within_days or 0)
    course = _COURSES[criterion.course or ""]
    unread = [e for e in chart.about(quantity.value_sets) if _unread(e, since)]
    unread += [e for e, v in known if v is None and _lately(e, since)]
    found = course(criterion, chart, grades)
    return from_evidence(criterion, chart, found, unsettled=unread, documented=bool(grades))


def _lately(entry: Entry, since: date) -> bool:
    return entry.written is None or entry.written.last >= since


def _unread(entry: Entry, since: date) -> bool:
    return entry.assertion is Assertion.UNCLEAR and _lately(entry, since)


def _low(criterion: Criterion, chart: Chart, grades: list[Grade]) -> list[Entry]:
    found = []
    since = days_before(chart.as_of, criterion.within_days or 0)
    began = days_before(chart.as_of, criterion.first_within_days or 0)
    for _, readings in _by_muscle(grades):
        last = _latest(readings)
        weak = [g for g in readings if reaches(g.value, criterion) and g.day]
        first = min((g.day for g in weak if g.day), default=None)
        lately = last.day is not None and last.day >= since
        if lately and reaches(last.value, criterion) and first and first >= began:
            found.append(last.entry)
    return found


def _once(criterion: Criterion, chart: Chart, grades: list[Grade]) -> list[Entry]:
    since = days_before(chart.as_of, criterion.within_days or 0)
    return [
        g.entry
        for g in grades
        if reaches(g.value, criterion)
        and (g.day >= since if g.day is not None else criterion.undated)
    ]


def _falling(criterion: Criterion, chart: Chart, grades: list[Grade]) -> list[Entry]:
    since = days_before(chart.as_of, criterion.latest_within_days or 0)
    for _, readings in _by_muscle(grades):
        last = _latest(readings)
        if last.day is None or last.day < since:
            continue
        for before in readings:
            near = before.day and 0 < days_between(before.day, last.day) <= _apart(criterion)
            if near and before.value - last.value >= (criterion.fall_at_least or 0):
                return [before.entry, last.entry]
    return []


def _apart(criterion: Criterion) -> int:
    return criterion.within_days or 0


def _several_roots(criterion: Criterion, chart: Chart, grades: list[Grade]) -> list[Entry]:
    """Weakness of several roots, each first seen lately, and none stronger since."""
    since = days_before(chart.as_of, criterion.first_within_days or 0)
    weak: dict[str, Entry] = {}
    for (roots, _), readings in _by_muscle(grades):
        last = _latest(readings)
        first = min(
            (g.day for g in readings if reaches(g.value, criterion) and g.day), default=None
        )
        if len(roots) == 1 and first and first >= since and reaches(last.value, criterion):
            weak.setdefault(next(iter(roots)), last.entry)
    return list(weak.values()) if len(weak) >= (criterion.at_least_roots or 2) else []


def _both_sides(criterion: Criterion, chart: Chart, grades: list[Grade]) -> list[Entry]:
    """Weakness of both legs: a low grade on the left and one on the right, or of both at once."""
    low = _low(criterion, chart, grades)
    sides = {e.side for e in low}
    return low if Side.BOTH in sides or {Side.LEFT, Side.RIGHT} <= sides else []


def _latest(readings: list[Grade]) -> Grade:
    """Give the last reading; of several on one day the weakest."""
    return max(readings, key=lambda g: (g.day or date.min, -g.value))


def _by_muscle(
    grades: Iterable[Grade],
) -> Iterable[tuple[tuple[frozenset[str], Side], list[Grade]]]:
    found: dict[tuple[frozenset[str], Side], list[Grade]] = {}
    for grade in grades:
        found.setdefault(grade.muscle, []).append(grade)
    return found.items()


_COURSES: Mapping[str, Callable[[Criterion, Chart, list[Grade]], list[Entry]]] = {
    "low": _low,
    "low-both-sides": _both_sides,
    "once": _once,
    "falling": _falling,
    "several-roots": _several_roots,
}
