"""Nothing of a call comes out where it does not belong: in a log line, an error, a refusal."""

import json
import logging
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from attacks import Keys, issuers, made_keys
from click.testing import CliRunner
from conformance import hold
from conftest import ROOT
from fault_server import Exchange, FaultServer, fault_server
from faults import raw, redirecting, sends, status
from flask import Flask
from house import BASE, production, token_of
from places import SERVICE
from served import Served
from sqlalchemy import select
from test_tokens_served import as_toml, serving_in_full
from tracers import JSON, MARK, headers, jwt_like, odd_requests, traced_call, tracer

from service.app import create_app
from service.cli import main
from service.clients import Client
from service.ledger.schema import metadata
from service.ledger.store import migrate, open_store
from service.settings import Settings
from service.web.answer import Desk

# What the program prints on its own when it begins and ends.
PRINTED = re.compile(
    r"open |dashboard |content |discovery |hook call |readiness |sources |issuers registered"
    r"|\[(INFO|WARNING)\] (Configuration|Start|Listening|Spawning|Shutting|Stopp|Granian|Killing)"
)
CALL_FIELDS = {
    "event", "level", "timestamp", "endpoint", "request_id", "issuer", "tenant", "token_id", "hook",
    "hook_instance", "mode", "patient", "encounter", "drafts", "orders", "origins", "rules",
    "recommendations", "cards", "failed_questions", "outcomes", "content_version", "status",
    "reason", "duration_ms",
}  # fmt: skip
LIBRARY_FIELDS = {"event", "level", "timestamp", "logger", "error"}


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Listen to everything that anyone logs, at every level."""
    caplog.set_level(logging.DEBUG)
    return caplog


def nothing_came_out(heard: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    out, err = capfd.readouterr()
    for said in (heard.text, out, err, *(str(vars(record)) for record in heard.records)):
        assert MARK not in said
        assert "Traceback" not in said


def refusal(answer: Any, expected: int) -> None:
    """Hold a refusal: an outcome, and nothing of the request in it or in its headers."""
    assert answer.status_code == expected
    body = json.loads(answer.get_data(as_text=True) if hasattr(answer, "get_data") else answer.text)
    assert body["resourceType"] == "OperationOutcome"
    assert MARK not in json.dumps(body) + str(dict(answer.headers))
    assert not re.search(r"Traceback|File \"|\.py|SELECT|Werkzeug|Flask", json.dumps(body))


def ask(app: Flask, method: str, path: str, body: bytes, kind: str) -> Any:
    return app.test_client().open(
        path, method=method, data=body, content_type=kind, headers=headers()
    )


def test_a_refusal_repeats_nothing_and_the_log_hears_nothing(
    heard: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    app = create_app(Settings(log_level="debug"))
    for expected, *request in odd_requests():
        refusal(ask(app, *request), expected)
    small = create_app(Settings(max_body_bytes=1000))
    refusal(ask(small, "POST", SERVICE, json.dumps(traced_call()).encode(), JSON), 413)
    strict = create_app(Settings(client=Client(missing_required_answer="412")))
    lacking = traced_call()
    lacking["prefetch"] = {tracer(): None}
    refusal(ask(strict, "POST", SERVICE, json.dumps(lacking).encode(), JSON), 412)
    nothing_came_out(heard, capfd)


def test_an_answer_says_what_is_evidence_and_the_log_says_no_word_of_it(
    desk: Desk, heard: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    body = traced_call()
    answer = create_app(Settings()).test_client().post(SERVICE, json=body, headers=headers())
    assert answer.status_code == 200
    hold(answer.json, desk.guideline)
    flag = body["prefetch"]["conditions"]["entry"][1]["resource"]
    assert flag["code"]["text"] in answer.json["cards"][0]["detail"]
    offered = body["fhirAuthorization"].values()
    for secret in (*offered, body["hookInstance"], body["context"]["userId"], body["fhirServer"]):
        assert secret not in answer.text
    nothing_came_out(heard, capfd)


@pytest.mark.parametrize("kind", [ValueError, KeyError, RuntimeError, UnicodeDecodeError])
def test_a_failure_of_ours_repeats_nothing(
    kind: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
    heard: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def break_down(body: bytes, *_: Any) -> bytes:
        try:
            raise ValueError(body)
        except ValueError as problem:
            if kind is UnicodeDecodeError:
                body.decode("utf-16-le", "strict")
                raise UnicodeDecodeError("utf-8", body, 0, 1, tracer()) from problem
            raise kind(body) from problem

    monkeypatch.setattr("service.app.answer", break_down)
    app = create_app(Settings())
    refusal(ask(app, "POST", SERVICE, json.dumps(traced_call()).encode(), JSON), 500)
    assert "handler failed" in heard.text
    nothing_came_out(heard, capfd)


def ledger_texts(url: str) -> Iterator[tuple[str, str]]:
    """Give every column of every row of a ledger, and what it holds as text."""
    engine = open_store(url)
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)).mappings():
                yield from ((f"{table.name}.{name}", str(value)) for name, value in row.items())
    engine.dispose()


@pytest.mark.parametrize("clinicians", ["hashed", "as-sent"])
@pytest.mark.parametrize("is_migrated", [True, False])
def test_the_ledger_and_its_spool_hold_no_word_of_a_chart(
    clinicians: str, is_migrated: bool, tmp_path: Path,
    heard: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    if is_migrated:
        migrate(url)
    client = Client(profile="sandbox", clinicians=clinicians)
    app = create_app(Settings(ledger_url=url, spool_folder=tmp_path / "spool", client=client))
    body = traced_call()
    card = ask(app, "POST", SERVICE, json.dumps(body).encode(), JSON).json["cards"][0]["uuid"]
    for _, *request in odd_requests():
        ask(app, *request)
    said = {
        "card": card, "outcome": "overridden", "outcomeTimestamp": "2026-11-26T09:00:00Z",
        "overrideReason": {"userComment": tracer(), tracer(): tracer(),
                           "reason": {name: tracer() for name in ("system", "code", "display")}},
        "extension": {tracer(): tracer()}, tracer(): tracer(),
    }  # fmt: skip
    for odd in ({"feedback": [said]}, {"feedback": [{**said, "card": tracer()}]}, [tracer()]):
        ask(app, "POST", f"{SERVICE}/feedback", json.dumps(odd).encode(), JSON)
    app.extensions["ledger"].close()
    spooled = "".join(path.read_text() for path in (tmp_path / "spool").glob("*"))
    assert bool(spooled) is not is_migrated
    assert MARK not in spooled
    if is_migrated:
        held = list(ledger_texts(url))
        assert {"calls.patient", "cards.uuid", "feedback.card"} <= {column for column, _ in held}
        assert {column for column, text in held if MARK in text} == {
            "feedback.comment", "feedback.reason_system", "feedback.reason_code",
            "feedback.reason_display",
        }  # fmt: skip
    nothing_came_out(heard, capfd)


def test_metrics_and_the_report_tell_no_word_of_a_chart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    migrate(url)
    app = create_app(Settings(ledger_url=url, spool_folder=tmp_path / "spool"))
    for _ in range(3):
        card = ask(app, "POST", SERVICE, json.dumps(traced_call()).encode(), JSON).json["cards"][0]
        said = {
            "card": card["uuid"], "outcome": "overridden",
            "outcomeTimestamp": "2026-11-26T09:00:00Z",
            "overrideReason": {"userComment": tracer(),
                               "reason": {"code": f"{tracer()} {tracer()}", "display": tracer()}},
        }  # fmt: skip
        body = json.dumps({"feedback": [said]}).encode()
        assert ask(app, "POST", f"{SERVICE}/feedback", body, JSON).status_code == 200
    told = ask(app, "GET", "/metrics", b"", JSON).text
    assert "lumbar_mri_cds_feedback_total" in told
    app.extensions["ledger"].close()
    env = {"LUMBAR_MRI_CDS_LEDGER_URL": url}
    days = ["--from", "2026-01-01", "--to", "2030-12-31"]
    where = ["--html", str(tmp_path / "report.html"), "--csv", str(tmp_path / "csv")]
    ran = CliRunner().invoke(main, ["report", *days, *where], env=env)
    assert ran.exit_code == 0, ran.output
    written = [tmp_path / "report.html", *(tmp_path / "csv").iterdir()]
    assert len(written) > 5
    for text in (told, ran.output, *(file.read_text() for file in written)):
        assert MARK not in text


def garbled(asked: Exchange) -> None:
    asked.send(f"HTTP/1.1 {tracer()} {tracer()}\r\n{tracer()}\r\n\r\n{tracer()}".encode())
    asked.sock.close()


FAULTS = {
    "an error with words": lambda asked: asked.answer(f"<p>{tracer()}</p>".encode(), 500),
    "an authentication error": status(401, WWW_Authenticate=f'Bearer realm="{tracer()}"'),
    "a redirect": lambda asked: redirecting(302, f"https://{tracer()}.example")(asked),
    "a page of another host": lambda asked: asked.give(
        {"resourceType": "Bundle", "link": [{"relation": "next", "url": f"http://{tracer()}.example"}]}
    ),
    "no JSON": lambda asked: asked.answer(f'{{"{tracer()}"'.encode()),
    "no HTTP": garbled,
    "an end": raw(),
    "an encoding": sends(b"{}", Content_Encoding=tracer()),
    "a lying length": lambda asked: asked.answer(tracer().encode(), Content_Length="9999"),
    "an outcome": lambda asked: asked.give(
        {"resourceType": "OperationOutcome", "issue": [{"diagnostics": tracer()}]}
    ),
}  # fmt: skip


def lacking_call(base: str) -> dict[str, Any]:
    """Write a call of which most has to be fetched."""
    body = traced_call(fhirServer=base, **{"token type": "Bearer"})
    body["fhirAuthorization"] |= {"scope": "patient/*.read", "expires_in": 300}
    kept = body["prefetch"]["conditions"]
    return {**body, "prefetch": {"conditions": kept}}


@pytest.fixture(scope="module")
def ehr() -> Iterator[FaultServer]:
    with fault_server() as server:
        yield server


@pytest.mark.parametrize("name", FAULTS)
def test_a_fhir_server_that_fails_puts_nothing_into_the_log(
    name: str, ehr: FaultServer, heard: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    client = Client(profile="sandbox", fhir_servers=(ehr.base,), deadline_s=1)
    ehr.begin(FAULTS[name])
    body = lacking_call(ehr.base)
    answer = create_app(Settings(client=client)).test_client().post(SERVICE, json=body)
    assert answer.status_code == 200
    assert ehr.misbehaved
    assert any(body["fhirAuthorization"]["access_token"] in one for one in ehr.authorizations)
    assert body["fhirAuthorization"]["access_token"] not in answer.text
    nothing_came_out(heard, capfd)


def test_a_fhir_server_that_is_not_there_puts_nothing_into_the_log(
    heard: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    base = f"http://127.0.0.1:9/{tracer()}"
    client = Client(profile="sandbox", fhir_servers=(base,), deadline_s=1)
    answer = (
        create_app(Settings(client=client)).test_client().post(SERVICE, json=lacking_call(base))
    )
    assert answer.status_code == 200
    nothing_came_out(heard, capfd)


def lines_of(served: Served) -> list[dict[str, Any]]:
    """Read the log of a service that ran: each line is one event, but for what it prints itself."""
    events = []
    for line in served.printed.splitlines():
        if not PRINTED.match(line):
            events.append(json.loads(line))
    for event in events:
        allowed = CALL_FIELDS if event["event"] == "call" else LIBRARY_FIELDS
        assert set(event) <= allowed, event
        assert event.get("level") in ("debug", "info", "warning", "error")
    assert MARK not in served.printed
    return events


def test_a_served_service_tells_no_word_at_the_level_of_debugging(
    ehr: FaultServer, tmp_path: Path
) -> None:
    client = f'profile = "sandbox"\nfhir_servers = ["{ehr.base}"]\ndeadline_s = 1\n'
    toml = f'log_level = "debug"\n[client]\n{client}'
    with serving_in_full(tmp_path, toml) as served:
        for expected, method, path, body, kind in odd_requests():
            sent = {**headers(), "Content-Type": kind}
            url = f"{served.address}{path}"
            refusal(requests.request(method, url, data=body, headers=sent, timeout=9), expected)
        url = f"{served.address}{SERVICE}"
        assert requests.post(url, json=traced_call(), headers=headers(), timeout=9).json()["cards"]
        for behave in FAULTS.values():
            ehr.begin(behave)
            answer = requests.post(url, json=lacking_call(ehr.base), headers=headers(), timeout=9)
            assert answer.json()["cards"]
    calls = [event for event in lines_of(served) if event["event"] == "call"]
    assert len(calls) >= len(odd_requests()) + len(FAULTS)
    assert all(re.fullmatch(r"[0-9a-f]{32}", c["patient"]) for c in calls if c["status"] == 200)
    origins = {origin for one in calls for origin in one.get("origins", {}).values()}
    assert {"ehr_http_500", "ehr_http_302", "ehr_connection", "ehr_encoding"} <= origins


@pytest.fixture(scope="module")
def keys() -> Keys:
    return made_keys()


def test_a_served_service_of_the_production_profile_tells_no_word(
    keys: Keys, tmp_path: Path
) -> None:
    """Who is registered may be named, and the id of a token that is genuine; no one else."""
    settings = production(tmp_path, issuers(keys, tmp_path, jku=False)) | {"log_level": "debug"}
    with serving_in_full(tmp_path, as_toml(settings)) as served:
        url, body = f"{served.address}{SERVICE}", traced_call()
        good = token_of(BASE, keys, time.time())
        for bearer in (jwt_like(), good[:-9] + tracer(), tracer()):
            sent = headers(f"Bearer {bearer}")
            refusal(requests.post(url, json=body, headers=sent, timeout=9), 401)
        given = requests.post(url, json=body, headers=headers(f"Bearer {good}"), timeout=9)
        assert given.json()["cards"]
        refusal(requests.post(url, json=body, headers=headers(f"Bearer {good}"), timeout=9), 401)
    events = lines_of(served)
    assert good not in served.printed
    assert good.split(".")[2] not in served.printed
    assert sum(event.get("status") == 401 for event in events) == 4


def test_a_failure_that_nobody_sees_tells_its_kind_only() -> None:
    """In a process of its own: the log of a service takes the place of the usual one for good."""
    program = (
        "import logging, threading, warnings\n"
        "from service.logs import begin\n"
        "begin('debug')\n"
        f"threading.Thread(target=lambda: {{}}['{MARK}']).start()\n"
        "class Odd:\n"
        f"    def __del__(self): raise ValueError('{MARK}')\n"
        "del (odd := [Odd()])[0]\n"
        "try:\n"
        f"    raise OSError('{MARK}')\n"
        "except OSError:\n"
        f"    logging.getLogger('any').exception('{MARK} %s', '{MARK}')\n"
        f"    logging.getLogger('_granian').exception('{MARK}')\n"
        f"logging.getLogger('any').debug('{MARK}')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert MARK not in ran.stderr + ran.stdout
    told = [json.loads(line) for line in ran.stderr.splitlines()]
    assert [one.get("error") for one in told] == [
        "KeyError", "ValueError", "OSError", "OSError", None,
    ]  # fmt: skip
