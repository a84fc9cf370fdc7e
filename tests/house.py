"""The service of the production profile with both issuers registered, and watched."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from attacks import META, ROWS, Keys, token_of
from charts import back_pain, call
from flask.testing import FlaskClient

from service.app import answer as computed_answer
from service.clients import Issuer
from service.errors import FhirServerError
from service.settings import Settings

CALL_PATH = "/cds-services/lumbar-mri"
CARD_KEY = "a-secret-of-the-tests-of-32-bytes-or-more"
BASE = next(row for row in ROWS if row["id"] == "ok-no-jku")
REFUSAL = (
    b'{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"login",'
    b'"details":{"text":"not authorized"}}]}'
)
Answer = Any  # of the client for tests, or of requests


@dataclass(kw_only=True)
class House:
    """The service with both issuers registered, and what it did while it was asked."""

    keys: Keys
    settings: Settings
    client: FlaskClient
    computed: list[bytes] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    outbound: list[Any] = field(default_factory=list)
    let_in: int = 0

    def token(self, row: dict[str, Any] = BASE, **claims: Any) -> str:
        return token_of(row, self.keys, time.time(), **claims)

    def post(self, *authorization: str, query: str = "", **more: Any) -> Answer:
        headers = [("Authorization", one) for one in authorization]
        body = {**call(back_pain()), **more}
        given = self.client.post(f"{CALL_PATH}{query}", json=body, headers=headers)
        self.let_in += given.status_code != 401
        return given

    def bearer(self, row: dict[str, Any] = BASE, **claims: Any) -> Answer:
        return self.post(f"Bearer {self.token(row, **claims)}")


@contextmanager
def watched(house: House) -> Iterator[None]:
    """Note every card that is computed, every fetch of keys and every connection."""

    def computing(body: bytes, *rest: Any) -> bytes:
        house.computed.append(body)
        return computed_answer(body, *rest)

    def fetching(issuer: Issuer) -> Any:
        house.fetched.append(issuer.iss)
        raise FhirServerError("ehr_dns")

    def connecting(*given: Any, **_: Any) -> Any:
        house.outbound.append(given)
        raise OSError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.app.answer", computing)
        patch.setattr("service.ehr.keys._fetch", fetching)
        patch.setattr(socket.socket, "connect", connecting)
        patch.setattr(socket, "getaddrinfo", connecting)
        yield


def production(folder: Path, registered: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "profile": "production",
        "public_url": META["service_url"].removesuffix(CALL_PATH),
        "tls_ends_at_proxy": True,
        "card_key": CARD_KEY,
        "ledger_url": f"sqlite:///{folder}/ledger.sqlite",
        "issuers": registered,
    }


def accepted(given: Answer) -> bool:
    """Whether a caller was let in, and if so, whether he got his card."""
    if given.status_code == 401:
        return False
    assert given.status_code == 200
    body = given.json() if isinstance(given, requests.Response) else given.json
    assert body["cards"]
    return True


def refused(given: Answer) -> bool:
    """Whether an answer is the one refusal, which tells nothing of what was wrong."""
    return (
        given.status_code == 401
        and given.headers["WWW-Authenticate"] == "Bearer"
        and given.headers["Content-Type"] == "application/json"
        and (given.content if isinstance(given, requests.Response) else given.data) == REFUSAL
    )
