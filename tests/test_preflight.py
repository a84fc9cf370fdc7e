"""What `check --ehr` tells of a FHIR server before the first call."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from charts import back_pain, bundle, call
from click.testing import CliRunner, Result
from fault_server import fault_server
from fhir_server import TOKEN, FhirServer, fhir_server
from served import free_port

from service.cli import main
from service.settings import SETTINGS_FILE


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirServer]:
    with fhir_server(tmp_path_factory.mktemp("preflight")) as running:
        running.put([call()["prefetch"]["patient"], back_pain()])
        yield running


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    (tmp_path / "token").write_text(f"{TOKEN}\n", encoding="utf-8")
    return str(tmp_path / "token")


def checked(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


def test_a_server_that_gives_all_is_said_to(server: FhirServer, token_file: str) -> None:
    ran = checked("--ehr", server.base, "--patient", "p", "--token-file", token_file)
    assert ran.exit_code == 0, ran.output
    assert "FHIR version 4.0.1" in ran.output
    assert "Condition?patient=ID&_count=200: 1 read" in ran.output
    assert "Patient/ID: 1 read" in ran.output
    assert "within the deadline" in ran.output
    assert "not registered in the settings" in ran.output
    assert TOKEN not in ran.output


def test_without_a_token_every_refusal_is_told(server: FhirServer) -> None:
    ran = checked("--ehr", server.base, "--patient", "p")
    assert ran.exit_code == 1
    assert "ehr_http_401 (needed for a deferral)" in ran.output


def test_without_a_patient_only_the_server_is_described(server: FhirServer) -> None:
    ran = checked("--ehr", server.base)
    assert ran.exit_code == 0
    assert "--patient" in ran.output


def test_a_server_that_is_not_there_is_told() -> None:
    ran = checked("--ehr", f"http://127.0.0.1:{free_port()}/fhir", "--patient", "p")
    assert ran.exit_code == 1
    assert "metadata: ehr_refused" in ran.output


@pytest.mark.parametrize(
    "arguments", [[], ["--ehr", "ftp://x"], ["--ehr", "http://127.0.0.1:1/fhir", "--iss", "nobody"]]
)
def test_what_makes_no_sense_is_refused(arguments: list[str]) -> None:
    ran = checked(*arguments)
    assert ran.exit_code in (1, 2)
    assert "Error" in ran.output


def test_an_issuer_is_tried_by_its_own_settings(
    server: FhirServer, token_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(
        f"""
        [[issuers]]
        iss = "https://ehr.example.org/"
        jku = "https://ehr.example.org/jwks"
        profile = "epic"
        fhir_servers = ["{server.base}/"]
        """,
        encoding="utf-8",
    )
    monkeypatch.setenv(SETTINGS_FILE, str(settings))
    ran = checked(
        "--ehr", server.base, "--patient", "p", "--token-file", token_file,
        "--iss", "https://ehr.example.org/",
    )  # fmt: skip
    assert "category=vital-signs" in ran.output
    assert "  registered in the settings" in ran.output
    assert "the deadline of 1.5 s" in ran.output


def test_the_record_of_somebody_else_is_a_problem() -> None:
    other = {"reference": "Patient/somebody-else"}
    with fault_server() as odd:
        odd.begin(lambda asked: asked.give(bundle({**back_pain(), "subject": other})), "Condition")
        ran = checked("--ehr", odd.base, "--patient", "p")
    assert ran.exit_code == 1
    assert "1 read; other-patient (needed for a deferral)" in ran.output


@pytest.mark.parametrize("token", ["two words", "line\nbreak", "\xe9\xff", ""])
def test_what_is_no_token_is_refused_and_not_shown(
    token: str, server: FhirServer, tmp_path: Path
) -> None:
    (tmp_path / "odd").write_bytes(token.encode("latin-1"))
    ran = checked("--ehr", server.base, "--patient", "p", "--token-file", str(tmp_path / "odd"))
    assert ran.exit_code == 1
    assert "--token-file" in ran.output
    assert not token or token not in ran.output
