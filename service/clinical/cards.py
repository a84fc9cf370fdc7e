"""The step `write`: from the assessment to the card, its words filled in and its proof attached."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from service.clinical.assessment import Assessment
from service.clinical.chart import Assertion, Chart, Entry, Measure
from service.clinical.dates import Days
from service.clinical.findings import Duration
from service.clinical.guideline import Guideline, Kind, Message, Row, Source, Status, Verdict
from service.clinical.markdown import escaped, plain
from service.clinical.order import Order
from service.clinical.suggestions import Issue, derived_uuid, fill, suggestions

Card = dict[str, Any]
EXTENSION = "org.lumbar-mri-cds"
SUMMARY_LIMIT = 139  # characters: CDS Hooks asks for fewer than 140
_EVIDENCE_LIMIT = 12
_EVIDENCE_PER_CRITERION = 4
_ANNOTATION = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Written:
    """What every part of one card is written from."""

    assessment: Assessment
    chart: Chart
    guideline: Guideline
    evidence: tuple[tuple[str, Entry], ...]  # (criterion id, entry), the deciding row's first

    @property
    def frame(self) -> Mapping[str, Any]:
        """The sentences that every card shares."""
        return self.guideline.frame


class Facts(NamedTuple):
    """The figures and dates of one patient that a message may name in braces."""

    days: str
    care_days: str
    flags: str
    undocumented: str
    checked: str
    symptom_review: str
    care_review: str
    soon: str


def write(
    assessment: Assessment, chart: Chart, order: Order, guideline: Guideline, issue: Issue
) -> Card:
    """Write the card of the row that decided."""
    row, message = assessment.row, guideline.messages[assessment.row.card]
    written = _Written(
        assessment=assessment,
        chart=chart,
        guideline=guideline,
        evidence=_evidence(assessment, guideline),
    )
    facts = _facts(written)._asdict()
    seed = f"{issue.hook_instance}|{order.id}|{order.study}|{row.recommendation}"
    card: Card = {
        "uuid": derived_uuid(issue.key, seed),
        "summary": fill(message.summary, facts)[:SUMMARY_LIMIT],
        "indicator": row.indicator,
        "detail": _detail(written, message, facts),
        "source": _source(guideline.sources[row.sources[0]], row, guideline),
        "overrideReasons": [dict(reason) for reason in message.override_reasons],
        "extension": {EXTENSION: _extension(written)},
    }
    offered = suggestions(message, order, facts, guideline.studies, (issue, seed))
    if offered:
        card["suggestions"] = offered
        card["selectionBehavior"] = issue.selection_behavior
    return card


def _source(source: Source, row: Row, guideline: Guideline) -> dict[str, Any]:
    """Cite the first source of the row, and code the recommendation as its topic."""
    cited: dict[str, Any] = {
        "label": f"{source.label} ({source.year})",
        "topic": {"system": guideline.topic_system, "code": row.recommendation},
    }
    return {**cited, "url": source.url} if source.url else cited


def _facts(written: _Written) -> Facts:
    """Gather the facts that a message may name."""
    findings, guideline = written.assessment.findings, written.guideline
    as_of = written.chart.as_of
    days, rule = findings.duration.at_least, guideline.care
    parts = [
        guideline.criteria[part].says
        for criterion, wanted in written.assessment.row.cells
        if wanted is Status.MET
        for part in findings.by_criterion[criterion].parts
    ]
    care_left = max(rule.needed_days - findings.care.days, rule.review_after_days)
    return Facts(
        days=str(days) if days is not None else "?",
        care_days=str(findings.care.days),
        flags=", ".join(dict.fromkeys(parts)),
        undocumented=str(len(not_documented(written.assessment, guideline))),
        checked=str(len(guideline.screening)),
        symptom_review=_in_days(as_of, max(rule.needed_days - (days or 0), 1)),
        care_review=_in_days(as_of, care_left),
        soon=_in_days(as_of, rule.review_after_days),
    )


def _in_days(as_of: date, days: int) -> str:
    return (as_of + timedelta(days=days)).isoformat()


def not_documented(assessment: Assessment, guideline: Guideline) -> list[str]:
    """List the red flags of which the record says nothing: not "absent", only not written down."""
    found = assessment.findings.by_criterion
    return [
        name
        for name, criteria in guideline.screening
        if not any(found[criterion].documented for criterion in criteria)
    ]


def _evidence(assessment: Assessment, guideline: Guideline) -> tuple[tuple[str, Entry], ...]:
    """Pair each entry behind the verdict with its criterion, each entry once.

    First what the deciding row rests on, then the other flags that matched, then the duration.
    """
    found = assessment.findings.by_criterion
    rows = (assessment.row, *_other_flags(assessment))
    asked = [criterion for row in rows for criterion, wanted in row.cells if wanted is not _NO]
    asked += [c.id for c in guideline.criteria.values() if c.kind is Kind.SYMPTOM_DURATION]
    pairs: dict[tuple[str, str], tuple[str, Entry]] = {}
    for criterion in dict.fromkeys(asked):
        for entry in _shown(found[criterion].evidence):
            pairs.setdefault((entry.reference, entry.label), (criterion, entry))
    return tuple(pairs.values())[:_EVIDENCE_LIMIT]


_NO = Status.NOT_MET


def _shown(evidence: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Of many entries show the first, which began it, and the last ones."""
    if len(evidence) <= _EVIDENCE_PER_CRITERION:
        return evidence
    return (evidence[0], *evidence[1 - _EVIDENCE_PER_CRITERION :])


