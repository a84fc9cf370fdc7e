"""JSON at its edges, naughty strings and other people's FHIR files: never an error of ours."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from charts import back_pain, bundle, call, condition
from conformance import hold
from conftest import SHARED
from flask.testing import FlaskClient
from places import CHART, PLACES, SERVICE, full_call, put, strict

from service.web.answer import Desk

pytestmark = pytest.mark.real_data
CORPORA = SHARED / "reliability" / "corpora"
MOST_S = 1.0
# What stands there has to be an id, and that of the patient of the whole call.
REFUSED_AT = {
    "hookInstance": {"hookInstance"},
    "patientId": {"context.patientId", "context.draftOrders"},
}
FLAG = condition("G83.4")
HERE = b'"@here@"'


def documents() -> list[Path]:
    suite = CORPORA / "JSONTestSuite"
    return sorted([*suite.glob("test_parsing/*.json"), *suite.glob("test_transform/*.json")])


def post(client: FlaskClient, body: bytes) -> Any:
    """Post a body; whatever is answered comes in time and is JSON that has one meaning."""
    begun = time.process_time()
    answer = client.post(SERVICE, data=body, content_type="application/json")
    assert time.process_time() - begun < MOST_S
    assert answer.status_code in (200, 400)
    assert strict(answer.data) == answer.json
    if answer.status_code == 400:
        assert answer.json["resourceType"] == "OperationOutcome"
    return answer


def test_the_corpora_are_all_there() -> None:
    assert len(documents()) == 318 + 22
    assert len(naughty_strings()) == 515
    assert len(fhir_files()) == 299


def test_what_is_no_json_is_refused_and_what_may_be_is_no_error_of_ours(
    client: FlaskClient,
) -> None:
    for path in documents():
        answer = post(client, path.read_bytes())
        # None of them is a call, so that what is read is refused as well.
        assert answer.status_code == 400, path.name
        expected = answer.json["issue"][0]["expression"][0]
        assert not path.name.startswith("n_") or expected == "body", path.name


def with_flag(content: bytes, *, as_entry: bool) -> bytes:
    """Write a call with a red flag, and some JSON as another list or as an entry of the same."""
    body = call(back_pain(), FLAG)
    if as_entry:
        body["prefetch"]["conditions"]["entry"].insert(1, {"resource": "@here@"})
    else:
        body["prefetch"]["devices"] = "@here@"
    return json.dumps(body).encode().replace(HERE, content)


@pytest.mark.parametrize("as_entry", [False, True], ids=["list", "entry"])
def test_json_at_its_edges_hides_no_red_flag(
    as_entry: bool, client: FlaskClient, desk: Desk
) -> None:
    read = 0
    for path in documents():
        answer = post(client, with_flag(path.read_bytes(), as_entry=as_entry))
        if path.name.startswith("n_"):
            assert answer.status_code == 400, path.name
        if answer.status_code == 200:
            read += 1
            hold(answer.json, desk.guideline)
            assert [card["indicator"] for card in answer.json["cards"]] == ["critical"], path.name
        elif path.name.startswith("y_"):
            # Short lists are read as strictly as the call itself.
            assert not as_entry
            assert "duplicated" in path.name
    assert read > 100


def naughty_strings() -> list[str]:
    return json.loads((CORPORA / "naughty_strings" / "blns.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("place", PLACES)
def test_a_naughty_string_in_any_field_is_answered(
    place: str, client: FlaskClient, desk: Desk
) -> None:
    body = json.dumps(put(full_call(), place, "@here@")).encode()
    for text in naughty_strings():
        answer = post(client, body.replace(HERE, json.dumps(text).encode()))
        if answer.status_code == 400:
            assert answer.json["issue"][0]["expression"][0] in REFUSED_AT[place]
            continue
        hold(answer.json, desk.guideline)
        if place in CHART:
            assert [card["indicator"] for card in answer.json["cards"]] == ["critical"]


def fhir_files() -> list[Path]:
    return sorted((CORPORA / "fhir_test_cases" / "r4_json").glob("*.json"))


def twenty_good() -> Iterator[dict[str, Any]]:
    for number in range(20):
        yield condition("J06.9", id=f"cold-{number}", recordedDate="2020-01-01")


def test_no_file_of_others_among_good_entries_hides_a_red_flag(
    client: FlaskClient, desk: Desk
) -> None:
    refused = set()
    for path in fhir_files():
        body = call(back_pain())
        body["prefetch"]["conditions"] = bundle(back_pain(), *twenty_good(), "@here@", FLAG)
        content = path.read_bytes()
        answer = post(client, json.dumps(body).encode().replace(HERE, content))
        if answer.status_code == 400:
            refused.add(path.name)
            continue
        hold(answer.json, desk.guideline)
        assert [card["indicator"] for card in answer.json["cards"]] == ["critical"], path.name
    assert refused == {path.name for path in fhir_files() if not is_json(path)}
    assert len(refused) == 15


def is_json(path: Path) -> bool:
    try:
        return json.loads(path.read_text(encoding="utf-8")) is not None
    except ValueError:
        return False
