"""The step `write`: from the assessment to its cards, words filled in and proof attached."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from service.clinical.assessment import Assessment
from service.clinical.chart import Chart, Entry, Section
from service.clinical.evidence import Evidence, evidence_json, evidence_line, gather_evidence
from service.clinical.facts import denied_in_general, facts_of, not_documented, written_day
from service.clinical.findings import Duration
from service.clinical.guideline import Guideline, Row, Source, Status, Verdict
from service.clinical.identity import card_id
from service.clinical.markdown import escaped, plain
from service.clinical.order import Order
from service.clinical.suggestions import Issue, suggestions
from service.clinical.words import Line, Message, fill

Card = dict[str, Any]
EXTENSION = "org.lumbar-mri-cds"
SUMMARY_LIMIT = 139  # characters: CDS Hooks asks for fewer than 140


@dataclass(frozen=True, kw_only=True, slots=True)
class _Written:
    """What every part of one card is written from."""

    row: Row
    assessment: Assessment
    chart: Chart
    guideline: Guideline
    evidence: Evidence
    lines: tuple[str, ...]  # the sentences that findings add

    @property
    def frame(self) -> Mapping[str, Any]:
        """The sentences that every card shares."""
        return self.guideline.frame

    @property
    def is_first(self) -> bool:
        """Whether this is the card on the indication, not one on the study."""
        return self.row is self.assessment.row


def write(
    assessment: Assessment, chart: Chart, order: Order, guideline: Guideline, issue: Issue
) -> tuple[Card, ...]:
    """Write the card of the row that decided, and one of each row on the study itself."""
    rows = (assessment.row, *assessment.modifiers)
    return tuple(_card(_gathered(row, assessment, chart, guideline), order, issue) for row in rows)


def _gathered(row: Row, assessment: Assessment, chart: Chart, guideline: Guideline) -> _Written:
    lines = _lines(row, assessment, guideline)
    told = [criterion for line in lines for criterion in line.when]
    return _Written(
        row=row,
        assessment=assessment,
        chart=chart,
        guideline=guideline,
        evidence=gather_evidence(row, assessment, guideline, told),
        lines=tuple(line.says for line in lines),
    )


def _card(written: _Written, order: Order, issue: Issue) -> Card:
    row, guideline = written.row, written.guideline
    message = guideline.messages[row.card]
    facts = facts_of(row, written.assessment, written.chart, guideline)._asdict()
    seed = f"{issue.hook_instance}|{order.id}|{order.study}|{row.recommendation}"
    card: Card = {
        "uuid": card_id(issue.key, issue.owner, row.rule, seed),
        "summary": fill(message.summary, facts)[:SUMMARY_LIMIT],
        "indicator": row.indicator,
        "detail": _detail(written, message, facts),
        "source": _source(guideline.sources[row.sources[0]], row, guideline, issue),
        "overrideReasons": [dict(reason) for reason in message.override_reasons],
        "extension": {EXTENSION: _extension(written)},
    }
    offered = suggestions(
        _offers(written, message), order, facts, guideline.studies, (issue, card["uuid"])
    )
    if offered:
        card["suggestions"] = offered
        card["selectionBehavior"] = issue.selection_behavior
    return card


def _offers(written: _Written, message: Message) -> Message:
    """Leave out the offers that a finding takes back: no radiograph in pregnancy."""
    status = written.assessment.findings.status
    kept = tuple(
        offer
        for offer in message.suggestions
        if not _any_met(offer.unless, status) and (not offer.when or _any_met(offer.when, status))
    )
    return replace(message, suggestions=kept)


def _any_met(criteria: Iterable[str], status: Any) -> bool:
    return any(status(criterion) is Status.MET for criterion in criteria)


def _source(source: Source, row: Row, guideline: Guideline, issue: Issue) -> dict[str, Any]:
    """Cite the first source of the row, and code the recommendation as its topic.

    A client that allows links to some hosts only gets no other: it would drop the card's link.
    """
    cited: dict[str, Any] = {
        "label": f"{source.label} ({source.year})",
        "topic": {"system": guideline.topic_system, "code": row.recommendation},
    }
    allowed = source.url and (issue.link_hosts is None or source.host in issue.link_hosts)
    return {**cited, "url": source.url} if allowed else cited


def _denied(written: _Written) -> list[str]:
    """List what the checklist's red flags were denied by: each entry once, and for which flags.

    Of several denials of one flag the latest is shown; then the one of red flags in general.
    """
    found, screening = written.assessment.findings.by_criterion, written.guideline.screening
    flags: dict[tuple[str, str], list[str]] = {}
    entries: dict[tuple[str, str], Entry] = {}
    for name, criteria in screening.items:
        latest: dict[frozenset[str], Entry] = {}
        for entry in (e for c in criteria for e in found[c].denied):
            before = latest.setdefault(entry.concepts, entry)
            if written_day(entry) > written_day(before):
                latest[entry.concepts] = entry
        for entry in latest.values():
            one = (entry.reference, entry.label)
            entries.setdefault(one, entry)
            if name not in flags.setdefault(one, []):
                flags[one].append(name)
    lines = [f"{', '.join(flags[one])}: {_denial(entries[one], written)}" for one in entries]
    general = denied_in_general(written.assessment, written.guideline)
    return [*lines, _denial(general, written)] if general else lines


def _denial(entry: Entry, written: _Written) -> str:
    return evidence_line(entry, written.frame, under_its_name=True)


def _detail(written: _Written, message: Message, facts: Mapping[str, str]) -> str:
    """Write the detail: the message, the evidence, what is not known, the rule and its source."""
    frame, guideline, row = written.frame, written.guideline, written.row
    evidence = written.evidence
    parts = [fill(message.detail, facts)]
    parts += [fill(line, facts) for line in written.lines]
    parts += _list(frame["found"], [evidence_line(e, frame) for _, e in evidence.proof])
    parts += _list(frame["conflict"], [evidence_line(e, frame) for e in evidence.against])
    if written.is_first:
        parts += _list(frame["also"], _also(written))
        parts += _list(frame["disputed"], _disputed(written))
    if message.shows_not_documented:
        parts += _list(frame["denied"], _denied(written))
        silent = not_documented(written.assessment, guideline)
        parts += [f"**{frame['not_documented']}** {'; '.join(silent)}"] if silent else []
    if written.is_first:
        parts += _list(frame["unread"], _unread(written))
        parts += _not_looked_at(written) if row.verdict is not Verdict.EMERGENCY else []
    cited = "; ".join(
        f"{guideline.sources[s].label} ({guideline.sources[s].year})" for s in row.sources
    )
    if row.acr_variant:
        cited += "; " + fill(frame["variant"], {"variant": row.acr_variant})
    rule = {"rule": row.rule, "rule_in_words": message.rule_in_words, "sources": cited}
    parts.append(fill(frame["rule"], rule))
    dated = {"as_of": written.chart.as_of.isoformat(), "version": guideline.version}
    parts.append(fill(frame["footer"], dated))
    return "\n\n".join(parts)


def _lines(row: Row, assessment: Assessment, guideline: Guideline) -> list[Line]:
    """Give the sentences that findings add to a card."""
    status = assessment.findings.status
    return [
        line
        for line in guideline.lines
        if row.rule in line.rules or (not line.rules and row is assessment.row)
        if all(status(c) is Status.MET for c in line.when) and not _any_met(line.unless, status)
    ]


def _also(written: _Written) -> list[str]:
    """Name the other red flags that matched."""
    messages = written.guideline.messages
    found = written.assessment.findings.by_criterion
    lines = []
    for row in written.evidence.other_flags:
        behind = [e for c, wanted in row.cells if wanted is Status.MET for e in found[c].evidence]
        shown = f" ({escaped(behind[0].label)})" if behind else ""
        lines.append(f"{row.rule}: {messages[row.card].rule_in_words}{shown}")
    return lines


def _disputed(written: _Written) -> list[str]:
    """Say what other sources give as the onset."""
    disputed = written.assessment.findings.disputed
    return [evidence_line(e, written.frame) for d in disputed for e in d.evidence]


def _unread(written: _Written) -> list[str]:
    frame = written.frame
    needed = {group.value for group in written.guideline.needed}
    return [
        f"{frame['groups'].get(u['group'], u['group'])}: {frame['limits'][u['reason']]}"
        for u in _unavailable(written)
        if u["group"] in needed or u["reason"] not in ("not-sent", "sent-as-null")
    ]


def _not_looked_at(written: _Written) -> list[str]:
    """Say in one line what could not be looked at, since the EHR sends no such list."""
    sections = written.chart.sections
    silent = [
        said
        for group, said in written.guideline.helpful.items()
        if not sections[group].complete or sections[group].asserted_empty
    ]
    if not silent:
        return []
    return [f"{written.frame['not_looked_at']} {'; '.join(dict.fromkeys(silent))}."]


def _list(heading: str, lines: Iterable[str]) -> list[str]:
    """Write a heading over a list; nothing over nothing."""
    items = "\n".join(f"- {line}" for line in lines)
    return [f"**{heading}**\n\n{items}"] if items else []


def _unavailable(written: _Written) -> list[dict[str, str]]:
    """List what silence says nothing about: sections not read, sent as null, questions failed."""
    found: list[dict[str, str]] = []
    for group in (*written.guideline.needed, *written.guideline.helpful):
        found += _limits(written.chart.sections[group])
    found += [{"group": kind, "reason": "reading-failed"} for kind in written.chart.failed]
    failed = written.assessment.findings.failed
    return found + [{"group": name, "reason": "question-failed"} for name in failed]


def _limits(section: Section) -> list[dict[str, str]]:
    found = [{"group": section.group.value, "reason": limit.value} for limit in section.limits]
    if section.asserted_empty and not section.limits:
        found.append({"group": section.group.value, "reason": "sent-as-null"})
    return found


def _extension(written: _Written) -> dict[str, Any]:
    """Say the same for machines: the verdict, its evidence, and what was not known."""
    row, findings = written.row, written.assessment.findings
    content: dict[str, Any] = {
        "rule": row.rule,
        "recommendation": row.recommendation,
        "acrVariant": row.acr_variant,
        "rating": row.rating,
        "asOf": written.chart.as_of.isoformat(),
        "evidence": [evidence_json(*pair) for pair in written.evidence.all],
        "contentVersion": written.guideline.version,
    }
    if written.is_first:
        content["notDocumented"] = not_documented(written.assessment, written.guideline)
        content["unavailable"] = _unavailable(written)
        content["onset"] = _onset(findings.duration)
    return {name: value for name, value in content.items() if value not in ([], {}, None)}


def _onset(duration: Duration) -> dict[str, Any]:
    """Give the possible days of onset; a first contact bounds them from above only."""
    onset = duration.onset
    last = onset.last if onset else duration.first_contact
    if last is None:
        return {}
    found: dict[str, Any] = {"days": duration.at_least}
    if onset:
        found["low"] = onset.first.isoformat()
    found["high"] = last.isoformat()
    if duration.evidence:
        found["source"] = plain(duration.evidence[0].reference)
    return found
