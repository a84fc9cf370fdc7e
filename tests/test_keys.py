"""Where an issuer's keys come from: good ones serve on, whatever its key server does."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args
from uuid import uuid4

import pytest
from conftest import STRICT
from cryptography.hazmat.primitives.asymmetric import ec
from key_server import (
    Behaviour,
    KeyServer,
    answering,
    cut_short,
    dripping,
    dripping_headers,
    endless,
    key_server,
    silent,
)
from signing import Private, b64, ec_key, jwk_set, public_jwk, rsa_key, token

from service.clients import Algorithm, Issuer
from service.ehr.keys import (
    COOLDOWN_S,
    FETCH_S,
    FRESH_S,
    KEPT_S,
    STALE_WAIT_S,
    KeyRing,
    bound,
    read_keys,
)
from service.errors import BadSetting, NotAuthorized
from service.web.token import verified

SLACK_S = 1.0
AT_ONCE_S = 0.2 if STRICT else 0.4  # to wait is to wait for 0.5 s at least
AUDIENCE = "https://cds.example.org/cds-services/lumbar-mri"
MANY = 1000


@pytest.fixture(scope="module")
def rsa() -> Private:
    return rsa_key()


@pytest.fixture(scope="module")
def curve() -> Private:
    return ec_key(ec.SECP384R1())


@pytest.fixture
def server() -> Iterator[KeyServer]:
    with key_server() as running:
        yield running


def ring_of(server: KeyServer, **more: Any) -> KeyRing:
    return KeyRing(issuer=Issuer(**{"iss": "https://ehr.example.org/", "jku": server.url, **more}))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody go on with old keys since a busy machine answers late."""
    monkeypatch.setattr("service.ehr.keys.STALE_WAIT_S", FETCH_S)


def settle(ring: KeyRing) -> None:
    """Wait until nobody asks the key server any more."""
    end = time.monotonic() + FETCH_S + SLACK_S
    while ring._asking is not None:
        assert time.monotonic() < end
        time.sleep(0.005)


def pass_time(ring: KeyRing, seconds: float) -> None:
    """Let all that the ring knows be older."""
    ring._tried_at -= seconds
    ring._fetched_at -= seconds


def knows(ring: KeyRing, kid: str, algorithm: str = "RS384") -> bool:
    return ring.key(kid, algorithm) is not None


def test_keys_are_fetched_once_and_serve_all_calls(server: KeyServer, rsa: Private) -> None:
    server.publish(jwk_set(k1=rsa))
    ring = ring_of(server)
    assert all(knows(ring, "k1") for _ in range(MANY))
    assert server.asked == ["/jwks"]


def test_a_flood_of_unknown_ids_asks_once_a_cooldown(server: KeyServer, rsa: Private) -> None:
    server.publish(jwk_set(k1=rsa))
    ring = ring_of(server)
    for cooldowns in (1, 2):
        with ThreadPoolExecutor(16) as pool:
            assert not any(pool.map(lambda _: knows(ring, str(uuid4())), range(MANY)))
        assert len(server.asked) == cooldowns
        assert knows(ring, "k1")
        pass_time(ring, COOLDOWN_S)


BAD: dict[str, Behaviour] = {
    "500": answering(b"{}", 500),
    "503": answering(b"{}", 503, Retry_After="0"),
    "silent": silent,
    "a byte now and then": dripping,
    "a header without end": dripping_headers,
    "50 MB": endless,
    "cut short": cut_short,
    "no JSON": answering(b"<html>"),
    "no UTF-8": answering(b'{"keys": ["\xff"]}'),
    "deep": answering(b"[" * 100_000),
    "a long number": answering(b"9" * 100_000),
    "no keys": answering(b"{}"),
    "keys of another type": answering(b'{"keys": {"k1": 1}}'),
    "packed": answering(b"{}", Content_Encoding="gzip"),
    "not changed": answering(b"", 304),
    "moved": answering(b"", 302, Location="/elsewhere"),
}


