"""The order itself: which study it asks for, what it says of its reason, and who orders."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from charts import CPT, SNOMED, SUBJECT, TODAY, ago, back_pain, bundle, call, concept, order
from conftest import Judge
from test_understood import entry

from service.clinical.order import Contrast, Order, recognise, unmapped_codes
from service.web.answer import Desk

Fhir = dict[str, Any]
Lines = Callable[..., list[str]]
LUMBAR = concept("72148", "MRI lumbar spine", CPT)
BACK = concept("M54.50", "Low back pain")
HEAD = "ServiceRequest/mri: group=order, "
PAIN = "concepts=low-back-pain-radiculopathy, label=Low back pain, code=M54.50, assertion="
SYNDROME = "concepts=cauda-equina-syndrome, label={}, code={}, assertion={}, asserted=2026-11-22"
TRADE = "concepts=spine-specialist, label={}, code=None, assertion=present, asserted=2026-11-22"


def recognised(desk: Desk, draft: Fhir | bytes) -> Order | None:
    reading = desk.guideline.reading
    text = draft if isinstance(draft, bytes) else json.dumps(draft).encode()
    return recognise(reading.terms, reading.trigger, text, "p")


def unmapped(desk: Desk, draft: Fhir | bytes) -> tuple[tuple[str, str], ...]:
    reading = desk.guideline.reading
    text = draft if isinstance(draft, bytes) else json.dumps(draft).encode()
    return unmapped_codes(reading.terms, reading.trigger, text)


@pytest.mark.parametrize(
    ("draft", "ours"),
    [(order(), True), (order(code={"concept": LUMBAR}), True),
     (order(code={"text": "MRI of the Lumbar Spine"}), True),
     (order(code={"coding": [{"display": "MRI"}, {"display": "lumbar spine"}]}), True),
     (order(code={"text": "MRI", "coding": [{"display": "L-spine"}]}), True),
     (order(code={"coding": [{"system": CPT, "code": "70551"}, {"system": CPT, "code": "72158"}]}),
      True),
     (order(code={"text": "MRI of the head"}), False),
     (order(code={"text": "Lumbar X-ray"}), False),
     (order(code=concept("70551", "MRI brain", CPT)), False), (order(code=None), False),
     (order(code={}), False), (order(doNotPerform=True), False), (order(doNotPerform=False), True),
     (order(priority=5), True), (order(priority=5, code={"text": "CT"}), False),
     ({**order(), "resourceType": "Procedure"}, False),
     ({**order(), "resourceType": "MedicationRequest", "doNotPerform": 5}, False),
     (b"{", False), (b"[]", False), (b'{"resourceType": 5}', False)]
    + [(order(status=word), True) for word in ("draft", "active", "on-hold", "unknown", None)]
    + [(order(status=word), False) for word in ("revoked", "entered-in-error", "completed")],
)  # fmt: skip
def test_a_draft_is_ours_if_it_asks_for_a_lumbar_mri(
    draft: Fhir | bytes, ours: bool, desk: Desk
) -> None:
    assert (recognised(desk, draft) is not None) is ours


def test_an_order_keeps_what_it_was(desk: Desk) -> None:
    found = recognised(desk, order(id=None, code={"concept": LUMBAR}))
    assert found is not None
    assert (found.id, found.patient_id, found.fits) == ("", "p", True)
    assert found.reference == "ServiceRequest/"
    assert found.study == (CPT, "72148")
    odd = recognised(desk, order(priority=5))
    assert odd is not None
    assert (odd.id, odd.reference, odd.fits) == ("mri", "ServiceRequest/mri", False)
    second = {"coding": [{"display": "MRI"}, {"system": CPT, "code": "72148"}]}
    for code, study in (({"text": "MRI lumbar spine"}, (None, None)), (second, (CPT, "72148"))):
        one = recognised(desk, order(code=code))
        assert one is not None
        assert one.study == study


@pytest.mark.parametrize(
    ("code", "contrast", "whole_spine"),
    [(LUMBAR, Contrast.WITHOUT, False), (concept("72149", None, CPT), Contrast.ONLY, False),
     (concept("72158", None, CPT), Contrast.WITH, False),
     (concept("72148", "MRI lumbar spine with contrast", CPT), Contrast.WITHOUT, False),
     (concept("241645008", None, SNOMED), Contrast.UNSPECIFIED, True),
     ({"text": "MRI lumbar spine"}, Contrast.UNSPECIFIED, False),
     ({"text": "MRI lumbar spine W contrast"}, Contrast.WITH, False),
     ({"text": "MRI lumbar spine without and with contrast"}, Contrast.WITH, False),
     ({"text": "MRI lumbar spine without contrast"}, Contrast.WITHOUT, False),
     ({"text": "MRI lumbar spine W/O"}, Contrast.WITHOUT, False)],
)  # fmt: skip
def test_an_order_says_whether_with_contrast(
    code: Fhir, contrast: Contrast, whole_spine: bool, desk: Desk
) -> None:
    found = recognised(desk, order(code=code))
    assert found is not None
    assert (found.contrast, found.whole_spine) == (contrast, whole_spine)


OWN = {"coding": [{"system": "urn:site", "code": "MR7"}, {"display": "x"}]}
NAMED = {"coding": [{"system": "urn:site", "code": "MR7", "display": "Lumbar Spine"}]}


@pytest.mark.parametrize(
    ("draft", "expected"),
    [(order(code=OWN, category=[concept("363679005", None, SNOMED)]), (("urn:site", "MR7"),)),
     (order(code=OWN, category=[{"text": "Radiology"}]), (("urn:site", "MR7"),)),
     (order(code=OWN, category=[{"coding": [{"display": "Imaging"}]}]), (("urn:site", "MR7"),)),
     (order(code=OWN, category=[concept("RAD")]), (("urn:site", "MR7"),)),
     (order(code=NAMED), (("urn:site", "MR7"),)),
     (order(code={**OWN, "text": "Spine study"}), (("urn:site", "MR7"),)),
     (order(code={"concept": NAMED}), (("urn:site", "MR7"),)),
     (order(code={"coding": [{"code": "MR7"}]}), (("", "MR7"),)),
     (order(code={"coding": [{"system": "urn:site", "code": "MR7"}]}), (("urn:site", "MR7"),)),
     (order(code={"coding": [{"system": "urn:site", "code": "MR7"}]}, category=[{}]), ()),
     (order(code={**OWN, "text": "Blood count"}), ()),
     (order(code=OWN, category=[concept("108252007", "Laboratory", SNOMED)]), ()),
     (order(code={"coding": [*NAMED["coding"], *LUMBAR["coding"]]}), ()),
     (order(code={"coding": [*NAMED["coding"], {"system": "urn:oid:2.16.840.1.113883.6.12",
                                                "code": "70551"}]}), ()),
     (order(code={"text": "Lumbar spine"}), ()), (order(code=None), ()), (b"{", ()),
     ({**order(code=NAMED), "resourceType": "Procedure"}, ())],
)  # fmt: skip
def test_codes_of_imaging_that_nobody_mapped_are_told(
    draft: Fhir | bytes, expected: tuple[tuple[str, str], ...], desk: Desk
) -> None:
    assert unmapped(desk, draft) == expected


@pytest.fixture
def lines(judge: Judge) -> Lines:
    def of(fields: Fhir, **others: Any) -> list[str]:
        found = judge.advice(call(orders=[order(**fields)], **others), TODAY).chart.entries
        return [entry(one).removeprefix(HEAD) for one in found if one.group == "order"]

    return of


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"reasonCode": [BACK]}, [f"{PAIN}present, asserted=2026-11-22"]),
     ({"reason": [{"concept": BACK}]}, [f"{PAIN}present, asserted=2026-11-22"]),
     ({"reasonCode": [concept("G83.4", "Rule out cauda equina syndrome")]},
      [SYNDROME.format("Rule out cauda equina syndrome", "G83.4", "possible")]),
     ({"reasonCode": [concept("G83.4", "Cauda equina syndrome unlikely")]},
      [SYNDROME.format("Cauda equina syndrome unlikely", "G83.4", "unlikely")]),
     ({"reasonCode": [concept("G83.4", "Cauda equina syndrome")]},
      [SYNDROME.format("Cauda equina syndrome", "G83.4", "present")]),
     ({"reasonCode": [{"text": "rule out cauda equina syndrome"}]},
      [SYNDROME.format("rule out cauda equina syndrome", None, "possible")]),
     ({"reasonReference": [{"display": "rule out cauda equina syndrome"}]},
      [SYNDROME.format("rule out cauda equina syndrome", None, "possible")]),
     ({"reasonReference": [{"reference": "Condition/z"}]}, []),
     ({"reason": [{"reference": "Condition/c"}]}, []),
     ({"note": [{"text": "fever", "time": "2026-11-20"}, {"text": "no fever"}]},
      ["concepts=fever, label=fever, code=None, assertion=present, asserted=2026-11-20, "
       "narrative=True",
       "concepts=fever, label=no fever, code=None, assertion=absent, asserted=2026-11-22, "
       "narrative=True"]), ({}, [])],
)  # fmt: skip
def test_an_order_tells_its_reasons(fields: Fhir, expected: list[str], lines: Lines) -> None:
    assert lines(fields) == expected


@pytest.mark.parametrize("name", ["reasonCode", "reasonReference"])
def test_a_reason_is_of_the_side_that_the_order_names(name: str, lines: Lines) -> None:
    said = [{"text": "Foot drop"}] if name == "reasonCode" else [{"display": "Foot drop"}]
    for side in ("left", "right"):
        (line,) = lines({name: said, "bodySite": [{"text": f"{side} leg"}]})
        assert f"side={side}" in line


ONE = {"reference": "Condition/c"}


@pytest.mark.parametrize(
    "fields",
    [{"reasonReference": [ONE]}, {"reasonReference": ONE}, {"supportingInfo": [ONE]},
     {"reason": [{"reference": ONE}]}],
)  # fmt: skip
def test_an_order_takes_the_diagnosis_it_points_to_as_it_stands(fields: Fhir, lines: Lines) -> None:
    pain = {
        "resourceType": "Condition", "id": "c", "code": BACK, "subject": SUBJECT,
        "onsetDateTime": "2026-10-01", "recordedDate": "2026-11-01",
        "bodySite": [{"text": "left"}],
    }  # fmt: skip
    began = "onset=2026-10-01, asserted=2026-11-22"
    assert lines(fields, conditions=bundle(pain)) == [f"{PAIN}present, {began}, side=left"]
    wrong = bundle({**pain, "verificationStatus": "entered-in-error"})
    assert lines(fields, conditions=wrong) == []
    over = bundle({**pain, "abatementDateTime": "2026-11-05"})
    line = f"{PAIN}historical, {began}, ended=2026-11-05, side=left"
    assert lines(fields, conditions=over) == [line]


ROLE = {
    "resourceType": "PractitionerRole",
    "specialty": [{"text": "Spine surgery", "coding": [{"display": "Neurosurgery"}, {}]}],
    "code": [{"text": "pain management"}, {"text": "Nurse"}],
}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"requester": {"display": "Dr. Roe, Neurosurgery"}}, ["Dr. Roe, Neurosurgery"]),
     ({"requester": {"display": "Dr. Roe, family medicine"}}, []),
     ({"requester": {"reference": "Practitioner/1"}}, []),
     ({"contained": [ROLE]}, ["Spine surgery", "Neurosurgery", "pain management"]),
     ({"contained": [5, {**ROLE, "resourceType": "Practitioner"}]}, []),
     ({"contained": [{**ROLE, "code": "surgeon"}]}, ["Spine surgery", "Neurosurgery"]),
     ({"requester": {"display": "Neurosurgery"}, "contained": [{**ROLE, "specialty": None}]},
      ["Neurosurgery", "pain management"])],
)  # fmt: skip
def test_an_order_tells_who_orders(fields: Fhir, expected: list[str], lines: Lines) -> None:
    assert lines(fields) == [TRADE.format(words) for words in expected]


NUMB = {"resourceType": "Observation", "status": "final", "code": {"text": "Saddle numbness"}}
IS_NUMB = "concepts=saddle-anaesthesia, label=Saddle numbness, code=None, assertion={}, asserted={}"


@pytest.mark.parametrize(
    ("inside", "expected"),
    [({**NUMB, "valueBoolean": True}, [IS_NUMB.format("present", "2026-11-22")]),
     ({**NUMB, "valueBoolean": False, "effectiveDateTime": "2026-11-20"},
      [IS_NUMB.format("absent", "2026-11-20")]),
     ({"resourceType": "Condition", "code": BACK, "recordedDate": "2026-11-01"},
      [f"{PAIN}present, asserted=2026-11-01"]),
     ({"resourceType": "Patient", "id": "p"}, []), ({"resourceType": "Group"}, []), (7, [])],
)  # fmt: skip
def test_what_stands_inside_an_order_belongs_to_it(
    inside: Any, expected: list[str], lines: Lines
) -> None:
    assert lines({"contained": [inside]}) == expected


@pytest.mark.parametrize(
    ("words", "rule"),
    [("MRI lumbar spine r/o cauda equina", "R10"), ("MRI lumbar spine, new saddle numbness", "R10"),
     ("MRI lumbar spine, no saddle numbness", "R60"), ("MRI lumbar spine", "R60")],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["R4", "R5", "words"])
def test_a_reason_may_stand_where_the_study_is_named(
    words: str, rule: str, shape: str, judge: Judge
) -> None:
    code = {"text": words} if shape == "words" else {**LUMBAR, "text": words}
    draft = order(code={"concept": code} if shape == "R5" else code)
    found = judge.advice(call(back_pain(onsetDateTime=ago(9)), orders=[draft]), TODAY)
    assert found.assessment.row.rule == rule