def _other_flags(assessment: Assessment) -> list[Row]:
    """Give the other rows of red flags that matched, one a rule."""
    others = {
        row.rule: row
        for row in reversed(assessment.also)
        if row.verdict in (Verdict.EMERGENCY, Verdict.FLAG) and row.rule != assessment.row.rule
    }
    return list(reversed(others.values()))


def _detail(written: _Written, message: Message, facts: Mapping[str, str]) -> str:
    """Write the detail: the message, the evidence, what is not known, the rule and its source."""
    frame, guideline, row = written.frame, written.guideline, written.assessment.row
    also = [
        f"{r.rule}: {guideline.messages[r.card].rule_in_words}"
        for r in _other_flags(written.assessment)
    ]
    unread = [
        f"{frame['groups'].get(u['group'], u['group'])}: {frame['limits'][u['reason']]}"
        for u in _unavailable(written)
    ]
    parts = [fill(message.detail, facts)]
    parts += _list(frame["found"], [_evidence_line(e, frame) for _, e in written.evidence])
    parts += _list(frame["also"], also)
    if message.shows_not_documented:
        silent = not_documented(written.assessment, guideline)
        parts += [f"**{frame['not_documented']}** {'; '.join(silent)}"] if silent else []
    parts += _list(frame["unread"], unread)
    cited = "; ".join(
        f"{guideline.sources[s].label} ({guideline.sources[s].year})" for s in row.sources
    )
    rule = {"rule": row.rule, "rule_in_words": message.rule_in_words, "sources": cited}
    parts.append(fill(frame["rule"], rule))
    dated = {"as_of": written.chart.as_of.isoformat(), "version": guideline.version}
    parts.append(fill(frame["footer"], dated))
    return "\n\n".join(parts)


def _list(heading: str, lines: Iterable[str]) -> list[str]:
    """Write a heading over a list; nothing over nothing."""
    items = "\n".join(f"- {line}" for line in lines)
    return [f"**{heading}**\n\n{items}"] if items else []


def _evidence_line(entry: Entry, frame: Mapping[str, Any]) -> str:
    parts = [escaped(entry.label)]
    if entry.measure:
        parts[0] += f" {escaped(_value(entry.measure))}"
    if entry.assertion is not Assertion.PRESENT:
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


def _value(measure: Measure) -> str:
    """Write a reading as it was sent; a UCUM annotation in braces is no unit."""
    unit = _ANNOTATION.sub("", measure.unit or "")
    return f"{measure.value:.4g}{unit}" if unit.startswith("/") else f"{measure.value:.4g} {unit}"


def _span(days: Days) -> str:
    if days.exact:
        return days.first.isoformat()
    return f"{days.first.isoformat()} to {days.last.isoformat()}"


def _unavailable(written: _Written) -> list[dict[str, str]]:
    """List what silence says nothing about: sections not read, sent as null, questions failed."""
    found = []
    for group in written.guideline.needed:
        section = written.chart.sections[group]
        found += [{"group": group.value, "reason": limit.value} for limit in section.limits]
        if section.asserted_empty and not section.limits:
            found.append({"group": group.value, "reason": "sent-as-null"})
    failed = written.assessment.findings.failed
    return found + [{"group": name, "reason": "question-failed"} for name in failed]


def _extension(written: _Written) -> dict[str, Any]:
    """Say the same for machines: the verdict, its evidence, and what was not known."""
    row, duration = written.assessment.row, written.assessment.findings.duration
    content: dict[str, Any] = {
        "rule": row.rule,
        "recommendation": row.recommendation,
        "acrVariant": row.acr_variant,
        "rating": row.rating,
        "asOf": written.chart.as_of.isoformat(),
        "evidence": [_evidence_json(*pair) for pair in written.evidence],
        "notDocumented": not_documented(written.assessment, written.guideline),
        "unavailable": _unavailable(written),
        "contentVersion": written.guideline.version,
    }
    if duration.at_least is not None:
        content["onset"] = _onset(duration)
    return {name: value for name, value in content.items() if value not in ([], "", None)}


def _onset(duration: Duration) -> dict[str, Any]:
    """Give the possible days of onset; a first contact bounds them from above only."""
    found: dict[str, Any] = {"days": duration.at_least}
    if duration.onset:
        found |= {"low": duration.onset.first.isoformat(), "high": duration.onset.last.isoformat()}
    elif duration.first_contact:
        found["high"] = duration.first_contact.isoformat()
    if duration.evidence:
        found["source"] = plain(duration.evidence[0].reference)
    return found


def _evidence_json(criterion: str, entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = {
        "criterion": criterion,
        "status": entry.assertion.value,
        "reference": plain(entry.reference),
        "text": plain(entry.label),
    }
    if entry.dated:
        found["date"] = _span(entry.dated)
    if entry.measure:
        found["value"] = plain(_value(entry.measure))
    return {name: value for name, value in found.items() if value}
