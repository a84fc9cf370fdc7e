"""Everything that may stand under one prefetch key, and what may still be said then."""

import json
from copy import deepcopy
from typing import Any

import pytest
from charts import DATA, TODAY, ago, back_pain, bundle, call, condition, reading
from conformance import hold

from service.clinical.guideline import Verdict
from service.web.answer import Desk, advices, answer

CASES = [json.loads(line) for line in (DATA / "prefetch_states.jsonl").read_text().splitlines()]
NEW_PAIN = back_pain(onsetDateTime=ago(10), recordedDate=ago(10))
OTHER = {"reference": "Patient/another"}
FAILED = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "exception", "diagnostics": "it broke"}],
}
NO_RESULTS = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "warning", "code": "not-found", "details": {"coding": [{
        "system": "urn:oid:1.2.840.114350.1.13.0.1.7.2.657369", "code": "4101",
    }]}}],
}  # fmt: skip
MALFORMED = {**NEW_PAIN, "id": "bad", "code": {"coding": "M54.50"}}
ERROR_ENTERED = condition("C50.911", id="err", verificationStatus={
    "coding": [{"code": "entered-in-error"}],
})  # fmt: skip
REFUTED = condition("G83.4", id="ref", verificationStatus={"coding": [{"code": "refuted"}]})
INACTIVE = condition("J06.9", "Common cold", clinicalStatus={"coding": [{"code": "inactive"}]})
STATES: dict[str, Any] = {
    "ok": bundle(NEW_PAIN),
    "ok-empty-bundle": bundle(),
    "missing": ...,
    "null": None,
    "operationoutcome-error": FAILED,
    "bundle-with-operationoutcome-error-entry": bundle(NEW_PAIN, FAILED),
    'bundle-total0-with-warning-4101 (Epic "returns no results")': {
        **bundle(NO_RESULTS),
        "total": 0,
    },
    "wrong-resourceType": {"resourceType": "Patient", "id": "p"},
    "wrong-patient": bundle({**NEW_PAIN, "subject": OTHER}),
    "bundle-with-next-no-token": bundle(NEW_PAIN)
    | {"link": [{"relation": "next", "url": "https://ehr.example.org/fhir?page=2"}]},
    "bundle-total-gt-entries": bundle(NEW_PAIN) | {"total": 7},
    "bundle-one-malformed": bundle(NEW_PAIN, MALFORMED),
    "bundle-unknown-type-entry": bundle(NEW_PAIN, {"resourceType": "Konditon", "id": "1"}),
    "bundle-entry-null": {**bundle(NEW_PAIN), "entry": [{"resource": NEW_PAIN}, None]},
    "bundle-entry-no-resource": {**bundle(), "entry": [{"fullUrl": "urn:uuid:1"}]},
    "string": "Condition",
    "array": [NEW_PAIN],
    "number": 7,
    "empty-object": {},
    "truncated-json-string": json.dumps(bundle(NEW_PAIN))[:200],
    "resource-not-bundle": NEW_PAIN,
    "bundle-type-error": {**bundle(NEW_PAIN), "type": 7},
    "entered-in-error-only": bundle(ERROR_ENTERED),
    "inactive-only": bundle(INACTIVE),
    "unconfirmed-refuted": bundle(NEW_PAIN, REFUTED),
    "duplicate-ids": bundle(NEW_PAIN, NEW_PAIN),
    "contained-only": bundle({
        "resourceType": "List", "id": "l", "status": "current", "mode": "working",
        "contained": [NEW_PAIN],
    }),
    "10k-entries": bundle(*[NEW_PAIN] * 10_000),
    "extra-unknown-key": bundle(NEW_PAIN),
}  # fmt: skip
RESIDUAL = reading(None, "Post-void residual", 420, "mL", days=1)
DISCOURAGING = {"DeferSixWeeks", "DeferNoConservativeCare", "DeferCareIncomplete", "DeferImproving"}


def the_call(case: dict, hook: str) -> dict:
    flag = [RESIDUAL] if case["red_flag_in_other_readable_data"] else []
    changes = {"conditions": STATES[case["state"]], "hook": hook}
    if case["state"] == "extra-unknown-key":
        changes["weather"] = {"sky": "blue"}
    return call(*flag, **changes)


@pytest.mark.parametrize("hook", ["order-select", "order-sign"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_what_stands_under_a_key_is_told_apart(case: dict, hook: str, desk: Desk) -> None:
    body = json.dumps(the_call(case, hook)).encode()
    given = json.loads(answer(body, desk, TODAY))
    hold(given, desk.guideline)
    (card,) = given["cards"]
    expect = case["expect"]
    alarm = card["indicator"] == "critical"
    assert alarm is expect["critical_or_warning_card"]
    if not expect["discouraging_card_allowed"]:
        assert card["source"]["topic"]["code"] not in DISCOURAGING
    unavailable = card["extension"]["org.lumbar-mri-cds"].get("unavailable", [])
    assert any(u["group"] == "conditions" for u in unavailable) is expect["must_disclose_missing"]


def test_every_state_is_a_known_one() -> None:
    assert {case["state"] for case in CASES} == set(STATES)
    assert len(CASES) == 58


def test_an_alarm_inside_a_broken_entry_is_still_heard(desk: Desk) -> None:
    broken = condition("G83.4", "Cauda equina syndrome", recordedDate=ago(1), bodySite="spine?")
    odd = deepcopy(broken) | {"category": 7, "onsetDateTime": {"when": "now"}}
    body = json.dumps(call(NEW_PAIN, odd)).encode()
    (advice,) = advices(body, desk, TODAY)
    assert advice.assessment.row.verdict is Verdict.EMERGENCY
