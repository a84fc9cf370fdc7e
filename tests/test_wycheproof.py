"""Signatures and key sets of Project Wycheproof: no forged one counts, each genuine one does."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

from service.clients import Algorithm, Issuer
from service.ehr.keys import bound, read_keys
from service.errors import NotAuthorized
from service.web import token

pytestmark = pytest.mark.real_data
ALL = get_args(Algorithm)
USUAL = ("RS384", "ES384")
ACCEPTED = "accepted"
_SYMMETRIC = {1, 348, 352, 357, 358, 359, 376, 377}
_SYMMETRIC_WITH_ODD_CHARACTERS = {372, 373}  # which a lenient reader of base64url would pass over
_NO_PAYLOAD = {259, 264, 268, 272, 320, 325}  # and so no claim
_KEY_FOR_ANOTHER_ALGORITHM = {346, 347, 350, 351}  # PS256 for PS384, ES521 (sic) for ES512
GENUINE_REFUSED = {
    "alg_not_accepted": _SYMMETRIC,
    "malformed": _SYMMETRIC_WITH_ODD_CHARACTERS | _NO_PAYLOAD,
    "key_unknown": _KEY_FOR_ANOTHER_ALGORITHM,
}
GENUINE_KEY_SETS_REFUSED = {"alg_not_accepted": {2, 13, 14, 15}}


class Vector(NamedTuple):
    """One signed text, the keys it is to be judged by, and whether it is genuine."""

    id: int
    jws: str
    keys: dict[str, Any]
    is_genuine: bool


def vectors(shared: Path, name: str) -> Iterator[Vector]:
    folder = shared / "reliability/corpora/wycheproof_jose"
    content = json.loads((folder / f"json_web_{name}_test.json").read_text(encoding="utf-8"))
    for group in content["testGroups"]:
        key = group.get("public", group.get("private"))
        keys = key if "keys" in key else {"keys": [key]}
        for test in group["tests"]:
            jws = test["jws"] if isinstance(test["jws"], str) else json.dumps(test["jws"])
            yield Vector(test["tcId"], jws, keys, test["result"] == "valid")


def verdict(vector: Vector, algorithms: tuple[Any, ...]) -> str:
    """Judge the signature alone; the vectors are no JWTs, so that their headers name no type."""
    issuer = Issuer(iss="i", keys_file="none", algorithms=algorithms)
    keys = read_keys(vector.keys)
    try:
        compact, header, _ = token._parts(f"Bearer {vector.jws}")
        token._check_signature(
            compact,
            {"typ": "JWT", **token._object(header)},
            issuer,
            lambda _, kid, algorithm: bound(keys[kid], algorithm) if kid in keys else None,
        )
    except NotAuthorized as refusal:
        return refusal.reason
    return ACCEPTED


def refused_though_genuine(judged: list[tuple[Vector, str]]) -> dict[str, set[int]]:
    given: dict[str, set[int]] = {}
    for vector, said in judged:
        if vector.is_genuine and said != ACCEPTED:
            given.setdefault(said, set()).add(vector.id)
    return given


@pytest.mark.parametrize(("name", "count"), [("signature", 401), ("key", 26)])
@pytest.mark.parametrize("algorithms", [ALL, USUAL], ids=["all", "usual"])
def test_nothing_forged_is_accepted(
    name: str, count: int, algorithms: tuple[Any, ...], shared: Path
) -> None:
    judged = [(vector, verdict(vector, algorithms)) for vector in vectors(shared, name)]
    assert len(judged) == count
    assert not [v.id for v, said in judged if said == ACCEPTED and not v.is_genuine]


def test_each_genuine_signature_is_accepted_but_those_we_have_reasons_to_refuse(
    shared: Path,
) -> None:
    judged = [(vector, verdict(vector, ALL)) for vector in vectors(shared, "signature")]
    assert refused_though_genuine(judged) == GENUINE_REFUSED
    assert Counter(said for _, said in judged)[ACCEPTED] == 26


def test_each_genuine_key_set_is_accepted_but_those_of_secrets(shared: Path) -> None:
    judged = [(vector, verdict(vector, ALL)) for vector in vectors(shared, "key")]
    assert refused_though_genuine(judged) == GENUINE_KEY_SETS_REFUSED
    assert [vector.id for vector, said in judged if said == ACCEPTED] == [5]


def test_only_what_an_issuer_is_registered_for_counts(shared: Path) -> None:
    judged = [(vector, verdict(vector, USUAL)) for vector in vectors(shared, "signature")]
    assert [vector.id for vector, said in judged if said == ACCEPTED] == [265, 266, 267]


@pytest.mark.parametrize("name", ["signature", "key", "crypto", "encryption"])
def test_none_of_them_is_a_token_that_lets_anyone_in(name: str, shared: Path) -> None:
    issuer = Issuer(iss="i", keys_file="none", algorithms=ALL)
    folder = shared / "reliability/corpora/wycheproof_jose"
    content = json.loads((folder / f"json_web_{name}_test.json").read_text(encoding="utf-8"))
    for test in (test for group in content["testGroups"] for test in group["tests"]):
        given = test.get("jws") or test.get("jwe") or ""
        with pytest.raises(NotAuthorized) as refusal:
            token.verified(f"Bearer {given}", "a", {"i": issuer}, lambda *_: None, time.time())
        assert refusal.value.reason != "unreadable"
