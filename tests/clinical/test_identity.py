"""A card's UUID tells its rule to whoever holds the key, and for whom it was issued."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.clinical.identity import RULE, card_id, owner_of, rule_of, suggestion_id
from service.web.answer import Desk

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
rules = st.from_regex(RULE, fullmatch=True).map(str.strip)


@given(rules, st.text(), st.text())
def test_a_card_tells_its_rule_to_its_owner_only(rule: str, owner: str, seed: str) -> None:
    card = UUID(card_id(KEY, owner, rule, seed))
    assert (card.version, card.variant) == (8, "specified in RFC 4122")
    assert rule_of(KEY, owner, card) == rule
    assert rule_of(KEY, owner + "x", card) is None
    assert rule_of(OTHER_KEY, owner, card) is None


@pytest.mark.parametrize("bit", [b for b in range(128) if b not in (62, 63, 76, 77, 78, 79)])
def test_one_changed_bit_proves_nothing(bit: int) -> None:
    card = UUID(card_id(KEY, "a", "R60", "seed"))
    assert rule_of(KEY, "a", UUID(int=card.int ^ 1 << bit)) is None


def test_no_uuid_of_anybody_else_is_taken_for_a_card() -> None:
    assert not any(rule_of(KEY, "a", uuid4()) for _ in range(20_000))


def test_other_calls_rules_and_owners_give_other_cards() -> None:
    made = {
        card_id(KEY, owner, rule, seed)
        for owner in ("a", "b")
        for rule in ("R60", "R61", "R67b")
        for seed in map(str, range(1000))
    }
    assert len(made) == 6000
    assert card_id(KEY, "a", "R60", "1") in made


def test_no_two_pairs_of_issuer_and_tenant_are_one_owner() -> None:
    assert owner_of("ab", "c") != owner_of("a", "bc")
    assert owner_of("a", None) != owner_of(None, "a")


def test_suggestions_have_identities_of_their_own() -> None:
    card = card_id(KEY, "a", "R60", "seed")
    assert len({suggestion_id(KEY, c, t) for c in (card, "x") for t in ("remove", "later")}) == 4


def test_every_rule_of_the_content_can_be_told(desk: Desk) -> None:
    for row in desk.guideline.rows:
        card = UUID(card_id(KEY, "", row.rule, "seed"))
        assert rule_of(KEY, "", card) == row.rule
        assert {r.recommendation for r in desk.guideline.rows_of(row.rule)} == {row.recommendation}
    assert desk.guideline.rows_of("Z99") == ()


def test_half_a_character_in_a_name_keeps_no_card_from_being_written() -> None:
    card = card_id(KEY, "\ud83d", "R60", "\udc00")
    assert rule_of(KEY, "\ud83d", UUID(card)) == "R60"
    assert card_id(KEY, "\ud83d", "R60", "\udc01") != card
