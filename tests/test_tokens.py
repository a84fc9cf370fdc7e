"""Whoever calls shows a token: 194 agreed ones, genuine and forged, at the door of production."""

import logging
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from attacks import META, ROWS, Keys, issuers, made_keys
from flask.testing import FlaskClient
from house import BASE, Answer, House, accepted, production, refused, watched

from service.app import create_app
from service.ledger.store import migrate
from service.settings import Settings
from service.web.token import MOST_CHARACTERS

HUGE_S = 0.05


@pytest.fixture(scope="module")
def keys() -> Keys:
    return made_keys()


@pytest.fixture(scope="module")
def house(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    settings = Settings(**production(folder, issuers(keys, folder)))
    migrate(settings.ledger_url.get_secret_value())
    made = House(keys=keys, settings=settings, client=FlaskClient(lambda *_: None))
    with watched(made):
        made.client = create_app(settings).test_client()
        yield made


def reasons(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Give the fixed word of every refusal in the log, in which no token may stand."""
    assert not re.search(r"eyJ[A-Za-z0-9_-]{20}", caplog.text)
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [line["reason"] for line in lines if line.get("status") == 401]


def plain(house: House, row: dict[str, Any], bearer: str, _: Any) -> list[Answer]:
    return [house.post(bearer)]


def another_header(house: House, row: dict[str, Any], bearer: str, value: Any) -> list[Answer]:
    return [house.post(*([value] if value else []))]


def another_scheme(house: House, row: dict[str, Any], bearer: str, scheme: Any) -> list[Answer]:
    return [house.post(f"{scheme} {bearer.removeprefix('Bearer ')}")]


def two_headers(house: House, row: dict[str, Any], bearer: str, _: Any) -> list[Answer]:
    other = f"Bearer {house.token()}"
    return [house.post(bearer, bearer), house.post(bearer, other), house.post(bearer, "Basic YTpi")]


def twice(house: House, row: dict[str, Any], bearer: str, _: Any) -> list[Answer]:
    assert accepted(house.post(bearer))
    return [house.post(bearer)]


def flood(house: House, row: dict[str, Any], bearer: str, count: Any) -> list[Answer]:
    before = len(house.fetched)
    given = [house.bearer(row) for _ in range(count)]
    assert len(house.fetched) - before <= 1
    return given


def at_once(house: House, row: dict[str, Any], bearer: str, count: Any) -> list[Answer]:
    with ThreadPoolExecutor(count) as pool:
        given = list(pool.map(lambda _: house.post(bearer), range(count)))
    rest = [one for one in given if not accepted(one)]
    assert len(rest) == count - 1
    return rest


def restarted(house: House, row: dict[str, Any], bearer: str, _: Any) -> list[Answer]:
    assert accepted(house.post(bearer))
    before, house.client = house.client, create_app(house.settings).test_client()
    given = house.post(bearer)
    house.client = before
    return [given]


def in_query(house: House, row: dict[str, Any], bearer: str, _: Any) -> list[Answer]:
    value = bearer.removeprefix("Bearer ")
    names = ("access_token", "token", "jwt", "Authorization")
    return [house.post(query=f"?{name}={value}") for name in names]


def in_body(house: House, row: dict[str, Any], bearer: str, _: Any) -> list[Answer]:
    value = bearer.removeprefix("Bearer ")
    return [house.post(**{name: value}) for name in ("access_token", "token", "authorization")]


def access_token(house: House, row: dict[str, Any], bearer: str, _: Any) -> list[Answer]:
    """Show what opens the EHR's FHIR server, be it opaque or signed with the very same key."""
    values = ("opaque-4711", house.token(aud="https://ehr.example.org/fhir"))
    return [house.post(f"Bearer {one}", fhirAuthorization={"access_token": one}) for one in values]


SENDERS = {
    "authorization": another_header,
    "scheme": another_scheme,
    "duplicate": two_headers,
    "send_twice": twice,
    "repeat": flood,
    "parallel": at_once,
    "restart_between": restarted,
    "query": in_query,
    "body": in_body,
    "use": access_token,
}


def sent(house: House, row: dict[str, Any]) -> list[Answer]:
    """Send a row's token as its `http` says; give the answers that are to be judged."""
    ((how, value),) = (row["http"] or {"plain": None}).items()
    claims = {}
    if row["id"] == "jti-same-other-iss":
        claims = {"jti": "the-same"}
        assert accepted(house.bearer(**claims))
    bearer = f"Bearer {house.token(row, **claims)}"
    return SENDERS.get(how, plain)(house, row, bearer, value)


def test_the_agreed_tokens_are_all_here() -> None:
    assert len(ROWS) == 194
    odd = {how for row in ROWS for how in row["http"] or {}}
    assert odd == set(SENDERS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_token_is_let_in_or_refused_as_agreed(
    row: dict[str, Any], house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    given = sent(house, row)
    if row["expect"] == "accept":
        assert all(accepted(one) for one in given)
    else:
        assert all(refused(one) for one in given)
        told = reasons(caplog)
        assert len(told) == len(given)
        assert "unreadable" not in told
    assert len(house.computed) == house.let_in
    assert not house.outbound


WRONG_IN_ONE_THING = {
    "jku_other": {"header_set": {"jku": "https://ehr2.example.org/jwks"}, "header_drop": []},
    "expired": {"payload_set": {"iat": "now-400", "exp": "now-61"}},
    "issued_in_the_future": {"payload_set": {"iat": "now+90"}},
    "not_yet_valid": {"payload_set": {"nbf": "now+90"}},
    "lives_too_long": {"payload_set": {"iat": "now-10", "exp": "now+3595"}},
    "tenant_unknown": {"payload_set": {"tenant": "TENANT-A"}},
    "aud_other": {"payload_set": {"aud": f"{META['service_url']}#"}},
    "issuer_unknown": {"payload_set": {"iss": "https://ehr.example.org"}},
    "alg_not_accepted": {"header_set": {"alg": "RS512"}, "sign": "rs512:k1"},
    "key_unknown": {"header_set": {"kid": "e2"}},
    "signature": {"sign": "rs384:kEpic"},
}


@pytest.mark.parametrize("reason", WRONG_IN_ONE_THING)
def test_one_thing_that_is_wrong_is_enough(
    reason: str, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    assert refused(house.bearer({**BASE, **WRONG_IN_ONE_THING[reason]}))
    assert reasons(caplog) == [reason]


def test_the_leeway_is_granted_at_both_ends(house: House) -> None:
    for times in ({"iat": "now-400", "exp": "now-55"}, {"iat": "now+55"}, {"nbf": "now+55"}):
        assert accepted(house.bearer({**BASE, "payload_set": times}))


def test_a_second_spelling_of_the_same_bytes_is_refused(house: House) -> None:
    """The last of 256 bytes leaves four bits of the last character that say nothing."""
    bearer = f"Bearer {house.token()}"
    assert bearer[-1] in "AQgw"
    assert refused(house.post(bearer[:-1] + chr(ord(bearer[-1]) + 1)))
    assert accepted(house.post(bearer))


def test_a_huge_token_costs_nothing(house: House) -> None:
    huge = house.token(next(row for row in ROWS if row["id"] == "huge"))
    assert len(huge) > 999_000
    begun = time.process_time()
    assert refused(house.post(f"Bearer {huge}"))
    assert time.process_time() - begun < HUGE_S


@pytest.mark.parametrize("part", ["header_nest", "payload_nest"])
def test_a_deep_token_that_is_short_enough_is_refused(part: str, house: House) -> None:
    deep = house.token({**BASE, "raw": {part: 5000}})
    assert len(deep) < MOST_CHARACTERS
    assert refused(house.post(f"Bearer {deep}"))


ODD_IDS = ["\ud800", "a\ud800b", "\t", "\u00a0", "a ", "x" * 256]


@pytest.mark.parametrize("token_id", ODD_IDS, ids=ascii)
def test_an_id_that_is_no_text_is_refused(token_id: str, house: House) -> None:
    assert refused(house.bearer(jti=token_id))


def test_a_token_for_discovery_opens_discovery_once(house: House) -> None:
    audience = META["service_url"].removesuffix("/lumbar-mri")
    headers = {"Authorization": f"Bearer {house.token(aud=audience)}"}
    assert house.client.get("/cds-services", headers=headers).json["services"]
    assert refused(house.client.get("/cds-services", headers=headers))
    assert refused(house.client.get("/cds-services"))
