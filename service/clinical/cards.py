"""The step `write`: from the assessment to the card, its words filled in and its proof attached."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from service.clinical.assessment import Assessment
from service.clinical.chart import Assertion, Chart, Entry
from service.clinical.dates import Days
from service.clinical.guideline import Guideline, Message, Status, SuggestionTemplate
from service.clinical.order import Order

Card = dict[str, Any]
Studies = Mapping[str, Mapping[str, tuple[str, str]]]
_SUMMARY_LIMIT = 139
_LABEL_LIMIT = 80
_EVIDENCE_LIMIT = 12
_LIVE_MARKUP = re.compile(r"([\\`*_\[\]()<>#!|~&@:$])")
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Issue:
    """From what a card's identity is derived, and how this client wants its cards shaped."""

    key: bytes
    hook_instance: str
    selection_behavior: str = "any"
    delete_as_string: bool = False


def write(
    assessment: Assessment, chart: Chart, order: Order, guideline: Guideline, issue: Issue
) -> Card:
    """Write the card of the row that decided."""
    row, message = assessment.row, guideline.messages[assessment.row.card]
    facts = _facts(assessment, chart, guideline)
    source = guideline.sources[row.sources[0]]
    seed = f"{issue.hook_instance}|{order.id}|{order.study}|{row.recommendation}"
    card: Card = {
        "uuid": derived_uuid(issue.key, seed),
        "summary": _fill(message.summary, facts)[:_SUMMARY_LIMIT],
        "indicator": row.indicator,
        "detail": _detail(assessment, chart, guideline, message, facts),
        "source": {
            "label": f"{source.label} ({source.year})",
            "topic": {"system": guideline.topic_system, "code": row.recommendation},
        },
        "overrideReasons": [dict(reason) for reason in message.override_reasons],
        "extension": {"org.lumbar-mri-cds": _extension(assessment, chart, guideline)},
    }
    if source.url:
        card["source"]["url"] = source.url
    suggestions = _suggestions(message, order, facts, (issue, seed), guideline.studies)
    if suggestions:
        card["suggestions"] = suggestions
        card["selectionBehavior"] = issue.selection_behavior
    return card


def derived_uuid(key: bytes, seed: str) -> str:
    """Derive a UUID from a key and what it names, so that a retry gives the same one."""
    digest = hmac.digest(key, seed.encode("utf-8", "surrogatepass"), "sha256")
    return str(UUID(bytes=digest[:16], version=5))


def plain(text: str) -> str:
    """Make text from the chart safe in a card: one line, capped, without live markup or links."""
    line = _INVISIBLE.sub(" ", text).strip()
    if len(line) > _LABEL_LIMIT:
        line = line[: _LABEL_LIMIT - 1].rstrip() + "…"
    return line


def escaped(text: str) -> str:
    """Make text from the chart safe in markdown: what could be markup is escaped."""
    return _LIVE_MARKUP.sub(r"\\\1", plain(text))


def _fill(template: str, facts: Mapping[str, str]) -> str:
    for name, value in facts.items():
        template = template.replace("{" + name + "}", value)
    return template


def _facts(assessment: Assessment, chart: Chart, guideline: Guideline) -> dict[str, str]:
    """Gather the figures and dates that a message may name."""
    findings = assessment.findings
    days = findings.duration.days(chart.as_of)
    review = chart.as_of + timedelta(days=max(guideline.care_days - (days or 0), 14))
    flag = next(
        (c.says for c in guideline.criteria.values() if c.id in _WEAK and _met(assessment, c.id)),
        "",
    )
    missing = [g.value for g in guideline.needed if not chart.sections[g].complete]
    return {
        "days": str(days) if days is not None else "?",
        "care_days": str(findings.care.days),
        "review": review.isoformat(),
        "flag": flag,
        "undocumented": str(len(not_documented(assessment, guideline))),
        "checked": str(len(guideline.screening)),
        "missing": ", ".join(missing) or "none",
    }


_WEAK = ("weight-loss", "psa-high", "possible-injection-drug-use")


def _met(assessment: Assessment, criterion: str) -> bool:
    return assessment.findings.status(criterion) is Status.MET


def not_documented(assessment: Assessment, guideline: Guideline) -> list[str]:
    """List the red flags of which the record says nothing: not "absent", only not written down."""
    return [name for name, criterion in guideline.screening if not _met(assessment, criterion)]


def _detail(
    assessment: Assessment,
    chart: Chart,
    guideline: Guideline,
    message: Message,
    facts: Mapping[str, str],
) -> str:
    """Write the detail: the message, the evidence, what is not known, the rule and its source."""
    row = assessment.row
    parts = [_fill(message.detail, facts)]
    evidence = _evidence(assessment)
    if evidence:
        parts.append(
            "**Found in the record**\n\n" + "\n".join(_evidence_line(*e) for e in evidence)
        )
    others = sorted(
        {r.rule for r in assessment.also if r.rule != row.rule and r.acr_variant in _FLAG}
    )
    flags = [r for r in others if r < "R60"]
    if flags:
        parts.append("**Also matched:** " + ", ".join(flags))
    if message.shows_not_documented:
        silent = not_documented(assessment, guideline)
        parts.append("**No mention found of:** " + "; ".join(silent))
    limits = _unavailable(chart, guideline)
    if limits:
        lines = "\n".join(f"- {u['group']}: {u['reason']}" for u in limits)
        parts.append("**Could not be read, so not judged on**\n\n" + lines)
    cited = "; ".join(
        f"{guideline.sources[s].label} ({guideline.sources[s].year})" for s in row.sources
    )
    parts.append(f"**Rule {row.rule}.** {message.rule_in_words} Source: {cited}.")
    parts.append(
        f"Data as of {chart.as_of.isoformat()}; content {guideline.version}. "
        "Decision support only; the decision is the clinician's."
    )
    return "\n\n".join(parts)


