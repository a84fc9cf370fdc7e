"""Unique words in everything that a call can carry, to see where they come out again."""

import base64
import json
from itertools import count
from typing import Any

from places import CHART, ENVELOPE, SERVICE, full_call, put

MARK = "Trcr"  # begins each of them and stands in nothing else
ANSWERS = {200, 400, 401, 404, 405, 412, 413, 415}
JSON = "application/json"
_numbers = count(1)


def tracer() -> str:
    """Give a word that was never given before; it may be an id, a name, a host or a path."""
    return f"{MARK}{next(_numbers)}x"


def traced_call(**changes: str) -> dict[str, Any]:
    """Write a call with a tracer in every field and in a prefetch key; some fields may be given."""
    body = full_call()
    patient = changes.pop("patientId", tracer())
    for place in {**ENVELOPE, **CHART}:
        body = put(body, place, changes.get(place, tracer()))
    body["hook"] = "order-sign"
    body["context"]["patientId"] = body["prefetch"]["patient"]["id"] = patient
    body["prefetch"]["patient"]["identifier"] = [{"system": "urn:mrn", "value": tracer()}]
    body["prefetch"][tracer()] = {"resourceType": "Basic", "id": tracer()}
    body[tracer()] = {tracer(): tracer()}
    body["fhirServer"] = changes.get("fhirServer", f"https://{tracer()}.example/{tracer()}")
    text = json.dumps(body).replace('"Patient/p"', f'"Patient/{patient}"')
    return json.loads(text)


def headers(authorization: str | None = None) -> dict[str, str]:
    return {
        "Authorization": authorization or f"Bearer {jwt_like()}",
        "X-Forwarded-For": tracer(),
        "X-Request-Id": tracer(),
        "User-Agent": tracer(),
        "Cookie": f"session={tracer()}",
        "Origin": f"https://{tracer()}.example",
        "Referer": f"https://{tracer()}.example/{tracer()}",
    }


def jwt_like() -> str:
    """Write a token whose parts hold tracers, packed and plain."""
    header = {"alg": "RS384", "typ": "JWT", "kid": tracer(), "jku": f"https://{tracer()}.example"}
    payload = {"iss": tracer(), "sub": tracer(), "jti": tracer(), "aud": tracer(), "exp": 9**9}
    parts = (base64.urlsafe_b64encode(json.dumps(p).encode()).decode() for p in (header, payload))
    return ".".join([*(part.rstrip("=") for part in parts), tracer()])


def odd_requests() -> list[tuple[int, str, str, bytes, str]]:
    """Give requests for each kind of refusal: status, method, path, body and content type."""
    body = json.dumps(traced_call()).encode()
    no_id = json.dumps(traced_call(patientId=f"{tracer()}?{tracer()}")).encode()
    doubled = body.replace(
        b'"hook":', f'"{tracer()}": 1, "hook": "{tracer()}", "hook":'.encode(), 1
    )
    spaced = body.replace(b'"hook":', b'"extension": "' + b"x" * 2_000_000 + b'", "hook":', 1)
    return [
        (400, "POST", SERVICE, body[:-9], JSON),
        (400, "POST", f"{SERVICE}?{tracer()}={tracer()}", no_id, JSON),
        (400, "POST", SERVICE, doubled, JSON),
        (400, "POST", SERVICE, json.dumps({"hook": {tracer(): 1}}).encode(), JSON),
        (404, "POST", f"/cds-services/{tracer()}?patient={tracer()}", body, JSON),
        (404, "GET", f"/Patient/{tracer()}?name={tracer()}", b"", JSON),
        (405, "PUT", f"{SERVICE}?{tracer()}", body, JSON),
        (405, "DELETE", "/cds-services", b"", JSON),
        (413, "POST", SERVICE, spaced, JSON),
        (415, "POST", SERVICE, body, f"text/plain; charset={tracer()}"),
        (415, "POST", SERVICE, body, f"application/{tracer()}"),
    ]
