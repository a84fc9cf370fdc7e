"""The description of the addresses: valid, and true of every answer to many generated calls."""

import io
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import SystemRandom
from typing import Any

import msgspec
import pytest
import schemathesis
from attacks import issuers, made_keys
from charts import back_pain, call
from flask import Flask
from house import BASE, production, token_of
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from test_tokens_served import as_toml, serving_in_full

from service.app import create_app
from service.ledger.store import migrate
from service.settings import Settings

CASES = int(os.environ.get("OPENAPI_CASES") or 100)  # of each address; `make prove` asks for more
SEED = int(os.environ.get("OPENAPI_SEED") or SystemRandom().randrange(2**32))
CALL, DISCOVERY = "POST /cds-services/lumbar-mri", "GET /cds-services"
FEEDBACK = f"{CALL}/feedback"
OPERATORS = {f"GET /{one}" for one in ("health/live", "health/ready", "metrics", "openapi.json")}
PAGES = (
    "/ ",
    "/order-entry/",
    "/source-attributes",
    "/dashboard",
)  # for people, and what they are made of
OPERATIONS = {CALL, FEEDBACK, DISCOVERY} | OPERATORS
# Of calls that the description allows or forbids alike.
TRUE_OF_ANY = {
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_schema_conformance", "response_headers_conformance",
}  # fmt: skip
JUDGED = TRUE_OF_ANY | {
    "unsupported_method", "allow_header_conformance", "negative_data_rejection",
    "positive_data_acceptance", "ignored_auth",
}  # fmt: skip


def configured(cases: int = CASES, wanted: set[str] = JUDGED, **more: Any) -> SchemathesisConfig:
    """Draw so many cases for an operation, and not the same ones each time."""
    checks = {"enabled": False, **{name: {"enabled": True} for name in wanted}}
    generation = {"max-examples": cases, "deterministic": False, "database": "none"}
    phases = {"stateful": {"enabled": False}}
    # Feedback is read in more shapes than are described: a vendor's own are no reason to lose it.
    liberal = {"negative_data_rejection": {"enabled": False}}
    operations = [{"include-path": FEEDBACK.split()[1], "checks": checks | liberal}]
    made = {"seed": SEED, "generation": generation, "phases": phases, "operations": operations}
    return SchemathesisConfig.from_dict({**made, "checks": checks, **more})


def described(app: Any, wanted: set[str] = JUDGED) -> Any:
    """Read the description from where it is served."""
    config = configured(wanted=wanted)
    return schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)


def run(schema: Any, wanted: set[str]) -> Counter[str]:
    """Call the service as its description says and as it forbids; give the cases by operation."""
    print(f"OPENAPI_SEED={SEED}")  # set it to draw the same cases again
    cases: Counter[str] = Counter()
    made: set[str] = set()
    for event in from_schema(schema).execute():
        assert not isinstance(event, events.NonFatalError | events.FatalError), vars(event)
        if not isinstance(event, events.ScenarioFinished):
            continue
        for name, checks in event.recorder.checks.items():
            case = event.recorder.cases[name].value
            cases[case.operation.label] += 1
            for check in checks:
                made.add(check.name)
                told = (
                    check.failure_info and f"{check.failure_info.failure}\n{case.as_curl_command()}"
                )
                assert not check.failure_info, told
    assert made == wanted
    return cases


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """A sandbox that remembers, as it does when it is served."""
    folder = tmp_path_factory.mktemp("ledger")
    url = f"sqlite:///{folder}/ledger.sqlite"
    migrate(url)
    app = create_app(Settings(ledger_url=url, spool_folder=folder / "spool"))
    yield app
    app.extensions["ledger"].close()


def test_the_description_is_valid_and_names_every_address(sandbox: Flask) -> None:
    schema = described(sandbox)
    schema.validate()
    rules = {
        f"{method} {rule.rule}"
        for rule in sandbox.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if not f"{rule.rule} ".startswith(PAGES)
    }
    assert rules == OPERATIONS
    assert {
        f"{method.upper()} {path}"
        for path, item in schema.raw_schema["paths"].items()
        for method in item
    } == OPERATIONS


def test_every_answer_is_as_described(sandbox: Flask) -> None:
    cases = run(described(sandbox), JUDGED)
    assert cases[CALL] >= CASES
    assert cases[FEEDBACK] >= CASES
    assert {CALL, DISCOVERY} <= set(cases)


def with_order(app: Flask, answered: Counter[int]) -> Any:
    """Put the order, its patient and a chart into each call; lists that were drawn stay in it."""

    def serve(environ: dict[str, Any], start: Any) -> Any:
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        drawn = msgspec.json.decode(sent) if is_json(environ, sent) else None
        if isinstance(drawn, dict):
            lists = drawn.get("prefetch")
            pieces = list(lists.values()) if isinstance(lists, dict) else [drawn]
            real = call(back_pain(), hook="order-sign")
            chart = real["prefetch"] | dict(zip(real["prefetch"], pieces, strict=False))
            sent = json.dumps({**drawn, **real, "prefetch": chart}).encode()
        environ |= {"wsgi.input": io.BytesIO(sent), "CONTENT_LENGTH": str(len(sent))}
        given = b"".join(app(environ, start))
        if isinstance(drawn, dict) and b'"cards"' in given:
            answered[len(json.loads(given)["cards"])] += 1
        return [given]

    return serve


def is_json(environ: dict[str, Any], sent: bytes) -> bool:
    try:
        msgspec.json.decode(sent)
    except msgspec.DecodeError:
        return False
    return environ["REQUEST_METHOD"] == "POST"


def test_every_answer_to_a_lumbar_order_is_as_described(sandbox: Flask) -> None:
    answered: Counter[int] = Counter()
    schema = described(with_order(sandbox, answered), TRUE_OF_ANY)
    assert run(schema, TRUE_OF_ANY)[CALL] >= CASES
    assert answered[1] > CASES / 3


def test_nobody_is_answered_without_a_token(tmp_path: Path) -> None:
    keys = made_keys()
    given = production(tmp_path, issuers(keys, tmp_path, jku=False))
    with serving_in_full(tmp_path, as_toml(given)) as served:
        config = configured(CASES // 2, **{"base-url": served.address})
        schema = schemathesis.openapi.from_url(f"{served.address}/openapi.json", config=config)

        @schema.auth(refresh_interval=None)
        class Token:
            """A new one for each call, since each serves once."""

            def get(self, case: Any, _context: Any) -> str:
                audience = f"{given['public_url']}{case.operation.path}"
                return token_of(BASE, keys, time.time(), aud=audience)

            def set(self, case: Any, data: str, _context: Any) -> None:
                case.headers["Authorization"] = f"Bearer {data}"

        assert run(schema, JUDGED)[CALL] >= CASES // 2
    assert '"status": 200' in served.printed
    assert '"status": 401' in served.printed
