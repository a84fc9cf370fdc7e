"""Calls of which something has to be fetched, how they are answered, and what they left behind."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from charts import TODAY, call, reading
from conformance import hold
from conftest import STRICT
from fault_server import fault_server
from faults import NEW_PAIN

from service.clients import Client
from service.ehr.guard import MOST_CALLS, MOST_FETCHES, Guard
from service.errors import MissingPrerequisite
from service.web.answer import Desk, answer
from service.web.arrangement import Arrangement, arrange
from service.web.record import CallRecord

DEADLINE_S = 0.6
GRACE_S = 0.1 if STRICT else 0.3  # for the work after the deadline, beside other work
TOKEN = "a-token-that-nobody-else-may-see"
DISCOURAGING = {"DeferSixWeeks", "DeferNoConservativeCare", "DeferCareIncomplete", "DeferImproving"}
RESIDUAL = reading(None, "Post-void residual", 420, "mL", days=1)  # a red flag
PATIENT = {"resourceType": "Patient", "id": "p", "birthDate": "1984-02-01"}
OTHER_LISTS = ("medicationStatements", "serviceRequests", "devices", "allergies",
               "diagnosticReports", "questionnaireResponses")  # fmt: skip
EMPTY = {"resourceType": "Bundle", "type": "searchset", "entry": []}


def the_way(desk: Desk, base: str, **changes: Any) -> Arrangement:
    """Arrange, anew, how a client with one FHIR server is answered."""
    usual = {"profile": "sandbox", "fhir_servers": (base,), "deadline_s": DEADLINE_S}
    return arrange(Client(**(usual | changes)), desk.guideline, desk.settings)


def lacking(
    *keys: str, base: Any, hook: str = "order-select", flag: bool = False, **changes: Any
) -> dict[str, Any]:
    """Write a call that brings a whole chart of new back pain except some keys, and a token."""
    body = call(NEW_PAIN, *([RESIDUAL] if flag else []), hook=hook, **changes)
    sent = {**dict.fromkeys(OTHER_LISTS, EMPTY), **body["prefetch"]}
    authorization = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 300}
    return {
        **body,
        "prefetch": {key: piece for key, piece in sent.items() if key not in keys},
        "fhirServer": base,
        "fhirAuthorization": authorization,
    }


@dataclass(frozen=True, kw_only=True)
class Given:
    """What a call got: its status and card, how long it took, and where the chart came from."""

    status: int
    seconds: float
    card: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)

    @property
    def topic(self) -> str:
        return self.card.get("source", {}).get("topic", {}).get("code", "")

    @property
    def unavailable(self) -> dict[str, str]:
        content = self.card["extension"]["org.lumbar-mri-cds"]
        return {one["group"]: one["reason"] for one in content.get("unavailable", [])}


def asked(body: dict[str, Any] | bytes, desk: Desk, way: Arrangement) -> Given:
    """Answer one call, and hold what is answered against the card contract."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    kept = CallRecord(endpoint="test")
    try:
        given = json.loads(answer(text, desk, TODAY, way, kept))
    except MissingPrerequisite:
        return Given(status=412, seconds=time.monotonic() - kept.begun, origins=dict(kept.origins))
    seconds = time.monotonic() - kept.begun
    hold(given, desk.guideline)
    assert TOKEN not in json.dumps(given)
    (card,) = given["cards"]
    return Given(status=200, seconds=seconds, card=card, origins=dict(kept.origins))


def wait_until_free(guard: Guard, most_s: float = 1.0) -> None:
    """Wait until no fetch and no call holds a place any more; fails if that takes long."""
    for places, most in ((guard.fetches, MOST_FETCHES), (guard.calls, MOST_CALLS)):
        until = time.monotonic() + most_s
        taken = 0
        while taken < most:
            taken += places.acquire(timeout=max(until - time.monotonic(), 0.001))
            assert taken == most or time.monotonic() < until, f"{most - taken} are held for ever"
        places.release(most)


@contextmanager
def canary() -> Iterator[Any]:
    """Listen where nobody may call; whatever comes is counted."""
    with fault_server() as listener:
        yield listener
        assert listener.connections == 0
        assert not any(listener.authorizations)


def rows_of(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
