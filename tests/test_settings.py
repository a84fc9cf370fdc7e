"""The settings: who is known and how each is answered; a wrong one is named and nothing starts."""

import json
from pathlib import Path
from typing import Any

import pytest
from charts import TODAY, ago, back_pain, call, order
from conformance import hold
from conftest import ROOT

from service.app import create_app
from service.clients import Client, Issuer
from service.errors import BadSetting
from service.settings import SETTINGS_FILE, Settings, from_environment
from service.web.answer import Desk, answer
from service.web.arrangement import arrange

KEY = "k" * 32
ISSUER = """
[[issuers]]
iss = "https://ehr.example.org/"
jku = "https://ehr.example.org/jwks"
fhir_servers = ["https://ehr.example.org/fhir/"]
"""
PRODUCTION = f"""
profile = "production"
public_url = "https://cds.example.org/"
tls_ends_at_proxy = true
card_key = "{KEY}"
"""


@pytest.fixture(autouse=True)
def _no_other_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST", "PORT", "TIME_ZONE", "ALLOW_REMOTE_SANDBOX", SETTINGS_FILE):
        monkeypatch.delenv(name, raising=False)


def read(toml: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    file = folder / "settings.toml"
    file.write_text(toml, encoding="utf-8")
    monkeypatch.setenv(SETTINGS_FILE, str(file))
    return from_environment()


def test_a_file_registers_issuers_with_addresses_in_one_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = read(PRODUCTION + ISSUER, tmp_path, monkeypatch)
    (issuer,) = settings.issuers
    assert settings.public_url == "https://cds.example.org"
    assert issuer.fhir_servers == ("https://ehr.example.org/fhir",)
    assert issuer.algorithms == ("RS384", "ES384")
    assert KEY not in repr(settings)


WRONG: dict[str, tuple[str, str]] = {
    "no TLS": (PRODUCTION.replace("tls_ends_at_proxy = true", "") + ISSUER, "tls_ends_at_proxy"),
    "no public address": (
        PRODUCTION.replace('public_url = "https://cds.example.org/"', "") + ISSUER,
        "public_url",
    ),
    "a public address without TLS": (
        PRODUCTION.replace("https://cds", "http://cds") + ISSUER, "public_url",
    ),
    "the published key": (
        PRODUCTION.replace(KEY, "lumbar-mri-cds-sandbox-key-is-public") + ISSUER, "card_key",
    ),
    "a short key": (PRODUCTION.replace(KEY, "short") + ISSUER, "card_key"),
    "no issuer": (PRODUCTION, "issuers"),
    "an issuer twice": (PRODUCTION + ISSUER + ISSUER, "issuers"),
    "an issuer without keys": (
        PRODUCTION + ISSUER.replace('jku = "https://ehr.example.org/jwks"', ""), "issuers.0",
    ),
    "a key server without TLS": (
        PRODUCTION + ISSUER.replace("https://ehr.example.org/jwks", "http://ehr.example.org/jwks"),
        "issuers",
    ),
    "a FHIR server without TLS": (
        PRODUCTION + ISSUER.replace("https://ehr.example.org/fhir/", "http://ehr.example.org/f"),
        "issuers",
    ),
    "a FHIR server that is no address": (
        PRODUCTION + ISSUER.replace("https://ehr.example.org/fhir/", "ehr.example.org"),
        "issuers.0.fhir_servers.0",
    ),
    "a deadline of ten seconds": (
        PRODUCTION + ISSUER + "deadline_s = 10\n",
        "issuers.0.deadline_s",
    ),
    "a symmetric algorithm": (
        PRODUCTION + ISSUER + 'algorithms = ["HS256"]\n', "issuers.0.algorithms.0",
    ),
    "an empty audience": (PRODUCTION + ISSUER + 'audiences = [""]\n', "issuers.0.audiences.0"),
    "the whole network": (
        PRODUCTION + ISSUER + 'private_networks = ["0.0.0.0/0"]\n',
        "issuers.0.private_networks.0",
    ),
    "a cloud's own address": (
        PRODUCTION + ISSUER.replace("https://ehr.example.org/fhir/", "https://169.254.169.254/x"),
        "issuers.0.fhir_servers.0",
    ),
    "a log without the record of calls": ("log_level = 'error'\n", "log_level"),
    "an unknown setting": ("colour = 'red'\n", "colour"),
    "an unknown profile": ("profile = 'demo'\n", "profile"),
    "a remote sandbox": ("host = '0.0.0.0'\n", "host"),
    "a time zone of nowhere": ("time_zone = 'Mars/Base'\n", "time_zone"),
    "an unknown switch of a client": ("[client]\nblocks = true\n", "client.blocks"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_named_and_its_value_is_not(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    toml, key = WRONG[name]
    with pytest.raises(BadSetting) as refused:
        read(toml, tmp_path, monkeypatch)
    assert refused.value.key == key
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("toml", ["profile = ", "[[issuers", "\x00"])
def test_a_file_that_is_no_toml_is_named(
    toml: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadSetting, match="TOML"):
        read(toml, tmp_path, monkeypatch)


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTINGS_FILE, "/nowhere/settings.toml")
    with pytest.raises(BadSetting, match=SETTINGS_FILE):
        from_environment()


@pytest.mark.parametrize(
    ("name", "value"),
    [("LUMBAR_MRI_CDS_PROFIL", "production"), ("LUMBAR_MRI_CDS_SECRETS", "/nowhere")],
)
def test_a_misspelt_name_or_a_folder_that_is_not_there_is_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSetting, match=name):
        from_environment()


def test_the_environment_goes_before_the_file_and_a_folder_holds_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "card_key").write_text("s" * 40, encoding="utf-8")
    monkeypatch.setenv("LUMBAR_MRI_CDS_SECRETS", str(tmp_path))
    monkeypatch.setenv("PORT", "9999")
    settings = read("port = 8081\nworkers = 3\n", tmp_path, monkeypatch)
    assert (settings.port, settings.workers) == (9999, 3)
    assert settings.card_key.get_secret_value() == b"s" * 40


def test_what_a_client_sets_goes_before_his_profile() -> None:
    epic = Client(profile="epic")
    assert epic.deadline_s == 1.5
    assert "observations" in epic.searches
    assert Client(profile="epic", deadline_s=2.0).deadline_s == 2.0
    assert Client(profile="v1").delete_as_string


def test_a_code_of_the_site_is_a_lumbar_mri_where_it_was_mapped(desk: Desk) -> None:
    local = {"coding": [{"system": "urn:oid:1.2.3", "code": "RAD123"}]}
    body = json.dumps(call(back_pain(), orders=[order(code=local)])).encode()
    assert json.loads(answer(body, desk, TODAY)) == {"cards": []}
    codes = [{"system": "urn:oid:1.2.3", "code": "RAD123", "concept": "lumbar-mri-with-contrast"}]
    way = arrange(Client(order_codes=codes), desk.guideline, desk.settings)
    given = json.loads(answer(body, desk, TODAY, way))
    hold(given, desk.guideline)
    assert given["cards"]


def test_a_code_of_the_site_for_nothing_we_know_refuses_to_start(desk: Desk) -> None:
    codes = [{"system": "urn:oid:1.2.3", "code": "RAD123", "concept": "knee-mri"}]
    with pytest.raises(BadSetting, match="lumbar-mri-order"):
        arrange(Client(order_codes=codes), desk.guideline, desk.settings)


@pytest.mark.parametrize(
    "searches",
    [
        {"weather": ["Weather?patient={patient}"]},
        {"conditions": ["Condition?code=x"]},
        {"conditions": ["Flag?patient={patient}"]},
        {"conditions": ["Condition?code={patient}"]},
        {"conditions": ["Condition?patient={patient}&_summary=true"]},
        {"conditions": ["Condition?patient={patient}&x= y"]},
        {"conditions": ["https://elsewhere.example/Condition?patient={patient}"]},
        {"conditions": ["$everything?patient={patient}"]},
    ],
)
def test_a_search_of_the_site_is_of_one_patient(searches: dict[str, Any], desk: Desk) -> None:
    with pytest.raises(BadSetting, match="searches"):
        arrange(Client(searches=searches), desk.guideline, desk.settings)


def test_a_key_of_the_site_fills_a_section_that_there_is(desk: Desk) -> None:
    with pytest.raises(BadSetting, match="prefetch_keys"):
        arrange(Client(prefetch_keys={"wx": "weather"}), desk.guideline, desk.settings)


def the_card(desk: Desk, **client: Any) -> dict[str, Any]:
    new = back_pain(onsetDateTime=ago(10), recordedDate=ago(10))
    way = arrange(Client(**client), desk.guideline, desk.settings)
    given = json.loads(answer(json.dumps(call(new)).encode(), desk, TODAY, way))
    hold(given, desk.guideline)
    return given["cards"][0]


def test_the_first_version_deletes_by_a_string(desk: Desk) -> None:
    card = the_card(desk, profile="v1")
    assert card["selectionBehavior"] == "at-most-one"
    actions = [a for s in card["suggestions"] for a in s["actions"] if a["type"] == "delete"]
    assert [a["resource"] for a in actions] == ["ServiceRequest/mri"]


def test_a_link_that_the_client_would_strip_is_not_sent(desk: Desk) -> None:
    shown = the_card(desk)["source"]["url"]
    host = shown.split("/")[2]
    assert the_card(desk, link_hosts=[host])["source"]["url"] == shown
    assert "url" not in the_card(desk, link_hosts=["elsewhere.example"])["source"]
    assert "url" not in the_card(desk, link_hosts=[])["source"]


def test_each_issuer_has_the_day_of_its_own_time_zone(desk: Desk) -> None:
    settings = Settings(time_zone="America/New_York")
    issuer = Issuer(iss="x", jku="https://x.example/k", time_zone="Asia/Tokyo")
    assert settings.zone_of(issuer) == "Asia/Tokyo"
    assert settings.zone_of(Client()) == "America/New_York"


def test_browsers_may_call_production_only_from_the_origins_that_were_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keys.json").write_text('{"keys": [{"kid": "1", "kty": "EC"}]}')
    ours = f"""
browser_origins = ["https://ehr.example.org"]
ledger_url = "sqlite:///{tmp_path}/ledger.sqlite"
[[issuers]]
iss = "https://ehr.example.org/"
keys_file = "{tmp_path}/keys.json"
"""
    client = create_app(read(PRODUCTION + ours, tmp_path, monkeypatch)).test_client()
    for origin, allowed in (("https://ehr.example.org", True), ("https://evil.example", False)):
        answer = client.options("/cds-services/lumbar-mri", headers={"Origin": origin})
        assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)


def test_the_example_settings_are_right(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SETTINGS_FILE, str(ROOT / "deploy" / "settings.example.toml"))
    monkeypatch.setenv("LUMBAR_MRI_CDS_CARD_KEY", KEY)
    settings = from_environment()
    assert {issuer.profile for issuer in settings.issuers} >= {"epic", "generic"}
    for issuer in settings.issuers:
        arrange(issuer, desk.guideline, settings)