@pytest.mark.parametrize("name", BAD)
def test_the_keys_of_before_serve_on_while_the_key_server_fails(
    name: str, server: KeyServer, rsa: Private
) -> None:
    server.publish(jwk_set(k1=rsa))
    ring = ring_of(server)
    assert knows(ring, "k1")
    server.behave = BAD[name]
    pass_time(ring, FRESH_S + 1)
    begun = time.perf_counter()
    assert all(knows(ring, "k1") for _ in range(100))
    assert time.perf_counter() - begun < STALE_WAIT_S + AT_ONCE_S  # one of the hundred waits
    settle(ring)
    assert knows(ring, "k1")
    assert ring.failures == 1
    assert server.asked == ["/jwks"] * 2
    pass_time(ring, KEPT_S)
    assert not knows(ring, "k1")


@pytest.mark.parametrize("name", BAD)
def test_a_key_server_that_fails_from_the_start_is_waited_for_once(
    name: str, server: KeyServer, rsa: Private
) -> None:
    server.behave = BAD[name]
    ring = ring_of(server)
    begun = time.perf_counter()
    assert not any(knows(ring, "k1") for _ in range(100))
    assert time.perf_counter() - begun < FETCH_S + SLACK_S
    settle(ring)
    assert server.asked == ["/jwks"]
    server.publish(jwk_set(k1=rsa))
    pass_time(ring, COOLDOWN_S)
    assert knows(ring, "k1")
    assert ring.failures == 0


def test_of_50_megabytes_few_are_read(server: KeyServer) -> None:
    server.behave = endless
    ring = ring_of(server)
    assert not knows(ring, "k1")
    settle(ring)
    assert server.sent < 20_000_000  # what the sockets hold


def test_a_rotated_key_is_picked_up_after_the_cooldown(
    server: KeyServer, rsa: Private, curve: Private
) -> None:
    server.publish(jwk_set(k1=rsa))
    ring = ring_of(server)
    assert knows(ring, "k1")
    server.publish(jwk_set(k1=rsa, k2=curve))
    assert not knows(ring, "k2", "ES384")
    pass_time(ring, COOLDOWN_S)
    assert knows(ring, "k2", "ES384")
    assert knows(ring, "k1")


@pytest.mark.usefixtures("patient")
def test_a_key_that_changed_under_its_id_is_picked_up_when_it_is_stale(server: KeyServer) -> None:
    before, after = rsa_key(), rsa_key()
    server.publish(jwk_set(k1=before), Cache_Control="public, max-age=60")
    ring = ring_of(server)
    old = ring.key("k1", "RS384")
    server.publish(jwk_set(k1=after))
    pass_time(ring, 61)
    assert old.key == before.public_key()
    assert ring.key("k1", "RS384").key == after.public_key()


@pytest.mark.usefixtures("patient")
def test_an_empty_set_takes_all_keys_back(server: KeyServer, rsa: Private) -> None:
    server.publish(jwk_set(k1=rsa), Cache_Control="max-age=60")
    ring = ring_of(server)
    assert knows(ring, "k1")
    server.behave = answering(b'{"keys": []}')
    pass_time(ring, 61)
    assert not knows(ring, "k1")


def ring_that_lost_k1(server: KeyServer, rsa: Private, curve: Private, max_age_s: int) -> KeyRing:
    """Give a ring that knows both keys of a server which has taken the first back by now."""
    server.publish(jwk_set(k1=rsa, k2=curve), Cache_Control=f"max-age={max_age_s}")
    ring = ring_of(server)
    assert knows(ring, "k1")
    server.publish(jwk_set(k2=curve))
    return ring


@pytest.mark.usefixtures("patient")
def test_a_key_that_was_taken_back_is_not_used_once_more(
    server: KeyServer, rsa: Private, curve: Private
) -> None:
    ring = ring_that_lost_k1(server, rsa, curve, max_age_s=60)
    pass_time(ring, 61)
    assert not knows(ring, "k1")


