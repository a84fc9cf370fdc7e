"""What deploy/other-tools.md shows is so: its call, its patients, its pictures, its sandbox."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from drive_cds_hooks_sandbox import DEFERRAL, EMERGENCY, PICTURES, TOLD
from fhir_server import TOKEN, FhirServer, fhir_server
from flask.testing import FlaskClient
from load_patient import chart_of, load
from screenshots import SIZE_LIMIT

from service.app import create_app
from service.clients import Client
from service.settings import Settings
from service.web.answer import Desk, today

PAGE = (ROOT / "deploy" / "other-tools.md").read_text(encoding="utf-8")
CALL = "/cds-services/lumbar-mri"
SEKMET = "http://127.0.0.1:8090/fhir"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirServer]:
    with fhir_server(tmp_path_factory.mktemp("other-tools")) as running:
        yield running


def asking(server: FhirServer) -> FlaskClient:
    """Give a client of the service that may ask this server, as the page sets it."""
    (settings,) = set(re.findall(r"LUMBAR_MRI_CDS_CLIENT='(.*)'", PAGE))
    wanted = json.loads(settings.replace(SEKMET, server.base)) | {"deadline_s": 4.0}
    return create_app(Settings(client=Client(**wanted))).test_client()


def the_call(server: FhirServer) -> dict[str, Any]:
    (written,) = re.findall(r"<<'JSON'\n(.*?)\nJSON", PAGE, re.DOTALL)
    return json.loads(written.replace(SEKMET, server.base).replace("a-token", TOKEN))


def test_the_call_without_prefetch_gets_the_card_that_the_page_shows(server: FhirServer) -> None:
    load("anna-sample", server.base, TOKEN)
    answer = asking(server).post(CALL, json=the_call(server)).json
    assert f'"summary":"{answer["cards"][0]["summary"]}"' in PAGE
    (action,) = answer["extension"]["systemActions"]
    rating = action["resource"]["extension"][0]["valueCodeableConcept"]["coding"][0]["code"]
    assert rating == DEFERRAL.rating


def test_with_another_token_the_record_is_incomplete(server: FhirServer) -> None:
    body = the_call(server)
    body["fhirAuthorization"]["access_token"] = "another"
    (card,) = asking(server).post(CALL, json=body).json["cards"]
    assert card["source"]["topic"]["code"] == "RecordIncomplete"


def test_two_patients_in_one_server_share_no_id(desk: Desk) -> None:
    day = today(desk.zone)
    charts = [chart_of(visit.patient, day) for visit in (DEFERRAL, EMERGENCY)]
    first, second = ({(one["resourceType"], one["id"]) for one in chart} for chart in charts)
    assert not first & second
    assert len(first) == len(charts[0])


def test_the_page_shows_what_the_script_asks_of_the_sandbox() -> None:
    for visit in (DEFERRAL, EMERGENCY):
        assert f"{visit.patient}: {visit.summary}" in PAGE
        assert f"{visit.patient}: PAMA Rating: {visit.rating}" in PAGE
        assert f"](screenshots/{visit.picture})" in PAGE
    for row in TOLD:
        assert f"in the ledger: {' '.join(filter(None, row))}" in PAGE


def test_its_pictures_are_small() -> None:
    shown = {visit.picture for visit in (DEFERRAL, EMERGENCY)}
    assert {path.name for path in PICTURES.iterdir()} == shown
    for name in shown:
        content = Path(PICTURES / name).read_bytes()
        assert content.startswith(b"\x89PNG\r\n\x1a\n")
        assert len(content) < SIZE_LIMIT
