"""Calls for many patients at once: no answer ever holds a word of another one's chart."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import local
from typing import Any

import requests
from charts import ago, back_pain, bundle, call, condition, medication, order
from conformance import hold
from places import SERVICE
from test_tokens_served import serving_in_full

from service.web.answer import Desk

PATIENTS, CALLS, AT_ONCE, MOST_S = 100, 1000, 16, 30.0
CANARY = re.compile(r"Canary\d+")
SEED = 4711
_kept = local()


def canary(number: int) -> str:
    return f"Canary{number:03d}"


def call_of(number: int) -> bytes:
    """Write a patient's call with the canary in every name, text and id."""
    name = canary(number)
    own = {"reference": f"Patient/{name}"}
    flag = condition("G83.4", f"Cauda equina of {name}", id=f"flag-{name}")
    pain = back_pain(onsetDateTime=ago(60), note=[{"text": f"{name} says so"}])
    drug = medication(f"Ibuprofen for {name}", 20)
    chart = [flag, pain, drug] if number % 2 else [pain, drug]
    body = call(*chart, orders=[order(id=f"mri-{name}", note=[{"text": name}])], hook="order-sign")
    body["context"] |= {"patientId": name, "encounterId": name}
    body["prefetch"]["patient"] |= {"id": name, "name": [{"text": name, "family": name}]}
    if number % 3 == 0:
        body["prefetch"]["encounters"] = bundle({"resourceType": "Encounter", "id": 7})
    return (
        json.dumps(body).replace(json.dumps({"reference": "Patient/p"}), json.dumps(own)).encode()
    )


BODIES = [call_of(number) for number in range(PATIENTS)]


def answered(url: str, number: int) -> Any:
    if not hasattr(_kept, "session"):
        _kept.session = requests.Session()
    given = _kept.session.post(
        url, data=BODIES[number], headers={"Content-Type": "application/json"}, timeout=MOST_S
    )
    assert given.status_code == 200
    return number, given


def test_each_answer_holds_the_words_of_its_own_patient_only(desk: Desk, tmp_path: Path) -> None:
    order_of_calls = [number for number in range(PATIENTS) for _ in range(CALLS // PATIENTS)]
    Random(SEED).shuffle(order_of_calls)
    first: dict[int, str] = {}
    with serving_in_full(tmp_path, "workers = 2\n") as served:
        url = f"{served.address}{SERVICE}"
        begun = time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            given = list(pool.map(lambda number: answered(url, number), order_of_calls))
        assert time.monotonic() - begun < MOST_S
    assert len(given) == CALLS
    for number, answer in given:
        assert set(CANARY.findall(answer.text)) == {canary(number)}
        if number not in first:
            hold(answer.json(), desk.guideline)
            first[number] = answer.text
        # Nor does anything else but the patient's own chart change an answer.
        assert first[number] == answer.text
    assert len(first) == PATIENTS
    assert not CANARY.search(served.printed)
