"""What an EHR says became of our cards: the shapes of CDS Hooks 1.1 to 3.0, and Epic's."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Literal
from uuid import UUID

from service.clinical.guideline import Guideline
from service.clinical.identity import rule_of, suggestion_id
from service.errors import BadHookRequest
from service.ledger.feedback import FeedbackBook, Occasion, Said
from service.web.envelope import read_strictly
from service.web.record import UNFIT, CallRecord, is_code, storable

MOST_BYTES = 256 * 1024
UNKNOWN_CARD = "unknown_card"  # among the outcomes of a feedback
_MOST_ITEMS = 1000
_LONGEST_COMMENT, _LONGEST_CODE = 2000, 255
_MOST_SUGGESTIONS = 20
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
_LEAP_SECOND = re.compile(r"(?<=[Tt]\d\d:\d\d:)60")
_EARLY_MS, _LATE_MS = 366 * 86_400_000, 600_000  # what may lie between an outcome and its news
# The ends of the names under which Epic tells a reason in an extension.
_EPIC = {"code": "reasonCategory", "display": ("reasonDisplay", "reasonTitle")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One item of a feedback, as it was sent; the suggestions by their UUIDs."""

    card: UUID
    outcome: Literal["accepted", "overridden"]
    outcome_at: int  # ms since 1970
    suggestions: tuple[str, ...]
    reason: Mapping[str, str]  # of system, code, display those that were told
    comment: str | None


def read(body: bytes) -> list[Item]:
    """Read a feedback, all of it or none; raises BadHookRequest naming the field, never its value.

    A bare item without the list around it is one item.
    """
    if len(body) > MOST_BYTES:
        raise BadHookRequest("body", expected=f"at most {MOST_BYTES} bytes", status=413)
    content = read_strictly(body)
    if isinstance(content, dict) and "card" in content and "feedback" not in content:
        content = {"feedback": [content]}
    items = content.get("feedback") if isinstance(content, dict) else None
    if not isinstance(items, list) or not items:
        raise BadHookRequest("feedback", expected="a list of at least one item")
    if len(items) > _MOST_ITEMS:
        raise BadHookRequest("feedback", expected=f"at most {_MOST_ITEMS} items", status=413)
    return [_item(item, f"feedback.{place}") for place, item in enumerate(items)]


def _item(item: Any, place: str) -> Item:
    if not isinstance(item, dict):
        raise BadHookRequest(place, expected="an object")
    outcome = item.get("outcome")
    if outcome not in ("accepted", "overridden"):
        raise BadHookRequest(f"{place}.outcome", expected="accepted or overridden")
    reason, comment = _reason(item, place)
    return Item(
        card=_uuid(item.get("card"), f"{place}.card"),
        outcome=outcome,
        outcome_at=_milliseconds(item.get("outcomeTimestamp"), f"{place}.outcomeTimestamp"),
        suggestions=_accepted(item, place) if outcome == "accepted" else (),
        reason=reason,
        comment=comment,
    )


def _uuid(given: Any, place: str) -> UUID:
    try:
        if isinstance(given, str) and len(given) == len(str(UUID(int=0))):
            return UUID(given)
    except ValueError:
        pass
    raise BadHookRequest(place, expected="the uuid of a card")


def _milliseconds(given: Any, place: str) -> int:
    """Read a time with its offset; a leap second counts as the second before it."""
    wrong = BadHookRequest(place, expected="a date and time like 2026-11-26T09:30:00Z")
    if not isinstance(given, str) or not _TIME.fullmatch(given):
        raise wrong
    try:
        when = datetime.fromisoformat(_LEAP_SECOND.sub("59", given).upper())
        return round(when.astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError):
        raise wrong from None


def _accepted(item: Mapping[str, Any], place: str) -> tuple[str, ...]:
    place = f"{place}.acceptedSuggestions"
    given = item.get("acceptedSuggestions")
    if not isinstance(given, list) or not 0 < len(given) <= _MOST_SUGGESTIONS:
        raise BadHookRequest(place, expected="a list of the suggestions that were accepted")
    return tuple(
        str(_uuid(one.get("id") if isinstance(one, dict) else None, f"{place}.{number}.id"))
        for number, one in enumerate(given)
    )


