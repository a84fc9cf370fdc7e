"""What is counted: every call once, whatever worker answers it, and nothing of a chart."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from attacks import HOME, OTHER, issuers, made_keys
from charts import back_pain, call, condition
from conftest import ROOT, STRICT
from counted import PREFIX, Counted, counted
from flask.testing import FlaskClient
from house import BASE, production, refused, token_of
from pydantic import SecretStr
from served import serving
from test_tokens_served import as_toml, serving_in_full, workers
from tracers import MARK, headers, jwt_like, odd_requests, traced_call, tracer

from service import metrics
from service.app import create_app
from service.errors import BadSetting
from service.metrics import count
from service.metrics.folder import FOLDER
from service.settings import Settings

CALL_PATH = "/cds-services/lumbar-mri"
TOKEN = "a-token-of-the-tests-that-is-long-enough"
MOST_MS_A_CALL = 0.3 if STRICT else 0.6
EMERGENCY = call(back_pain(), condition("G83.4", recordedDate="2026-11-22"), hook="order-sign")
RECORD = {
    "issuer": "https://ehr.example",
    "hook": "order-sign",
    "status": 200,
    "recommendations": ["DeferSixWeeks", "CaudaEquinaEmergency"],
    "origins": {"patient": "prefetch", "conditions": "ehr_http_503"},
    "failed_questions": ["fever"],
    "reason": None,
    "duration_ms": 30.0,
}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return create_app(Settings()).test_client()


def after(client: FlaskClient, **changes: Any) -> tuple[Counted, Counted]:
    """Count a record; give the readings before and after it."""
    before = counted(client)
    count(RECORD | changes)
    return before, counted(client)


def test_a_call_is_counted_with_its_advice_and_its_time(client: FlaskClient) -> None:
    before = counted(client)
    assert client.post(CALL_PATH, json=EMERGENCY).status_code == 200
    now = counted(client)
    labels = {"issuer": "none", "hook": "order-sign"}
    for name, more in (
        ("calls_total", {**labels, "status": "200"}),
        ("call_seconds_count", {"hook": "order-sign"}),
        (
            "advice_total",
            {**labels, "mode": "live", "recommendation": "CaudaEquinaEmergency"},
        ),
        ("sections_total", {"issuer": "none", "section": "conditions", "origin": "prefetch"}),
        ("sections_total", {"issuer": "none", "section": "devices", "origin": "no_fhir_server"}),
    ):
        assert now(name, **more) == before(name, **more) + 1, name
    assert now("call_seconds_sum") > before("call_seconds_sum")


def test_each_order_is_advice_of_its_own_and_a_failed_question_is_told(client: FlaskClient) -> None:
    before, now = after(client, unmapped_codes=[("urn:a", "one"), ("urn:a", "another")])
    for name, gained in (
        ("calls_total", 1),
        ("advice_total", 2),
        ("sections_total", 2),
        ("failed_criteria_total", 1),
        ("unknown_order_codes_total", 2),
        ("refused_total", 0),
        ("canary_calls_total", 0),
    ):
        assert now(name) == before(name) + gained, name


def test_what_never_came_is_shown_as_none(tmp_path: Path) -> None:
    """Else the first time of anything would not be seen as a rise."""
    now = counted(client_of_production(tmp_path), TOKEN)
    for iss in (HOME, OTHER):
        for hook in ("order-select", "order-sign"):
            told = {"issuer": iss, "hook": hook}
            assert {**told, "status": "500"} in now.labels("calls_total")
            lost = {**told, "mode": "live", "recommendation": "CaudaEquinaEmergency"}
            assert lost in now.labels("advice_total")


def test_a_refused_call_is_no_advice(client: FlaskClient) -> None:
    before, now = after(client, status=412, reason="missing_prerequisite")
    assert now("advice_total") == before("advice_total")
    told = {"reason": "missing_prerequisite"}
    assert now("refused_total", **told) == before("refused_total", **told) + 1


def test_a_refusal_over_http_is_counted_by_its_reason(client: FlaskClient) -> None:
    before = counted(client)
    assert client.post(CALL_PATH, data=b"{").status_code == 415
    assert client.post(CALL_PATH, data=b"{", content_type="application/json").status_code == 400
    now = counted(client)
    for reason in ("not_supported", "bad_request"):
        assert now("refused_total", reason=reason) == before("refused_total", reason=reason) + 1


def test_a_canary_counts_as_a_canary_and_in_nothing_else(client: FlaskClient) -> None:
    before, now = after(client, mode="canary", recommendations=["CaudaEquinaEmergency"])
    assert now("calls_total", hook="canary") == before("calls_total", hook="canary") + 1
    told = {"recommendation": "CaudaEquinaEmergency"}
    assert now("canary_calls_total", **told) == before("canary_calls_total", **told) + 1
    theirs = (f"{PREFIX}calls_total", f"{PREFIX}canary_calls_total")
    others = [
        {(s.name, *s.labels.items()): s.value for s in reading.samples if s.name not in theirs}
        for reading in (before, now)
    ]
    assert others[0] == others[1]


def test_a_canary_that_got_no_advice_is_counted_as_such(client: FlaskClient) -> None:
    before, now = after(client, mode="canary", recommendations=[])
    told = {"recommendation": "none"}
    assert now("canary_calls_total", **told) == before("canary_calls_total", **told) + 1


def test_a_server_cannot_make_up_labels(client: FlaskClient) -> None:
    for status in (299, 777, 999):
        count(RECORD | {"origins": {"devices": f"ehr_http_{status}"}})
    metrics.feedback("https://ehr.example", tracer())
    now = counted(client)
    assert now("sections_total", origin="ehr_http_other") >= 3
    assert now("feedback_total", outcome="other") >= 1
    assert not [x for x in now.labels("sections_total") if re.search("299|777|999", x["origin"])]
    assert MARK not in str(now.labels("feedback_total"))


def test_nothing_that_goes_wrong_with_counting_takes_an_answer_away(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise OSError

    monkeypatch.setattr(metrics, "meters", broken)
    assert client.post(CALL_PATH, json=EMERGENCY).json["cards"]
    assert "metrics failed" in caplog.text


def client_of_production(folder: Path, token: str | None = TOKEN) -> FlaskClient:
    given = production(folder, issuers(made_keys(), folder, jku=False))
    settings = Settings(**given, metrics_token=SecretStr(token) if token else None)
    return create_app(settings).test_client()


@pytest.mark.parametrize(
    "shown",
    [None, "", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN, "é"],
)
def test_in_production_only_the_token_opens_it(shown: str | None, tmp_path: Path) -> None:
    there = client_of_production(tmp_path, TOKEN)
    sent = {"Authorization": shown} if shown is not None else {}
    assert refused(there.get("/metrics", headers=sent))
    opened = there.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert opened.status_code == 200
    assert opened.headers["Content-Type"].startswith("text/plain")
    assert TOKEN not in opened.text


def test_in_production_without_a_token_there_is_no_such_address(tmp_path: Path) -> None:
    there = client_of_production(tmp_path, None)
    for sent in ({}, {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": "Bearer "}):
        given = there.get("/metrics", headers=sent)
        assert given.status_code == 404
        assert given.data == there.get("/no-such-address").data
    assert "/metrics" not in there.get("/openapi.json").json["paths"]


@pytest.mark.parametrize(("length", "is_enough"), [(31, False), (32, True), (33, True)])
def test_a_token_has_thirty_two_bytes_or_more(length: int, is_enough: bool) -> None:
    try:
        assert Settings(metrics_token="x" * length).metrics_token
        assert is_enough
    except ValueError:
        assert not is_enough


def test_nothing_of_a_call_stands_in_it(tmp_path: Path) -> None:
    """Names, ids, words, tokens: of calls that are answered, and of those that are refused."""
    keys = made_keys()
    given = production(tmp_path, issuers(keys, tmp_path, jku=False)) | {"metrics_token": TOKEN}
    with serving_in_full(tmp_path, as_toml(given)) as served:
        url = f"{served.address}{CALL_PATH}"
        for authorization in (token_of(BASE, keys, time.time()), jwt_like()):
            sent = headers(f"Bearer {authorization}")
            requests.post(url, json=traced_call(), headers=sent, timeout=9)
        for _, method, path, body, kind in odd_requests():
            token = token_of(BASE, keys, time.time())
            sent = {**headers(f"Bearer {token}"), "Content-Type": kind}
            asked = f"{served.address}{path}"
            requests.request(method, asked, data=body, headers=sent, timeout=9)
        read = requests.get(
            f"{served.address}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=9
        )
    told = Counted(read.text)
    assert told("calls_total", status="200") == 1
    assert told("calls_total", status="401") >= 1
    assert told("calls_total", status="400") >= 3
    assert MARK not in read.text
    assert TOKEN not in read.text


def test_it_is_summed_over_workers_and_a_worker_that_dies_takes_nothing_along(
    tmp_path: Path,
) -> None:
    with serving_in_full(tmp_path, "workers = 2\n", TMPDIR=str(tmp_path)) as served:
        (folder,) = tmp_path.glob("lumbar-mri-cds-*")
        url = f"{served.address}{CALL_PATH}"
        for number in range(1, 41):
            assert requests.post(url, json=EMERGENCY, timeout=9).ok
            assert counted(served.address)("calls_total", hook="order-sign") == number
        assert len(used(folder)) == 2, "both workers have counted"
        os.kill(workers(served)[0], signal.SIGKILL)
        wait_for(served, 3)
        for number in range(41, 61):
            assert requests.post(url, json=EMERGENCY, timeout=9).ok
            now = counted(served.address)
            assert now("calls_total", hook="order-sign") == number
            assert now("advice_total", recommendation="CaudaEquinaEmergency") == number
            assert now("info") == 1
    assert not folder.exists()


def used(folder: Path) -> list[Path]:
    return [path for path in folder.glob("counter_*.db") if b"order-sign" in path.read_bytes()]


def wait_for(served: Any, started: int) -> None:
    """Wait until so many workers have begun in all, and the service answers."""
    end = time.monotonic() + 30
    while served.printed.count("Started worker-") < started:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_folder_of_ones_own_is_used_and_what_an_earlier_service_counted_is_gone(
    tmp_path: Path,
) -> None:
    own = tmp_path / "deep" / "folder"
    for _ in range(2):
        with serving(tmp_path, "workers = 1\n", **{FOLDER: str(own)}) as served:
            assert requests.post(f"{served.address}{CALL_PATH}", json=EMERGENCY, timeout=9).ok
            assert counted(served.address)("calls_total", hook="order-sign") == 1
            assert used(own)


def ran(program: str, folder: Path) -> str:
    """Run a program in a process of its own that counts into a folder."""
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True,
        env=os.environ | {FOLDER: str(folder)},
    ).stdout  # fmt: skip


def test_what_a_dead_worker_told_of_the_ledger_is_gone_and_what_it_lost_stays(
    tmp_path: Path,
) -> None:
    ran(
        "from service.metrics import *; ledger_state(False, 7, 900); lost(3); begin('old')",
        tmp_path,
    )
    read = Counted(
        ran(
            "from service.metrics import *; ledger_state(True, 2, 100); lost(1); begin('new')\n"
            "print(exposition()[0].decode())",
            tmp_path,
        )
    )
    told = [read(f"ledger_{name}") for name in ("up", "waiting", "spooled_bytes", "lost_total")]
    assert told == [1, 2, 100, 4]
    assert [labels["content_version"] for labels in read.labels("info")] == ["new"]


def test_the_ledger_is_not_called_down_where_there_is_none(tmp_path: Path) -> None:
    text = ran(
        "from service.metrics import *; begin('v'); print(exposition()[0].decode())", tmp_path
    )
    assert f"{PREFIX}info" in text
    assert f"{PREFIX}ledger_up" not in text


def test_a_worker_that_finds_no_room_counts_for_itself(tmp_path: Path) -> None:
    nowhere = tmp_path / "file"
    nowhere.write_text("")
    text = ran(
        "from service.metrics import *; begin('v'); print(exposition()[0].decode())",
        nowhere / "folder",
    )
    assert f"{PREFIX}info" in text


def test_a_service_that_cannot_share_its_counts_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(FOLDER, str(tmp_path / "file" / "folder"))
    with pytest.raises(BadSetting, match=FOLDER), metrics.shared_by_workers():
        raise AssertionError


@pytest.mark.timed
def test_counting_costs_a_call_next_to_nothing(tmp_path: Path) -> None:
    """With the files of several workers, a record of thirteen sections; the median of many."""
    record = RECORD | {"origins": {f"section-{n}": "prefetch" for n in range(13)}}
    program = (
        "import json, time, statistics\n"
        "from service.metrics import *\n"
        f"record = json.loads({json.dumps(json.dumps(record))})\n"
        "def spent():\n"
        "    begun = time.process_time(); count(record)\n"
        "    return (time.process_time() - begun) * 1000\n"
        "print(statistics.median(spent() for _ in range(2000)))\n"
    )
    spent_ms = float(ran(program, tmp_path))
    print(f"{spent_ms:.3f} ms a call")
    assert spent_ms < MOST_MS_A_CALL
