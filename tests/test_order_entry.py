"""The order-entry page of the sandbox: its patients, its headers, and why each row matched."""

import hashlib
import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from attacks import issuers, made_keys
from charts import TODAY, back_pain, bundle, call
from conftest import ROOT, Judge
from fhir_r4 import faults
from flask.testing import FlaskClient
from house import production

from service.app import create_app
from service.clinical.cards import EXTENSION
from service.ehr.searches import PREFETCH
from service.pages.order_entry.patients import every_order, every_patient
from service.serving import _say_where
from service.settings import Settings
from service.web.answer import Desk

FOLDER = ROOT / "service" / "pages" / "order_entry"
FILES = sorted((FOLDER / "patients").glob("*.yaml"))
STUDIES = {study["id"]: study for study in every_order()["studies"]}
REASONS = {reason["coding"][0]["code"]: reason for reason in every_order()["reasons"]}
DATA, EXPLAIN = "/order-entry/data", "/order-entry/explain"
STATIC = sorted(
    f"/order-entry/static/{path.relative_to(FOLDER / 'static').as_posix()}"
    for path in (FOLDER / "static").rglob("*.*")
)
DAYS = (TODAY, date(2028, 2, 29), date(2027, 1, 1))


def patient_of(name: str, as_of: date = TODAY) -> dict[str, Any]:
    return next(patient for patient in every_patient(as_of) if patient["id"] == name)