def _reason(item: Mapping[str, Any], place: str) -> tuple[dict[str, str], str | None]:
    """Read why a card was overridden: a coding, a comment, or what Epic tells in an extension."""
    name = "overrideReason" if item.get("overrideReason") is not None else "overrideReasons"
    given = item.get(name)
    if isinstance(given, list):
        given = given[0] if given else None
    if given is None:
        return _without_words(_of_epic(item.get("extension"))), None
    wrong = BadHookRequest(f"{place}.{name}", expected="a reason or a userComment")
    if not isinstance(given, dict):
        raise wrong
    comment = given.get("userComment")
    if comment is not None and not isinstance(comment, str):
        raise BadHookRequest(f"{place}.{name}.userComment", expected="a text")
    if not isinstance(given.get("reason"), (dict, str, type(None))):
        raise BadHookRequest(f"{place}.{name}.reason", expected="a Coding")
    coded = _coding(given.get("reason")) or _of_epic(given.get("extension"))
    coded = _without_words(coded or _of_epic(item.get("extension")))
    if not coded and not comment:
        raise wrong
    return coded, _text(comment, _LONGEST_COMMENT)


def _coding(given: Any) -> dict[str, str]:
    """Read a Coding, the first of a CodeableConcept, or a bare code."""
    if isinstance(given, str):
        given = {"code": given}
    if isinstance(given, dict) and isinstance(given.get("coding"), list):
        given = next(iter(given["coding"]), None)
    if not isinstance(given, dict):
        return {}
    told = {name: _text(given.get(name), _LONGEST_CODE) for name in ("system", "code", "display")}
    return {name: value for name, value in told.items() if value}


def _of_epic(extension: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in extension.items() if isinstance(extension, dict) else ():
        text = _text(value, _LONGEST_CODE)
        if text and key.endswith(_EPIC["code"]):
            found |= {"system": _text(key, _LONGEST_CODE) or "", "code": text}
        elif text and key.endswith(_EPIC["display"]):
            found.setdefault("display", text)
    return found


def _without_words(reason: dict[str, str]) -> dict[str, str]:
    """Keep what is no code as the words that it is: codes are told in reports, words are not."""
    code, display = reason.get("code"), reason.get("display")
    if code and not is_code(code):
        reason |= {"code": UNFIT, "display": display or code}
    if not is_code(reason.get("system") or UNFIT):
        reason |= {"system": UNFIT}
    return reason


def _text(given: Any, longest: int) -> str | None:
    """Give a text as any database takes it, cut where it is too long."""
    if not isinstance(given, str):
        return None
    return (storable(given) or "")[:longest].strip() or None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reception:
    """Takes feedback on the cards of one content."""

    book: FeedbackBook
    guideline: Guideline

    def take(self, body: bytes, kept: CallRecord, day: date) -> None:
        """Store what is said of our cards; of any other card nothing, and nobody is told so.

        Raises BadHookRequest where any of it cannot be read, and StoreDown where none was stored.
        """
        items = read(body)
        occasion = Occasion(
            call_id=kept.request_id,
            issuer=kept.issuer,
            tenant=kept.tenant,
            received_at=kept.at,
            day=day,
        )
        proven = {str(i.card): rule_of(self.book.key, kept.owner, i.card) for i in items}
        unproven = [card for card, rule in proven.items() if not rule]
        rules = self.book.rules_of(unproven, occasion)
        rules |= {card: rule for card, rule in proven.items() if rule}
        ours = [item for item in items if str(item.card) in rules]
        said = [self._said(item, rules[str(item.card)], kept.at) for item in ours]
        self.book.store(said, rules, occasion)
        outcomes = (i.outcome if str(i.card) in rules else UNKNOWN_CARD for i in items)
        kept.outcomes = dict(Counter(outcomes))

    def _said(self, item: Item, rule: str, received_at: int) -> Said:
        card = str(item.card)
        messages = [self.guideline.messages[row.card] for row in self.guideline.rows_of(rule)]
        names = {
            suggestion_id(self.book.key, card, offer.id): offer.id
            for message in messages
            for offer in message.suggestions
        }
        return Said(
            card=card,
            outcome=item.outcome,
            outcome_at=item.outcome_at,
            time_doubtful=not -_EARLY_MS <= item.outcome_at - received_at <= _LATE_MS,
            suggestions=tuple(names.get(one) for one in item.suggestions),
            **{f"reason_{name}": value for name, value in item.reason.items()},
            comment=item.comment,
        )
