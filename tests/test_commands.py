"""The commands as a person or a script runs them: what is printed, and the exit code."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from charts import ago, back_pain, bundle, call, condition, order
from click.testing import CliRunner
from conformance import hold
from conftest import ROOT

from service.app import open_desk
from service.cli import main
from service.errors import BadSetting
from service.settings import Settings, from_environment
from service.web.answer import Desk

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
