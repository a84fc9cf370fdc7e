"""The command `canary`: an emergency that is missed is told by name, a service away as such."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from attacks import HOME, Keys, issuers, made_keys
from click.testing import CliRunner, Result
from conftest import ROOT
from counted import counted
from cryptography.hazmat.primitives.asymmetric import dsa, ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from flask import Flask, Response, redirect
from house import production
from losses import folder_without
from served import Served, free_port, serving
from test_tokens_served import as_toml
from werkzeug.serving import make_server

from service.app import create_app
from service.cli import main
from service.content import content_folder, load
from service.content.canaries import canaries
from service.settings import Settings

ALL = canaries(content_folder())
CALLS = len(ALL) + 1
PATH = "/cds-services/lumbar-mri"


def fly(url: str, *options: str) -> Result:
    return CliRunner().invoke(main, ["canary", url, *options])


@contextmanager
def listening(app: Flask) -> Iterator[str]:
    """Serve an application over HTTP in a thread of this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def answering(answer: Callable[[], Any]) -> Flask:
    """Make a service that gives every call the same answer."""
    app = Flask("other")
    app.add_url_rule(PATH, view_func=answer, methods=["POST"])
    return app


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served"), "workers = 1\n") as running:
        yield running


@pytest.mark.parametrize("end", ["", "/"])
def test_a_service_that_hears_all_is_told_in_one_line(served: Served, end: str) -> None:
    flown = fly(f"{served.address}{end}")
    assert (flown.exit_code, flown.output) == (0, f"all {CALLS} calls got their card\n")


def test_it_calls_at_both_hooks(served: Served) -> None:
    before = counted(served.address)
    assert fly(served.address, "--quiet").output == ""
    now = counted(served.address)
    asked = [
        now("calls_total", status="200", hook=hook) - before("calls_total", status="200", hook=hook)
        for hook in ("order-select", "order-sign", "canary")
    ]
    assert sum(asked) == CALLS
    assert asked in ([1, len(ALL), 0], [0, 0, CALLS])