_FLAG = frozenset({"4", "5", "6", "7", None})


def _evidence(assessment: Assessment) -> list[tuple[str, Entry]]:
    """Pair each entry that proves a cell of the row with its criterion, each entry once."""
    pairs: dict[str, tuple[str, Entry]] = {}
    rows = (assessment.row, *(r for r in assessment.also if r.rule < "R60"))
    for criterion, wanted in (cell for row in rows for cell in row.cells):
        finding = assessment.findings.by_criterion[criterion]
        if wanted is Status.MET:
            for entry in finding.evidence:
                pairs.setdefault(entry.reference + entry.label, (criterion, entry))
    for entry in assessment.findings.duration.evidence:
        pairs.setdefault(entry.reference + entry.label, ("symptom-duration", entry))
    return list(pairs.values())[:_EVIDENCE_LIMIT]


def _evidence_line(_criterion: str, entry: Entry) -> str:
    value = f" {entry.measure.value:g} {escaped(entry.measure.unit or '')}" if entry.measure else ""
    began = f", onset {_span(entry.onset)}" if entry.onset else ""
    written = f", recorded {_span(entry.asserted)}" if entry.asserted else ""
    doubt = "" if entry.assertion is Assertion.PRESENT else f" ({entry.assertion.value})"
    return f"- {escaped(entry.label)}{value}{doubt}{began}{written} — {escaped(entry.reference)}"


def _span(days: Days) -> str:
    if days.exact:
        return days.first.isoformat()
    return f"{days.first.isoformat()} to {days.last.isoformat()}"


def _unavailable(chart: Chart, guideline: Guideline) -> list[dict[str, str]]:
    """List the sections that silence says nothing about, and those the EHR said were empty."""
    found = []
    for group in guideline.needed:
        section = chart.sections[group]
        for limit in section.limits:
            found.append({"group": group.value, "reason": limit.value})
        if section.asserted_empty and not section.limits:
            found.append({"group": group.value, "reason": "sent-as-null"})
    return found


def _extension(assessment: Assessment, chart: Chart, guideline: Guideline) -> dict[str, Any]:
    row, duration = assessment.row, assessment.findings.duration
    content: dict[str, Any] = {
        "rule": row.rule,
        "recommendation": row.recommendation,
        "asOf": chart.as_of.isoformat(),
        "evidence": [_evidence_json(*pair) for pair in _evidence(assessment)],
        "notDocumented": not_documented(assessment, guideline),
        "unavailable": _unavailable(chart, guideline),
        "contentVersion": guideline.version,
    }
    if row.acr_variant:
        content["acrVariant"] = row.acr_variant
    if row.rating:
        content["rating"] = row.rating
    if duration.onset:
        content["onset"] = {
            "low": duration.onset.first.isoformat(),
            "high": duration.onset.last.isoformat(),
            "source": duration.evidence[0].reference if duration.evidence else "none",
            "days": duration.days(chart.as_of),
        }
    return {name: value for name, value in content.items() if value not in ([], "", None)}


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
        found["value"] = f"{entry.measure.value:g} {plain(entry.measure.unit or '')}".strip()
    return {name: value for name, value in found.items() if value}


def _suggestions(
    message: Message,
    order: Order,
    facts: Mapping[str, str],
    identity: tuple[Issue, str],
    studies: Studies,
) -> list[dict[str, Any]]:
    """Fill in what the card offers to do, one action each."""
    issue, seed = identity
    offered = []
    for template in message.suggestions:
        action = _action(template, order, facts, issue, studies)
        if action is None:
            continue
        offered.append(
            {
                "label": _fill(template.label, facts),
                "uuid": derived_uuid(issue.key, f"{seed}|{template.id}"),
                "actions": [action],
            }
        )
    return offered


def _action(
    template: SuggestionTemplate,
    order: Order,
    facts: Mapping[str, str],
    issue: Issue,
    studies: Studies,
) -> dict[str, Any] | None:
    description = _fill(template.description, facts)
    if template.action == "delete":
        if not order.id:
            return None
        key = "resource" if issue.delete_as_string else "resourceId"
        return {"type": "delete", "description": description, key: order.reference}
    sent = _without_empties(msgspec.json.decode(order.json))
    if template.action == "replace-study":
        code = _study(template, order, studies)
        if code is None:
            return None
        return {"type": "update", "description": description, "resource": {**sent, "code": code}}
    if template.action == "update":
        changed = {**sent, **(template.resource or {})}
        return {"type": "update", "description": description, "resource": changed}
    created: dict[str, Any] = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "proposal",
        **(template.resource or {}),
        "subject": {"reference": (sent.get("subject") or {}).get("reference") or "Patient/unknown"},
    }
    if template.due:
        created["occurrenceDateTime"] = _fill(template.due, facts)
    return {"type": "create", "description": description, "resource": created}


def _study(template: SuggestionTemplate, order: Order, studies: Studies) -> dict[str, Any] | None:
    """Name another study in the order's own code system; None if that system has no code for it."""
    system, code = order.study
    other = studies.get(template.study or "", {}).get(system or "")
    if other is None or other[0] == code:
        return None
    return {"coding": [{"system": system, "code": other[0], "display": other[1]}], "text": other[1]}


def _without_empties(value: Any) -> Any:
    """Drop what CDS Hooks forbids in an answer: null, empty strings, empty lists and objects."""
    if isinstance(value, dict):
        kept = {k: _without_empties(v) for k, v in value.items()}
        return {k: v for k, v in kept.items() if v not in (None, "", [], {})}
    if isinstance(value, list):
        return [v for v in map(_without_empties, value) if v not in (None, "", [], {})]
    return value
