"""The words of `cards/messages/`: what each card says, and what it offers to do."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from service.clinical.cards import SUMMARY_LIMIT, Facts
from service.clinical.guideline import Message, SuggestionTemplate
from service.content.files import Content, known, none_unused, text
from service.content.vocabulary import ValueSets
from service.errors import BadContent

_PLACE = re.compile(r"\{(.*?)\}")
_A_FACT = "00"  # of unknown text, a number of two digits


def messages(
    content: Content, flags_named: Mapping[str, str], sets: ValueSets
) -> dict[str, Message]:
    """Read the message of each card that a row shows; `flags_named` is what its summary may hold.

    Raises BadContent for words that are missing, too long or hold a place that nothing fills.
    """
    catalogue = _catalogue(content, sets)
    reasons = content.yaml(content.messages / "override-reasons.yaml", "override-reasons")
    found = {}
    for card, flags in sorted(flags_named.items()):
        path = content.messages / card / "card.yaml"
        row = content.yaml(path, "card")
        known(path, card, "suggestions", row["suggestions"], catalogue)
        known(path, card, "override_reasons", [row["override_reasons"]], reasons)
        summary, detail = _words(path.with_name("en.md"), flags)
        found[card] = Message(
            id=card,
            summary=summary,
            detail=detail,
            rule_in_words=row["rule_in_words"],
            suggestions=tuple(catalogue[name] for name in row["suggestions"]),
            override_reasons=tuple(reasons[row["override_reasons"]]),
            shows_not_documented=row["shows_not_documented"],
        )
    folders = {path.name for path in content.messages.iterdir() if path.is_dir()}
    offered = {s.id for message in found.values() for s in message.suggestions}
    none_unused(content.messages, folders - set(found))
    none_unused(content.messages / "suggestions.yaml", set(catalogue) - offered)
    return found


def frame(content: Content) -> Mapping[str, Any]:
    """Read the sentences that every card shares; raises BadContent."""
    path = content.messages / "frame.yaml"
    sentences: Mapping[str, Any] = content.yaml(path, "frame")
    _filled(path, "rule", sentences["rule"], ("rule", "rule_in_words", "sources"))
    _filled(path, "footer", sentences["footer"], ("as_of", "version"))
    return sentences


def _catalogue(content: Content, sets: ValueSets) -> dict[str, SuggestionTemplate]:
    """Read what a card may offer to do."""
    path = content.messages / "suggestions.yaml"
    found = {}
    for row in content.yaml(path, "suggestions"):
        known(path, row["id"], "study", filter(None, [row.get("study")]), sets)
        for words in (row["label"], row["description"], row.get("due", "")):
            _filled(path, row["id"], words, Facts._fields)
        if row["id"] in found:
            raise BadContent(path, row["id"], "stands twice")
        found[row["id"]] = SuggestionTemplate(**row)
    return found


def _words(path: Path, flags: str) -> tuple[str, str]:
    """Read the words of a card: the first line is the summary, the rest the detail."""
    summary, _, detail = text(path).partition("\n")
    _filled(path, "line 1", summary, Facts._fields)
    _filled(path, "detail", detail, Facts._fields)
    longest = _PLACE.sub(_A_FACT, summary.strip().replace("{flags}", flags))
    if not 0 < len(longest) <= SUMMARY_LIMIT:
        raise BadContent(path, "line 1", f"must have 1 to {SUMMARY_LIMIT} characters")
    if not detail.strip():
        raise BadContent(path, "detail", "is missing")
    return summary.strip(), detail.strip()


def _filled(path: Path, key: str, words: str, facts: Iterable[str]) -> None:
    """Refuse a place in braces that nothing fills: a clinician would read the braces."""
    known(path, key, "a place", _PLACE.findall(words), facts)