def call_of(patient: dict[str, Any]) -> dict[str, Any]:
    """Write the call that the page makes when it begins with this patient."""
    wanted, chart = patient["order"], patient["chart"]
    study = STUDIES[wanted["study"]]
    reasons = [REASONS[wanted["reason"]]] if wanted["reason"] else []
    reasons += [{"text": wanted["words"]}] if "words" in wanted else []
    draft = {
        "resourceType": "ServiceRequest",
        "id": "draft",
        "status": "draft",
        "intent": "order",
        "priority": "routine",
        "code": {"coding": [study["codes"]["cpt"]], "text": study["name"]},
        "subject": {"reference": f"Patient/{patient['id']}"},
        **({"reasonCode": reasons} if reasons else {}),
    }
    kinds = {key: template.split("?")[0] for key, template in PREFETCH.items()}
    prefetch: dict[str, Any] = {
        key: bundle(*(one for one in chart if one["resourceType"] == kind))
        for key, kind in kinds.items()
        if kind not in patient["unavailable"]
    }
    prefetch["patient"] = chart[0]
    return {
        "hook": "order-select",
        "hookInstance": "9a1ad1c6-0000-4000-8000-000000000000",
        "context": {
            "userId": "Practitioner/order-entry",
            "patientId": patient["id"],
            "selections": ["ServiceRequest/draft"],
            "draftOrders": {**bundle(draft), "type": "collection"},
        },
        "prefetch": prefetch,
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
@pytest.mark.parametrize("day", DAYS, ids=str)
def test_each_patient_gets_the_advice_that_is_told(file: Path, day: date, judge: Judge) -> None:
    """On any day: the charts are dated from today, and so is what follows from them."""
    given = judge(call_of(patient_of(file.stem, day)), day)["cards"]
    told = [card["extension"][EXTENSION] for card in given]
    found = [one["rule"] for one in told]
    if told:
        found[0] += f" {told[0]['recommendation']} {given[0]['indicator']}"
    assert found == yaml.safe_load(file.read_text(encoding="utf-8"))["expect"]


def test_the_patients_show_every_severity_and_silence() -> None:
    expected = [yaml.safe_load(file.read_text(encoding="utf-8"))["expect"] for file in FILES]
    assert len(FILES) >= 12
    firsts = {one[0].split()[-1] if one else "silence" for one in expected}
    assert firsts == {"critical", "warning", "info", "silence"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_chart_is_fhir_and_one_patients(file: Path) -> None:
    chart = patient_of(file.stem)["chart"]
    references = [f"{one['resourceType']}/{one['id']}" for one in chart]
    assert len(set(references)) == len(references)
    owner = {"reference": f"Patient/{file.stem}"}
    for resource in chart:
        assert not faults(resource)
        if resource["resourceType"] != "Patient":
            assert (resource.get("subject") or resource["patient"]) == owner


FIELDS = {
    "condition": {"id", "code", "text", "onset", "recorded"},
    "observation": {"id", "code", "text", "value", "unit", "words", "days", "flag"},
    "encounter": {"id", "text", "reason", "days"},
    "medication": {"id", "code", "text", "dosage", "days", "supply"},
    "procedure": {"id", "code", "text", "days"},
    "allergy": {"id", "code", "text", "reaction", "recorded"},
    "device": {"id", "code", "text"},
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_patients_file_holds_nothing_that_is_not_read(file: Path) -> None:
    told = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert set(told) - {"unavailable"} == {
        "name", "sex", "age", "time", "reason", "order", "expect", "chart"
    }  # fmt: skip
    assert set(told["order"]) <= {"study", "reason", "words"}
    for entry in told["chart"]:
        ((kind, fields),) = entry.items()
        assert set(fields) <= FIELDS[kind]


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_an_age_is_the_same_on_every_day(day: date) -> None:
    for patient in every_patient(day):
        born = date.fromisoformat(patient["chart"][0]["birthDate"])
        had_birthday = (day.month, day.day) >= (born.month, born.day)
        assert day.year - born.year - (not had_birthday) == patient["age"]


def test_two_weeks_ago_stays_two_weeks_ago() -> None:
    for day in DAYS:
        sciatica = patient_of("anna-sample", day)["chart"][1]
        assert sciatica["onsetDateTime"] == (day - timedelta(days=14)).isoformat()


def test_the_studies_bear_the_codes_that_the_content_knows(desk: Desk) -> None:
    """A suggestion that changes the study is shown in the form as the study it is."""
    offered = {(c["system"], c["code"]) for s in STUDIES.values() for c in s["codes"].values()}
    suggested = desk.guideline.studies
    for name in ("without-contrast", "without-and-with-contrast", "whole-spine"):
        codes = {(system, code) for system, (code, _) in suggested[name].codes.items()}
        assert codes & offered == {
            pair for pair in codes if pair[0].endswith(("/cpt", "loinc.org"))
        }


def test_the_data_is_as_of_today(client: FlaskClient) -> None:
    told = client.get(DATA).json
    assert [p["id"] for p in told["patients"]] == [
        p["id"] for p in every_patient(date.fromisoformat(told["asOf"]))
    ]
    assert [study["id"] for study in told["studies"]] == list(STUDIES)


@pytest.mark.parametrize("path", ["/", DATA, *STATIC])
def test_everything_is_served_under_the_strict_policy(path: str, client: FlaskClient) -> None:
    with client.get(path) as answer:
        assert answer.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in
                  answer.headers["Content-Security-Policy"].split(";"))  # fmt: skip
    assert policy == {
        "default-src": "'none'", "script-src": "'self'", "style-src": "'self'",
        "img-src": "'self' data:", "connect-src": "'self'", "form-action": "'none'",
        "base-uri": "'none'", "frame-ancestors": "'none'",
    }  # fmt: skip
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


def test_the_page_names_no_other_server_and_holds_no_script(client: FlaskClient) -> None:
    page = client.get("/").text
    assert not re.search(r"https?://|\son\w+=|style=|<style|<script(?! src=)", page)
    for path in STATIC:
        if path.endswith((".js", ".css")) and "vendor" not in path:
            with client.get(path) as answer:
                text = answer.text
            assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|url\(|eval\(", text)


def test_production_has_no_such_page(tmp_path: Path) -> None:
    registered = issuers(made_keys(), tmp_path, jku=False)
    there = create_app(Settings(**production(tmp_path, registered))).test_client()
    for path in ("/", DATA, *STATIC):
        assert there.get(path).status_code == 404
    assert there.post(EXPLAIN, json=call(back_pain())).status_code == 404


@pytest.mark.parametrize(("profile", "first"), [("sandbox", "open  "), ("production", "content")])
def test_the_address_of_the_page_is_told_first(
    profile: str, first: str, tmp_path: Path, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    registered = issuers(made_keys(), tmp_path, jku=False)
    given = production(tmp_path, registered) if profile == "production" else {}
    _say_where(Settings(**given), desk.guideline)
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(first)
    assert ("http://127.0.0.1:8080/ " in told[0]) == (profile == "sandbox")


def explained(client: FlaskClient, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = client.post(EXPLAIN, json=body)
    assert answer.status_code == 200
    return answer.json["orders"]


def test_the_row_that_decides_is_the_one_of_the_card(client: FlaskClient, desk: Desk) -> None:
    today = date.fromisoformat(client.get(DATA).json["asOf"])
    body = call_of(patient_of("farid-notreal", today))
    (order,) = explained(client, body)
    assert order["order"] == "ServiceRequest/draft"
    deciding = {r["table"]: r["rule"] for r in order["rows"] if r["verdict"] == "matches"}
    cards = client.post("/cds-services/lumbar-mri", json=body).json["cards"]
    shown = [card["extension"][EXTENSION]["rule"] for card in cards]
    assert shown[0] == deciding["indication"]
    assert set(shown) <= set(deciding.values())
    assert len(order["rows"]) == len(desk.guideline.rows)


def test_every_row_tells_each_question_with_its_answer(client: FlaskClient, desk: Desk) -> None:
    (order,) = explained(client, call(back_pain()))
    rows = {row.id: row for row in desk.guideline.rows}
    for told in order["rows"]:
        row = rows[told["row"]]
        assert [(c["criterion"], c["wanted"]) for c in told["cells"]] == list(row.cells)
        fits = all(cell["wanted"] == cell["status"] for cell in told["cells"])
        assert fits == (told["verdict"] != "no")
        for cell in told["cells"]:
            assert cell["asks"] == desk.guideline.criteria[cell["criterion"]].asks


def test_an_order_that_is_not_ours_has_no_rows(client: FlaskClient) -> None:
    today = date.fromisoformat(client.get(DATA).json["asOf"])
    assert explained(client, call_of(patient_of("olive-figment", today))) == []


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"data": b"{", "content_type": "application/json"}, 400),
        ({"json": {"hook": "order-select"}}, 400),
        ({"data": b"{}", "content_type": "text/plain"}, 415),
    ],
)
def test_what_is_no_call_is_refused(sent: dict[str, Any], status: int, client: FlaskClient) -> None:
    answer = client.post(EXPLAIN, **sent)
    assert answer.status_code == status
    assert answer.json["resourceType"] == "OperationOutcome"


def test_nothing_of_the_chart_is_logged_and_no_call_is_kept(
    client: FlaskClient, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "Quoxelfract"
    explained(client, call(back_pain(note=[{"text": secret}])))
    client.post(EXPLAIN, data=f'{{"hook": "{secret}"', content_type="application/json")
    told = "".join(capfd.readouterr())
    assert secret not in told


@pytest.mark.parametrize(
    "folder", [FOLDER / "static" / "vendor", ROOT / "tests" / "data" / "axe"], ids=lambda f: f.name
)
def test_the_vendored_files_are_those_that_are_told(folder: Path) -> None:
    told = (folder / "VENDORED.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `([\w.-]+)`.*\| ([0-9a-f]{64}) \|$", told, re.MULTILINE))
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert there.pop("VENDORED.md")
    assert there == listed


def test_the_data_is_json_without_empty_values(client: FlaskClient) -> None:
    def holds_none(value: Any) -> bool:
        if isinstance(value, dict):
            return any(holds_none(v) for v in value.values())
        return any(map(holds_none, value)) if isinstance(value, list) else value is None

    for patient in json.loads(client.get(DATA).data)["patients"]:
        assert not holds_none(patient["chart"])
