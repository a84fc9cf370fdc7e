"""The commands as a person or a script runs them: what is printed, and the exit code."""

import json
import os
import re
import socket
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from charts import TODAY, ago, back_pain, bundle, call, condition, order
from click.testing import CliRunner
from conformance import hold
from conftest import ROOT
from fault_server import fault_server

from service.app import open_desk
from service.cli import main
from service.errors import BadSetting
from service.settings import SETTINGS_FILE, Settings, from_environment
from service.web.answer import Desk, answer
from service.web.record import CallRecord

CASE = ROOT / "fhir_fixtures" / "six-weeks-have-not-passed"


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [str(a) for a in arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def written(tmp_path: Path):
    """Write a call to a file, and give the file."""

    def write(content: object) -> Path:
        path = tmp_path / "request.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_every_command_has_help() -> None:
    for command in main.commands:
        code, out, _ = run(command, "--help")
        assert code == 0
        assert re.search(r"^  [A-Z].*\.$", out, re.MULTILINE), command


def test_advise_prints_the_response(written, desk: Desk) -> None:
    code, out, err = run("advise", written(call(back_pain())), "--as-of", "2026-11-22")
    assert code == 0
    assert err == ""
    answer = json.loads(out)
    hold(answer, desk.guideline)
    assert answer["cards"][0]["extension"]["org.lumbar-mri-cds"]["asOf"] == "2026-11-22"


def test_advise_explains_every_row(written, desk: Desk) -> None:
    fresh = back_pain(onsetDateTime=ago(5))
    _, _, err = run("advise", written(call(fresh)), "--as-of", "2026-11-22", "--explain")
    lines = err.splitlines()
    tables = (desk.guideline.indication, *desk.guideline.modifiers)
    assert len(lines) == sum(map(len, tables))
    decided = [line for line in lines if ": matches: " in line]
    assert [line.partition(":")[0] for line in decided] == ["indication R60"]
    assert "cauda-equina-sign is not met (asks met)" in lines[0]


def test_a_file_that_is_no_call_ends_with_two(written) -> None:
    for command in ("advise", "check"):
        code, out, err = run(command, written({"hook": "order-sign"}))
        assert (code, out) == (2, "")
        assert err == "hookInstance: expected a UUID\n"
        code, _, err = run(command, written("{"))
        assert code == 2
        assert err.startswith("body: expected a JSON object")


def test_check_says_that_a_complete_call_is_fine(written) -> None:
    code, out, _ = run("check", written(call(back_pain(onsetDateTime=ago(3)))), "--as-of",
                       "2026-11-22")  # fmt: skip
    assert code == 0
    assert "conditions: read as conditions: 1 Condition" in out
    assert "ServiceRequest/mri: rule R60, DeferSixWeeks, warning" in out


def test_check_says_what_is_missing_malformed_and_not_fhir(written) -> None:
    odd = condition("M54.50", id="odd", onsetDateTime="last week")
    body = call(back_pain(), odd, encounters=..., procedures=None, weather={"sky": "blue"})
    body["prefetch"]["dxList"] = body["prefetch"].pop("conditions")
    code, out, _ = run("check", written(body))
    assert code == 1
    assert section(out, "Not sent") == ["encounters"]
    weather, onset = section(out, "Not valid FHIR R4")
    assert weather == "prefetch.weather: is not a resource"
    assert onset.startswith("prefetch.dxList.entry[1].resource: Condition.onsetDateTime")
    keys = section(out, "Prefetch keys")
    assert "dxList: known by what it holds: 2 Condition" in keys
    assert "procedures: null, taken as an empty list" in keys
    assert "weather: not used: no resource" in keys


def test_check_looks_into_a_call_without_a_lumbar_mri(written) -> None:
    other = call(conditions=bundle(7), orders=[order(code={"text": "MRI of the brain"})])
    code, out, _ = run("check", written(other))
    assert code == 1
    assert section(out, "Could not be read completely") == ["conditions: unreadable-entry"]
    assert section(out, "Answer") == ["no card"]


def section(out: str, heading: str) -> list[str]:
    """Give the lines under a heading; the word for nothing is nothing."""
    lines = out.split(f"{heading}:\n", 1)[1].splitlines()
    found = []
    for line in lines:
        if not line.startswith("  "):
            break
        found.append(line.strip())
    return [] if found == ["none"] else found


ISS = "https://ehr.example.org/"
LOCAL = {"coding": [{"system": "urn:oid:1.2.3.4", "code": "L-77"}]}
KEY = "a-key-of-a-site-that-is-long-enough-to-be-one"
SITE = f"""
card_key = "{KEY}"
[client]
profile = "generic"
rating = true
[[issuers]]
iss = "{ISS}"
jku = "https://ehr.example.org/jwks"
rating = true
system_actions = "both"
time_zone = "Pacific/Kiritimati"
fhir_servers = ["SERVER"]
[issuers.prefetch_keys]
vitals = "observations"
Labs = "observations"
[[issuers.order_codes]]
system = "urn:oid:1.2.3.4"
code = "L-77"
concept = "lumbar-mri-without-contrast"
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write the settings of a site, whose issuer has one FHIR server, and give the file."""
    monkeypatch.setenv(SETTINGS_FILE, "")  # whatever a command sets here is undone

    def write(server: str = "https://ehr.example.org/fhir") -> Path:
        path = tmp_path / "site.toml"
        path.write_text(SITE.replace("SERVER", server), encoding="utf-8")
        return path

    return write


def its_call(*keys: str, **changes: object) -> dict:
    """Write a call with the site's own order code, and its observations by its own keys."""
    body = call(back_pain(onsetDateTime=ago(9)), orders=[order(code=LOCAL)], observations=...)
    body["prefetch"] |= dict.fromkeys(keys, bundle())
    return body | changes


PLAIN = call(back_pain(onsetDateTime=ago(9)))


@pytest.mark.parametrize("iss", [None, ISS])
def test_advise_prints_what_the_service_would_answer(
    iss: str | None, written, site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rating as a system action, the identities of cards and the site's codes, too."""
    file, request = site(), written(its_call("vitals", "labs") if iss else PLAIN)
    chosen = ["--iss", iss] if iss else []
    code, out, _ = run("advise", request, "--as-of", "2026-11-22", "--settings", file, *chosen)
    monkeypatch.setenv(SETTINGS_FILE, str(file))
    desk = open_desk(from_environment())
    with_ = desk.arrangements[iss] if iss else desk.anyone
    kept = CallRecord(endpoint="test", issuer=iss)
    told = answer(request.read_bytes(), desk, TODAY, with_, kept)
    assert (code, out.encode()) == (0, told + b"\n")
    given = json.loads(told)
    assert given["cards"]
    assert given["systemActions"]
    assert ("extension" in given) is (iss is not None)
    assert run("advise", request, "--as-of", "2026-11-22", *chosen)[1] == out  # by the environment


def test_the_day_of_a_command_ends_where_the_caller_is(written, site) -> None:
    _, out, _ = run("advise", written(its_call()), "--settings", site(), "--iss", ISS)
    (card,) = json.loads(out)["cards"]
    there = datetime.now(ZoneInfo("Pacific/Kiritimati")).date()
    assert card["extension"]["org.lumbar-mri-cds"]["asOf"] == there.isoformat()


@pytest.mark.parametrize("command", ["advise", "check"])
def test_a_request_is_tried_without_any_network(command: str, written, site) -> None:
    """Not even where it offers a registered server, and a token that may be good for it still."""
    with fault_server() as server:
        token = {"access_token": "t", "token_type": "Bearer", "expires_in": 300}
        request = written(its_call(fhirServer=server.base, fhirAuthorization=token))
        code, out, _ = run(command, request, "--settings", site(server.base), "--iss", ISS)
        assert out
        assert code == (command == "check")
        assert server.connections == 0


def test_what_the_service_would_refuse_for_want_of_data_is_told(written, site) -> None:
    body = its_call("vitals", "labs")
    del body["prefetch"]["conditions"]
    request, by = written(body), ("--settings", site(), "--iss", ISS)
    assert run("advise", request, *by) == (2, "", "prefetch needed: conditions\n")
    code, out, _ = run("check", request, *by)
    assert code == 1
    assert section(out, "Not sent") == ["conditions"]
    assert section(out, "Answer") == ["412, prefetch needed: conditions"]


def test_check_reads_a_call_by_what_was_arranged_with_its_caller(written, site) -> None:
    by = ("--settings", site(), "--iss", ISS, "--as-of", "2026-11-22")
    code, out, _ = run("check", written(its_call("vitals", "labs")), *by)
    assert code == 0
    assert "vitals: read as observations: no resource" in section(out, "Prefetch keys")
    assert section(out, "Answer") == ["ServiceRequest/mri: rule R60, DeferSixWeeks, warning"]
    code, out, _ = run("check", written(its_call("vitals")), *by)
    assert code == 1
    assert section(out, "Not sent") == ["labs (of observations)"]
    assert not [line for line in section(out, "Prefetch keys") if line.startswith("labs")]
    assert section(out, "Could not be read completely") == []
    code, out, _ = run("check", written(its_call("vitals", orders=[])), *by[:2])
    assert "vitals: not used: no resource" in section(out, "Prefetch keys")


@pytest.mark.parametrize("command", ["advise", "check"])
def test_settings_that_are_wrong_and_issuers_that_nobody_knows_are_named(
    command: str, written, site, tmp_path: Path
) -> None:
    request = written(its_call())
    code, out, err = run(command, request, "--settings", site(), "--iss", "https://nobody/")
    assert (code, out) == (1, "")
    assert "--iss" in err
    for text in ("colour = 1", SITE.replace("lumbar-mri-without-contrast", "nothing")):
        (tmp_path / "site.toml").write_text(text.replace("SERVER", "https://x.example/f"))
        code, out, err = run(command, request, "--settings", tmp_path / "site.toml")
        assert (code, out) == (1, "")
        assert "expected" in err


def test_check_content_names_what_was_read(desk: Desk) -> None:
    code, out, _ = run("check-content")
    assert code == 0
    assert desk.guideline.version in out


def test_check_content_refuses_a_folder_without_content(tmp_path: Path) -> None:
    code, _, err = run("check-content", tmp_path)
    assert code == 1
    assert "guideline.yaml: file: cannot be read" in err


def test_serve_stays_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    code, _, err = run("serve")
    assert code == 1
    assert "HOST: expected loopback" in err
    monkeypatch.setenv("ALLOW_REMOTE_SANDBOX", "true")
    assert from_environment().host == "0.0.0.0"


@pytest.mark.parametrize("port", ["", "0", "65536", "http", "-1"])
def test_a_port_that_is_none_is_named(port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", port)
    with pytest.raises(BadSetting, match="PORT"):
        from_environment()


def test_a_host_that_is_no_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "localhost")
    assert from_environment().host == "127.0.0.1"
    monkeypatch.setenv("HOST", "my-machine")
    with pytest.raises(BadSetting, match="HOST"):
        from_environment()


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../UTC"])
def test_a_time_zone_that_is_none_is_named(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIME_ZONE", zone)
    with pytest.raises(BadSetting, match="TIME_ZONE"):
        from_environment()


def test_the_day_ends_where_the_facility_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIME_ZONE", "America/New_York")
    assert str(open_desk(from_environment()).zone) == "America/New_York"


def test_a_port_that_is_taken_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else two services, perhaps of two contents, would answer in turn."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        monkeypatch.setenv("PORT", str(other.getsockname()[1]))
        code, _, err = run("serve")
    assert code == 1
    assert "PORT: " in err


def test_settings_default_to_the_sandbox_on_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOST", "PORT", "TIME_ZONE", "ALLOW_REMOTE_SANDBOX"):
        monkeypatch.delenv(name, raising=False)
    url = "sqlite:///var/ledger.sqlite"
    assert from_environment() == Settings(ledger_url=url)


def test_a_wheel_elsewhere_answers_byte_for_byte_the_same(tmp_path: Path) -> None:
    """Built from the sources, installed in a folder of its own, run twice in another zone."""
    request = CASE / "request.json"
    here = advised([sys.executable, "-m", "service.cli"], request, cwd=ROOT, TZ="UTC")
    wheels = tmp_path / "wheels"
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "-w", str(wheels), str(ROOT)], check=True, capture_output=True)
    (wheel,) = wheels.glob("*.whl")
    target = tmp_path / "elsewhere"
    install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(target)]
    subprocess.run([*install, str(wheel)], check=True, capture_output=True)
    installed = [sys.executable, "-m", "service.cli"]
    there = {"cwd": tmp_path, "PYTHONPATH": str(target)}
    for zone in ("Pacific/Kiritimati", "America/Los_Angeles"):
        assert advised(installed, request, TZ=zone, **there) == here
    assert here.startswith(b'{"cards":[{"uuid":')


def advised(command: list[str], request: Path, *, cwd: Path, **environment: str) -> bytes:
    given = [*command, "advise", str(request), "--as-of", "2026-11-22"]
    ran = subprocess.run(
        given, cwd=cwd, env=os.environ | environment, check=True, capture_output=True
    )
    return ran.stdout