def test_a_lost_group_of_codes_is_named_over_the_wire(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = load(folder_without(tmp_path, "cauda-equina-syndrome"))
    monkeypatch.setattr("service.app.load", lambda _: broken)
    with listening(create_app(Settings())) as address:
        flown = fly(address)
    assert flown.exit_code == 1
    missed = [line for line in flown.output.splitlines() if line.startswith("MISSED")]
    assert len(missed) == 2  # its chart, at both hooks
    for line, hook in zip(missed, ("order-select", "order-sign"), strict=True):
        assert line.startswith(
            f"MISSED cauda-equina-syndrome-in-icd-10-cm ({hook}): expected the critical card "
            "CaudaEquinaEmergency within 4 s, got "
        )
    assert f"2 of {CALLS} calls did not get their card" in flown.output


def test_a_service_of_such_content_does_not_even_start(tmp_path: Path) -> None:
    """As installed: the package with its content inside."""
    shutil.copytree(ROOT / "service", tmp_path / "service")
    changed = folder_without(tmp_path, "cauda-equina-syndrome")
    shutil.move(changed, tmp_path / "service" / "cards")
    started = subprocess.run(
        [sys.executable, "-m", "service.cli", "serve"], cwd=tmp_path, capture_output=True,
        text=True, timeout=30, env=os.environ | {"PORT": str(free_port())},
    )  # fmt: skip
    assert started.returncode == 1
    assert "cauda-equina-syndrome-in-icd-10-cm: expects CaudaEquinaEmergency" in started.stderr


def test_a_card_that_comes_late_is_told_with_its_delay(served: Served) -> None:
    flown = fly(served.address, "--within", "0.0001")
    assert flown.exit_code == 1
    assert flown.output.count("MISSED") == CALLS
    assert re.search(r"within 0\.0001 s, got it after \d+\.\d s$", flown.output, re.MULTILINE)


# What another service answers: its exit code, and what is said of it.
OTHERS: dict[str, tuple[Callable[[], Any], int, str]] = {
    "an empty list": (lambda: {"cards": []}, 1, "got no card"),
    "no list": (dict, 1, "got an answer without cards"),
    "cards that are none": (lambda: {"cards": [{}]}, 1, "got an answer without cards"),
    "no JSON": (lambda: "<p>", 1, "got an answer without cards"),
    "a failure": (lambda: ({}, 500), 1, "got status 500"),
    "a wish": (lambda: ({}, 412), 1, "got status 412"),
    "a refusal": (lambda: ({}, 401), 2, "refuses the call with status 401"),
    "a proxy without a service": (lambda: ({}, 502), 2, "refuses the call with status 502"),
    "a redirect": (lambda: redirect("/"), 2, "refuses the call with status 302"),
    "another card": (
        lambda: {"cards": [{"indicator": "critical", "source": {"topic": {"code": "Other"}}}]},
        1,
        "got Other (critical)",
    ),
    "a milder card": (
        lambda: {
            "cards": [{"indicator": "warning", "source": {"topic": {"code": ALL[0].expects}}}]
        },
        1,
        f"got {ALL[0].expects} (warning)",
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_whatever_is_no_card_is_told_as_such(name: str) -> None:
    answer, code, words = OTHERS[name]
    with listening(answering(answer)) as address:
        flown = fly(address, "--quiet")
    assert flown.exit_code == code
    assert words in flown.output
    assert flown.output.count("MISSED") == (CALLS if code == 1 else 0)


def test_a_service_that_is_away_is_told_as_such() -> None:
    flown = fly(f"http://127.0.0.1:{free_port()}")
    assert flown.exit_code == 2
    assert "cannot be reached (ConnectionError)" in flown.output


def test_an_address_that_is_none_is_told_as_such() -> None:
    flown = fly("127.0.0.1")
    assert flown.exit_code == 2
    assert "cannot be reached" in flown.output


def test_one_that_goes_away_after_a_miss_has_missed() -> None:
    answers = iter([({"cards": []}, 200), ({}, 503)])
    with listening(answering(lambda: next(answers))) as address:
        flown = fly(address)
    assert flown.exit_code == 1
    assert "MISSED" in flown.output
    assert "NOT REACHED" in flown.output


@pytest.fixture(scope="module")
def keys() -> Keys:
    return made_keys()


def pem(key: Any, folder: Path) -> str:
    path = folder / "key.pem"
    shown = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(shown)
    return str(path)


@pytest.fixture(scope="module")
def in_production(
    keys: Keys, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Keys]]:
    """A service that is called at its public address, as if there were a proxy before it."""
    folder = tmp_path_factory.mktemp("production")
    registered = issuers(keys, folder, jku=False)
    address = f"http://127.0.0.1:{free_port()}"
    audience = f"{address}{PATH}"
    registered = [{**one, "audiences": [audience]} for one in registered]
    port = int(address.rpartition(":")[2])
    given = as_toml({**production(folder, registered), "port": port})
    with serving(folder, given, port=port) as running:
        yield running.address, keys


@pytest.mark.parametrize(("name", "algorithm"), [("k1", "RS384"), ("k2", "ES384")])
def test_in_production_it_shows_a_token_of_its_own_for_each_call(
    name: str, algorithm: str, in_production: tuple[str, Keys], tmp_path: Path
) -> None:
    address, keys = in_production
    flown = fly(address, "--iss", HOME, "--key-file", pem(keys[name], tmp_path), "--kid", name)
    assert (flown.exit_code, flown.output) == (0, f"all {CALLS} calls got their card\n")


@pytest.mark.parametrize("name", [None, "attacker"])
def test_in_production_without_a_genuine_token_it_is_refused(
    name: str | None, in_production: tuple[str, Keys], tmp_path: Path
) -> None:
    address, keys = in_production
    signed = ()
    if name:
        signed = ("--iss", HOME, "--key-file", pem(keys[name], tmp_path), "--kid", "k1")
    flown = fly(address, *signed)
    assert flown.exit_code == 2
    assert "refuses the call with status 401" in flown.output


@pytest.mark.parametrize("options", [["--iss", "x"], ["--kid", "k"], ["--iss", "x", "--kid", "k"]])
def test_what_signs_a_token_belongs_together(options: list[str]) -> None:
    flown = fly("http://127.0.0.1:9", *options)
    assert flown.exit_code == 2
    assert "--iss, --key-file and --kid belong together" in flown.output


@pytest.mark.parametrize(
    "key",
    [None, dsa.generate_private_key(1024), ec.generate_private_key(ec.SECP521R1())],
    ids=["no key", "dsa", "p-521"],
)
def test_a_key_that_cannot_sign_is_refused_without_a_word_of_it(key: Any, tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    if key is None:
        file.write_text("-----BEGIN PRIVATE KEY-----\nSecretWords\n-----END PRIVATE KEY-----\n")
    else:
        pem(key, tmp_path)
    flown = fly("http://127.0.0.1:9", "--iss", "i", "--key-file", str(file), "--kid", "k")
    assert flown.exit_code == 2
    assert "--key-file: expected a" in flown.output
    assert "SecretWords" not in flown.output


def test_it_flies_again_and_again_until_it_is_stopped(served: Served) -> None:
    command = [sys.executable, "-u", "-m", "service.cli", "canary", served.address]
    with subprocess.Popen(
        [*command, "--every", "0.1"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as flying:
        assert flying.stdout is not None
        said = [flying.stdout.readline() for _ in range(2)]
        flying.terminate()
    assert said == [f"all {CALLS} calls got their card\n"] * 2


def test_a_call_is_seen_to_be_a_canary_of_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    app = Flask("other")

    @app.post(PATH)
    def keep() -> Response:
        from flask import request

        sent.append(request.get_json())
        return Response(json.dumps({"cards": []}), mimetype="application/json")

    with listening(app) as address:
        fly(address)
    assert len(sent) == CALLS
    assert len({call["hookInstance"] for call in sent}) == CALLS
    for call in sent:
        assert call["extension"] == {"org.lumbar-mri-cds": {"canary": True}}
        assert call["context"]["patientId"] == "lumbar-mri-cds-canary"
        patient = call["prefetch"]["patient"]
        assert patient["name"] == [{"text": "Canary, no patient"}]
        assert patient["meta"]["tag"][0]["code"] == "HTEST"