def test_a_key_that_was_taken_back_serves_no_longer_than_an_hour(
    server: KeyServer, rsa: Private, curve: Private
) -> None:
    ring = ring_that_lost_k1(server, rsa, curve, max_age_s=999_999_999)
    pass_time(ring, FRESH_S + 1)
    knows(ring, "k2", "ES384")
    settle(ring)
    assert not knows(ring, "k1")
    assert knows(ring, "k2", "ES384")


def test_while_one_caller_waits_for_a_new_key_the_others_are_answered(
    server: KeyServer, rsa: Private
) -> None:
    server.publish(jwk_set(k1=rsa))
    ring = ring_of(server)
    assert knows(ring, "k1")
    server.behave = silent
    pass_time(ring, COOLDOWN_S)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(knows, ring, "new")
        time.sleep(0.1)
        begun = time.perf_counter()
        assert knows(ring, "k1")
        assert not knows(ring, "other")
        assert time.perf_counter() - begun < AT_ONCE_S
        assert not waiting.result()


def test_a_redirect_is_never_followed(server: KeyServer, rsa: Private) -> None:
    with key_server() as other:
        other.publish(jwk_set(k1=rsa))
        for status in (301, 302, 303, 307, 308):
            server.behave = answering(b"", status, Location=other.url)
            assert not knows(ring_of(server), "k1")
        assert not other.asked


def test_a_key_server_inside_is_asked_only_if_its_network_was_registered(
    server: KeyServer, rsa: Private
) -> None:
    server.publish(jwk_set(k1=rsa))
    named = server.url.replace("127.0.0.1", "localhost")
    assert not knows(ring_of(server, jku=named), "k1")
    assert not server.asked
    inside = ("127.0.0.0/8", "::1/128")
    assert knows(ring_of(server, jku=named, private_networks=inside), "k1")


@pytest.mark.parametrize("name", ["jku", "x5u", "jwk"])
def test_what_a_token_points_to_is_never_fetched(
    name: str, server: KeyServer, rsa: Private
) -> None:
    attacker = rsa_key()
    server.publish(jwk_set(k1=rsa))
    with key_server() as evil:
        evil.publish(jwk_set(k1=attacker))
        told = {"jku": evil.url, "x5u": evil.url, "jwk": public_jwk(attacker, "k1")}[name]
        ring = ring_of(server)
        header = {"alg": "RS384", "typ": "JWT", "kid": "k1", name: told}
        assert admitted(ring, {**header}, attacker) in ("jku_other", "signature")
        assert not evil.asked
    assert admitted(ring, {"alg": "RS384", "typ": "JWT", "kid": "k1", "jku": server.url}, rsa) == ""


def admitted(ring: KeyRing, header: dict[str, Any], key: Private) -> str:
    """Give the reason for which a token that is right in all else is refused, or none."""
    now = int(time.time())
    times = {"iat": now, "exp": now + 300}
    claims = {"iss": ring.issuer.iss, "aud": AUDIENCE, "jti": str(uuid4()), **times}
    issuers = {ring.issuer.iss: ring.issuer}
    try:
        verified(
            f"Bearer {token(header, claims, key)}",
            AUDIENCE,
            issuers,
            lambda _, kid, algorithm: ring.key(kid, algorithm),
            now,
        )
    except NotAuthorized as refusal:
        return refusal.reason
    return ""


