"""The evidence of a card: which entries prove it, which contradict it, and how each is shown."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from service.clinical.assessment import Assessment
from service.clinical.chart import Assertion, Entry, Measure
from service.clinical.dates import Days
from service.clinical.guideline import Guideline, Kind, Row, Status, Verdict
from service.clinical.markdown import escaped, plain

_MOST = 12
_MOST_A_CRITERION = 4
_MOST_AGAINST = 4
_ANNOTATION = re.compile(r"\{[^}]*\}")
_NO = Status.NOT_MET

Pair = tuple[str, Entry]  # (criterion id, entry)


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What a card rests on: the entries, those that say the contrary, and other flags."""

    proof: tuple[Pair, ...]
    denied: tuple[Pair, ...]
    other_flags: tuple[Row, ...]

    @property
    def against(self) -> tuple[Entry, ...]:
        """The entries that say the contrary of what decided."""
        return tuple(entry for _, entry in self.denied)

    @property
    def all(self) -> tuple[Pair, ...]:
        """Both sides."""
        return (*self.proof, *self.denied)


def gather_evidence(
    row: Row, assessment: Assessment, guideline: Guideline, told: Iterable[str] = ()
) -> Evidence:
    """Pair each entry behind a row with its criterion, each entry once.

    First what the row rests on, then the other flags that matched, then what else the card tells of
    (the criteria `told`), then the duration.
    """
    found = assessment.findings.by_criterion
    first = row is assessment.row
    others = _other_flags(assessment) if first else ()
    rows = (row, *others)
    asked = [criterion for r in rows for criterion, wanted in r.cells if wanted is not _NO]
    asked += told
    if first:
        asked += [c.id for c in guideline.criteria.values() if c.kind is Kind.SYMPTOM_DURATION]
    proof: dict[tuple[str, str], Pair] = {}
    for criterion in dict.fromkeys(asked):
        for entry in _shown(found[criterion].evidence):
            proof.setdefault((entry.reference, entry.label), (criterion, entry))
    alarms = (Verdict.EMERGENCY, Verdict.FLAG)
    decided = (
        [c for c, wanted in row.cells if wanted is Status.MET] if row.verdict in alarms else []
    )
    denied: dict[tuple[str, str], Pair] = {}
    for criterion in decided:
        for entry in found[criterion].denied:
            denied.setdefault((entry.reference, entry.label), (criterion, entry))
    return Evidence(
        proof=tuple(proof.values())[:_MOST],
        denied=tuple(denied.values())[:_MOST_AGAINST],
        other_flags=others,
    )


def _shown(evidence: tuple[Entry, ...]) -> Iterable[Entry]:
    """Of many entries show the first, which began it, and the last ones."""
    if len(evidence) <= _MOST_A_CRITERION:
        return evidence
    return (evidence[0], *evidence[1 - _MOST_A_CRITERION :])


def _other_flags(assessment: Assessment) -> tuple[Row, ...]:
    """Give the other rows of red flags that matched, one a rule."""
    others: dict[str, Row] = {}
    for row in assessment.also:
        flag = row.verdict in (Verdict.EMERGENCY, Verdict.FLAG)
        if flag and row.rule != assessment.row.rule:
            others.setdefault(row.rule, row)
    return tuple(others.values())


def evidence_line(entry: Entry, frame: Mapping[str, Any], *, under_its_name: bool = False) -> str:
    """Write one entry for a clinician: what, value, dates, and where it stands in the record.

    `under_its_name` leaves out how sure it is, where the heading says so.
    """
    parts = [escaped(entry.label)]
    if entry.measure and not _holds_its_number(entry, entry.measure):
        parts[0] += f" {escaped(_value(entry.measure, frame['units']))}"
    elif entry.value:
        parts[0] += f": {escaped(entry.value)}"
    if entry.assertion is not Assertion.PRESENT and not under_its_name:
        parts[0] += f" ({frame['assertions'][entry.assertion.value]})"
    if entry.onset:
        parts.append(f"{frame['onset']} {_span(entry.onset)}")
    if entry.asserted:
        parts.append(f"{frame['recorded']} {_span(entry.asserted)}")
    if entry.ended:
        parts.append(f"{frame['ended']} {_span(entry.ended)}")
    if entry.misdated:
        parts.append(frame["misdated"])
    return ", ".join(parts) + f" — {escaped(entry.reference)}"


def _holds_its_number(entry: Entry, measure: Measure) -> bool:
    """Whether a label is a text that the number was read from."""
    number = re.escape(f"{measure.value:g}")
    return entry.code is None and bool(re.search(rf"(?<![\d.]){number}(?![\d.])", entry.label))


def evidence_json(criterion: str, entry: Entry) -> dict[str, Any]:
    """Write one entry for machines."""
    found: dict[str, Any] = {
        "criterion": criterion,
        "status": entry.assertion.value,
        "reference": plain(entry.reference),
        "text": plain(entry.label),
    }
    if entry.dated:
        found["date"] = _span(entry.dated)
    if entry.measure:
        found["value"] = plain(_value(entry.measure, {}))
    elif entry.value:
        found["value"] = plain(entry.value)
    return {name: value for name, value in found.items() if value}


def _value(measure: Measure, units: Mapping[str, str]) -> str:
    """Write a reading as it was sent; a UCUM annotation in braces is no unit."""
    unit = _ANNOTATION.sub("", measure.unit or "")
    unit = units.get(unit, unit)
    return f"{measure.value:.4g}{unit}" if unit.startswith("/") else f"{measure.value:.4g} {unit}"


def _span(days: Days) -> str:
    if days.exact:
        return days.first.isoformat()
    return f"{days.first.isoformat()} to {days.last.isoformat()}"
