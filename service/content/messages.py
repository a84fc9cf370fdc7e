"""The words of `cards/messages/`: what each card says, and what it offers to do."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from service.clinical.cards import SUMMARY_LIMIT
from service.clinical.facts import Facts
from service.clinical.guideline import Criterion, Row, Source
from service.clinical.words import Line, Message, SuggestionTemplate
from service.content.files import Content, known, none_unused, text
from service.errors import BadContent

_PLACE = re.compile(r"\{(.*?)\}")
_A_FACT = "00"  # of unknown text, a number of two digits
_A_DATE = "0000-00-00"
_DATES = ("symptom_review", "care_review", "soon", "imaged")


def messages(
    content: Content,
    flags_named: Mapping[str, str],
    criteria: Mapping[str, Criterion],
    sources: Mapping[str, Source],
) -> dict[str, Message]:
    """Read the message of each card that a row shows; `flags_named` is what its summary may hold.

    Raises BadContent for words that are missing, too long or hold a place that nothing fills.
    """
    catalogue = _catalogue(content, criteria, sources)
    reasons = content.yaml(content.messages / "override-reasons.yaml", "override-reasons")
    found = {}
    for card, flags in sorted(flags_named.items()):
        path = content.messages / card / "card.yaml"
        row = content.yaml(path, "card")
        known(path, card, "suggestions", row["suggestions"], catalogue)
        known(path, card, "override_reasons", [row["override_reasons"]], reasons)
        known(path, card, "sources", row["sources"], sources)
        summary, detail = _words(path.with_name("en.md"), flags)
        found[card] = Message(
            id=card,
            summary=summary,
            detail=detail,
            rule_in_words=row["rule_in_words"],
            suggestions=tuple(catalogue[name] for name in row["suggestions"]),
            override_reasons=tuple(reasons[row["override_reasons"]]["reasons"]),
            shows_not_documented=row["shows_not_documented"],
        )
    folders = {path.name for path in content.messages.iterdir() if path.is_dir()}
    offered = {s.id for message in found.values() for s in message.suggestions}
    none_unused(content.messages, folders - set(found))
    none_unused(content.messages / "suggestions.yaml", set(catalogue) - offered)
    return found


def lines(
    content: Content,
    criteria: Mapping[str, Criterion],
    rows: Iterable[Row],
    sources: Mapping[str, Source],
) -> tuple[Line, ...]:
    """Read the sentences that findings add to a card; raises BadContent."""
    path = content.messages / "lines.yaml"
    rules = {row.rule for row in rows}
    found = []
    for row in content.yaml(path, "lines"):
        known(path, row["id"], "rules", row["rules"], rules)
        known(path, row["id"], "when", row["when"], criteria)
        known(path, row["id"], "unless", row.get("unless", ()), criteria)
        known(path, row["id"], "sources", row["sources"], sources)
        _filled(path, row["id"], row["says"], Facts._fields)
        found.append(
            Line(
                id=row["id"],
                says=row["says"],
                rules=frozenset(row["rules"]),
                when=tuple(row["when"]),
                unless=tuple(row.get("unless", ())),
            )
        )
    return tuple(found)


def frame(content: Content) -> Mapping[str, Any]:
    """Read the sentences that every card shares; raises BadContent."""
    path = content.messages / "frame.yaml"
    sentences: Mapping[str, Any] = content.yaml(path, "frame")
    _filled(path, "rule", sentences["rule"], ("rule", "rule_in_words", "sources"))
    _filled(path, "footer", sentences["footer"], ("as_of", "version"))
    return sentences


def _catalogue(
    content: Content, criteria: Mapping[str, Criterion], sources: Mapping[str, Source]
) -> dict[str, SuggestionTemplate]:
    """Read what a card may offer to do."""
    path = content.messages / "suggestions.yaml"
    settings = content.yaml(content.guideline / "guideline.yaml", "guideline")
    found = {}
    for row in content.yaml(path, "suggestions"):
        known(path, row["id"], "study", filter(None, [row.get("study")]), settings["studies"])
        known(path, row["id"], "sources", row["sources"], sources)
        for name in ("when", "unless"):
            known(path, row["id"], name, row.get(name, ()), criteria)
        for words in (row["label"], row["description"], row.get("due", "")):
            _filled(path, row["id"], words, Facts._fields)
        if row["id"] in found:
            raise BadContent(path, row["id"], "stands twice")
        found[row["id"]] = _template(row)
    return found


def _template(row: Mapping[str, Any]) -> SuggestionTemplate:
    """Turn the lists of a row into tuples; its sources are for readers only."""
    kept: dict[str, Any] = {k: v for k, v in row.items() if k != "sources"}
    for name in ("when", "unless"):
        kept[name] = tuple(kept.get(name, ()))
    return SuggestionTemplate(**kept)


def _words(path: Path, flags: str) -> tuple[str, str]:
    """Read the words of a card: the first line is the summary, the rest the detail."""
    summary, _, detail = text(path).partition("\n")
    _filled(path, "line 1", summary, Facts._fields)
    _filled(path, "detail", detail, Facts._fields)
    longest = summary.strip().replace("{flags}", flags)
    for name in _DATES:
        longest = longest.replace("{" + name + "}", _A_DATE)
    longest = _PLACE.sub(_A_FACT, longest)
    if not 0 < len(longest) <= SUMMARY_LIMIT:
        raise BadContent(path, "line 1", f"must have 1 to {SUMMARY_LIMIT} characters")
    if not detail.strip():
        raise BadContent(path, "detail", "is missing")
    return summary.strip(), detail.strip()


def _filled(path: Path, key: str, words: str, facts: Iterable[str]) -> None:
    """Refuse a place in braces that nothing fills: a clinician would read the braces."""
    known(path, key, "a place", _PLACE.findall(words), facts)