def test_whatever_breaks_while_a_token_is_read_lets_nobody_in(
    server: KeyServer, rsa: Private, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(KeyRing, "key", lambda *_: 1 / 0)
    header = {"alg": "RS384", "typ": "JWT", "kid": "k1"}
    assert admitted(ring_of(server), header, rsa) == "unreadable"


def unfit(rsa: Private, curve: Private) -> dict[str, list[dict[str, Any]]]:
    """Keys of one set that may verify nothing, by what is wrong with them."""
    secret = {"kty": "oct", "k": b64(b"x" * 48), "kid": "k1"}
    private = {"d": b64(rsa.private_numbers().d.to_bytes(256))}
    shown = public_jwk(rsa, "k1")
    return {
        "for encryption": [public_jwk(rsa, "k1", use="enc")],
        "of unknown use": [public_jwk(rsa, "k1", use="tls")],
        "not to verify": [public_jwk(rsa, "k1", key_ops=["sign"])],
        "operations that are no list": [public_jwk(rsa, "k1", key_ops="verify")],
        "a secret": [secret],
        "a secret for an asymmetric algorithm": [{**secret, "alg": "RS384"}],
        "for another algorithm": [public_jwk(rsa, "k1", alg="RS256")],
        "published with its private half": [{**shown, **private}],
        "too small": [public_jwk(rsa_key(1024), "k1")],
        "of another family": [public_jwk(curve, "k1")],
        "two of one id": [shown, public_jwk(rsa_key(), "k1")],
        "a secret of the same id": [shown, secret],
        "without id": [{name: value for name, value in shown.items() if name != "kid"}],
        "id of another type": [{**shown, "kid": 1}],
        "no modulus": [{name: value for name, value in shown.items() if name != "n"}],
        "exponent of one": [public_jwk(rsa, "k1", e="AQ")],
    }


def test_keys_that_may_verify_nothing_are_passed_over(
    server: KeyServer, rsa: Private, curve: Private
) -> None:
    for name, keys in unfit(rsa, curve).items():
        server.publish({"keys": [*keys, public_jwk(curve, "k2"), None, 5, []]})
        ring = ring_of(server)
        assert not any(knows(ring, "k1", algorithm) for algorithm in ("RS384", "ES256")), name
        assert knows(ring, "k2", "ES384"), name


def test_a_key_that_is_published_twice_is_one_key(server: KeyServer, rsa: Private) -> None:
    server.publish({"keys": [public_jwk(rsa, "k1"), public_jwk(rsa, "k1")]})
    assert knows(ring_of(server), "k1")


def test_a_key_on_another_curve_is_none(curve: Private) -> None:
    small = public_jwk(ec_key(ec.SECP256R1()), "k1")
    assert bound(small, "ES384") is None
    assert bound({**small, "crv": "P-384"}, "ES384") is None
    assert bound(small, "ES256") is not None
    assert bound(public_jwk(curve, "k1"), "ES512") is None


ODD: list[Any] = [
    None, 0, -1, 1.5, True, "", "A", "AA==", "!!", "é", "\ud800", "\0", "A" * 100_000,
    [], [1], {}, {"a": 1},
]  # fmt: skip


def test_no_oddity_of_a_key_set_breaks_its_reader(rsa: Private, curve: Private) -> None:
    for shape in (lambda odd: odd, lambda odd: {"keys": odd}, lambda odd: {"keys": [odd, odd]}):
        assert not any(read_keys(shape(odd)) for odd in ODD)
    extra = ("alg", "key_ops", "oth", "p", "q", "d", "crv", "k", "x5c")
    for shown in (public_jwk(rsa, "k"), public_jwk(curve, "k")):
        for name in (*shown, *extra):
            for odd in ODD:
                for algorithm in get_args(Algorithm):
                    bound({**shown, name: odd}, algorithm)


def test_keys_from_a_file_serve_without_any_key_server(
    server: KeyServer, rsa: Private, tmp_path: Path
) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(jwk_set(k1=rsa)))
    server.behave = silent
    ring = ring_of(server, keys_file=file)
    ring.load()
    begun = time.perf_counter()
    assert knows(ring, "k1")
    assert time.perf_counter() - begun < AT_ONCE_S
    assert not server.asked


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b"[]", b'{"keys": []}'])
def test_a_file_without_keys_is_a_wrong_setting(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(content)
    for given in (file, tmp_path / "absent.json", tmp_path):
        with pytest.raises(BadSetting):
            KeyRing(issuer=Issuer(iss="i", keys_file=given)).load()
