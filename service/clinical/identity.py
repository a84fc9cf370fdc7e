"""The identity of a card: a UUID that tells us, and nobody else, by which rule it was issued.

Feedback may come weeks later, from a caller who knows the UUID only, and when no record of the card
could be kept. So each UUID (version 8 of RFC 9562) holds 74 bits that are derived from the call,
the rule under a seal, and 31 bits that prove to whom the card was issued.
"""

import hmac
import re
from uuid import UUID

RULE = re.compile(r"[A-Z][0-9]{2}[a-z]?")
_UNIQUE_BITS, _RULE_BITS, _PROOF_BITS = 74, 17, 31
_LETTERS, _NUMBERS = 32, 128  # what 5 and 7 bits can tell apart
_LOW_BITS = 62  # of a UUID's last part; twelve more stand behind the version


def owner_of(issuer: str | None, tenant: str | None) -> str:
    """Name whose a card is, so that no two pairs of issuer and tenant give the same name."""
    issuer, tenant = issuer or "", tenant or ""
    return f"{len(issuer)}:{issuer}{tenant}"


def card_id(key: bytes, owner: str, rule: str, seed: str) -> str:
    """Derive a card's UUID; the same key, owner, rule and seed give the same one."""
    return _sealed(key, owner, rule, _derived(key, f"card|{owner}|{seed}", _UNIQUE_BITS))


def rule_of(key: bytes, owner: str, card: UUID) -> str | None:
    """Read by which rule a card was issued; None for one that was not issued to this owner."""
    unique = (card.int >> 64 & 0xFFF) << _LOW_BITS | card.int & (1 << _LOW_BITS) - 1
    sealed = card.int >> 80 >> _PROOF_BITS
    rule = _rule(sealed ^ _derived(key, f"seal|{owner}|{unique}", _RULE_BITS))
    return rule if rule and _sealed(key, owner, rule, unique) == str(card) else None


def suggestion_id(key: bytes, card: str, template: str) -> str:
    """Derive the UUID of one suggestion of a card."""
    high = _derived(key, f"suggestion|{card}|{template}", 48)
    return _uuid(high, _derived(key, f"suggested|{card}|{template}", _UNIQUE_BITS))


def _sealed(key: bytes, owner: str, rule: str, unique: int) -> str:
    """Write a card's UUID: the rule under its seal, the proof, and what makes it the only one."""
    sealed = _derived(key, f"seal|{owner}|{unique}", _RULE_BITS) ^ _number(rule)
    proof = _derived(key, f"proof|{owner}|{unique}|{rule}", _PROOF_BITS)
    return _uuid(sealed << _PROOF_BITS | proof, unique)


def _derived(key: bytes, named: str, bits: int) -> int:
    digest = hmac.digest(key, named.encode(errors="surrogatepass"), "sha256")
    return int.from_bytes(digest[:16]) >> (128 - bits)


def _uuid(high: int, low: int) -> str:
    """Write 48 bits and 74 bits as a UUID of version 8 and the usual variant."""
    middle = low >> _LOW_BITS | 8 << 12
    tail = low & (1 << _LOW_BITS) - 1 | 2 << _LOW_BITS
    return str(UUID(int=high << 80 | middle << 64 | tail))


def _number(rule: str) -> int:
    """Number a rule: its letter, its two digits, and the small letter behind them."""
    suffix = ord(rule[3:]) - ord("a") + 1 if rule[3:] else 0
    return ((ord(rule[0]) - ord("A")) * _NUMBERS + int(rule[1:3])) * _LETTERS + suffix


def _rule(number: int) -> str | None:
    """Name the rule of a number; None for one that no rule has."""
    rest, suffix = divmod(number, _LETTERS)
    letter, digits = divmod(rest, _NUMBERS)
    named = f"{chr(ord('A') + letter)}{digits:02d}{chr(ord('a') + suffix - 1) if suffix else ''}"
    return named if RULE.fullmatch(named) else None
