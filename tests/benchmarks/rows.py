"""What else is measured: start-up, memory, tokens, what is asked of a FHIR server, long charts."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from callers import NORTH, registered
from fhir_server import TOKEN, fhir_server
from house import CALL_PATH
from test_tokens_served import as_toml

from benchmarks import in_process, load, servers
from benchmarks.payloads import Payload, a_call

NUMBERS = (10, 100, 1000, 10_000)  # of resources
MEMORY_CALLS = 1000
FETCHED = 100  # resources on the FHIR server
_LISTS = ("medicationStatements", "serviceRequests", "devices", "allergies",
          "diagnosticReports", "questionnaireResponses")  # fmt: skip
_EMPTY = {"resourceType": "Bundle", "type": "searchset", "entry": []}


def length(seconds: float) -> dict[str, float]:
    """Give processor microseconds a resource of the whole answer, by how many there are."""
    return {str(n): us for n, us in in_process.answer_us(NUMBERS, seconds).items()}


def steps(payloads: Iterable[Payload], seconds: float) -> dict[str, Any]:
    """Give processor microseconds of each step of the line, without a server, by size."""
    return {one.name: in_process.steps_us(one.body, seconds) for one in payloads}


def start_and_memory(folder: Path, names: tuple[str, ...], small: Payload) -> dict[str, Any]:
    """Give the seconds until a server is ready, and the MB of a worker after 1,000 small calls."""
    told = {}
    for name in names:
        own = folder / f"alone-{name}"
        own.mkdir()
        with servers.ALL[name](own) as running:
            load.so_many(running, small.body, MEMORY_CALLS)
            told[name] = {"ready_s": running.ready_s, "worker_mb": running.megabytes()}
    return told


def tokens(folder: Path, payload: Payload, calls: int) -> dict[str, Any]:
    """Give what a call costs in the sandbox, and in production, where each has its own token."""
    told = {}
    for name in ("sandbox", "production"):
        own = folder / name
        own.mkdir()
        toml = as_toml({**registered(own), "workers": 2}) if name == "production" else ""
        headers = [NORTH.headers(CALL_PATH) if toml else {} for _ in range(calls)]
        with servers.product(own, toml) as running:
            told[name] = asdict(load.so_many(running, payload.body, calls, headers))
    return told


def fetched(folder: Path, calls: int) -> dict[str, Any]:
    """Give what a call costs when a chart is sent along, and when it is asked for on loopback."""
    own = folder / "fetched"
    own.mkdir()
    with fhir_server(own) as server:
        sent = _complete(json.loads(a_call(FETCHED)), server.base)
        pieces = sent["prefetch"].values()
        server.put(r for p in pieces for r in _resources(p))
        toml = f"[client]\nprofile = 'sandbox'\nfhir_servers = ['{server.base}']\n"
        bodies = {"sent": sent, "asked for": {**sent, "prefetch": {}}}
        with servers.product(own, toml) as running:
            return {
                name: asdict(load.so_many(running, json.dumps(body).encode(), calls))
                for name, body in bodies.items()
            }


def _complete(body: dict[str, Any], base: str) -> dict[str, Any]:
    """Add the lists that a FHIR server would be asked for, and the way to it."""
    authorization = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 300,
                     "scope": "patient/*.rs", "subject": "cds"}  # fmt: skip
    prefetch = {**dict.fromkeys(_LISTS, _EMPTY), **body["prefetch"]}
    offered = {"fhirServer": base, "fhirAuthorization": authorization}
    return {**body, "prefetch": prefetch, **offered}


def _resources(piece: dict[str, Any]) -> list[dict[str, Any]]:
    if piece["resourceType"] != "Bundle":
        return [piece]
    return [entry["resource"] for entry in piece["entry"]]
