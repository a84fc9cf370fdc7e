"""Drugs and care in a record: each FHIR shape, R4's and that of STU3 and R5."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from charts import CPT, SUBJECT, bundle, concept
from conftest import Judge
from shown import lines, made
from test_understood import entry, told

from service.web.answer import Desk

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
Fhir = dict[str, Any]


# Drugs

IBUPROFEN = concept("5640", "ibuprofen", RXNORM)
IN_STOCK = {"resourceType": "Medication", "id": "x", "code": IBUPROFEN}
OTHER = {"resourceType": "Medication", "id": "w", "code": concept(None, "aspirin")}
PILLS = "ibuprofen 400 mg"
NSAID = "concepts=analgesic-nsaid-acetaminophen, label="
CODED = f"{NSAID}ibuprofen, code=5640, assertion=present"
NAMED = f"{NSAID}{PILLS}, code=None, assertion=present"
RX, STATED, HANDED_OUT = "medicationRequests", "medicationStatements", "medicationRequests"


def prescription(**fields: Any) -> Fhir:
    usual = {"status": "active", "intent": "order", "authoredOn": "2026-11-01"}
    return {"resourceType": "MedicationRequest", "id": "m", **usual, **fields}


def ibuprofen(**fields: Any) -> Fhir:
    return prescription(medicationCodeableConcept=IBUPROFEN, **fields)


def taken(**fields: Any) -> Fhir:
    usual = {"status": "active", "medicationCodeableConcept": IBUPROFEN}
    return {"resourceType": "MedicationStatement", "id": "s", **usual, **fields}


def handed_out(**fields: Any) -> Fhir:
    usual = {"status": "completed", "medicationCodeableConcept": IBUPROFEN}
    return {"resourceType": "MedicationDispense", "id": "d", **usual, **fields}


def inside(reference: str, *contained: Fhir, **words: str) -> Fhir:
    return {"medicationReference": {"reference": reference, **words}, "contained": list(contained)}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"medicationCodeableConcept": IBUPROFEN}, CODED),
     ({"medicationCodeableConcept": {"text": PILLS}}, NAMED),
     ({"medicationReference": {"reference": "Medication/x"}}, CODED),
     ({"medicationReference": {"reference": "https://a.example/Medication/x/_history/2"}}, CODED),
     ({"medicationReference": {"reference": "Medication/x", "display": PILLS}}, CODED),
     ({"medicationReference": {"reference": "Medication/y", "display": PILLS}}, NAMED),
     ({"medicationReference": {"display": PILLS}}, NAMED),
     ({"medicationReference": {"reference": "Medication/y"}}, None),
     ({"medication": {"concept": IBUPROFEN}}, CODED),
     ({"medication": IBUPROFEN}, CODED), ({"medication": {"text": PILLS}}, NAMED),
     ({"medication": {"coding": IBUPROFEN["coding"]}}, CODED.replace("ibuprofen", "5640")),
     ({"medication": {"reference": {"reference": "Medication/x"}}}, CODED),
     ({"medication": {"reference": {"display": PILLS}}}, NAMED),
     ({"medication": {}}, None), ({}, None),
     (inside("#x", OTHER, IN_STOCK), CODED),
     (inside("#x", {**IN_STOCK, "id": "x2"}, display=PILLS), NAMED),
     (inside("#x", {**IN_STOCK, "code": 5}, display=PILLS), NAMED),
     (inside("#x", {**IN_STOCK, "code": 5}), None),
     ({"medicationCodeableConcept": {"text": "amoxicillin"}}, None)],
)  # fmt: skip
def test_a_drug_is_found_wherever_a_prescription_names_it(
    fields: Fhir, expected: str | None, judge: Judge
) -> None:
    when = "asserted=2026-11-01, supply=2026-11-01..2026-11-22, delivered=True"
    line = f"MedicationRequest/m: group=medicationRequests, {expected}, {when}"
    assert lines(judge, RX, prescription(**fields), IN_STOCK) == ([line] if expected else [])


@pytest.mark.parametrize(
    ("resource", "kind", "counts"),
    [(ibuprofen, {"status": word}, True)
     for word in ("active", "completed", "stopped", "on-hold", "ended", "unknown", None)]
    + [(ibuprofen, {"status": word}, False) for word in ("entered-in-error", "cancelled", "draft")]
    + [(ibuprofen, {"intent": word}, True)
       for word in ("order", "original-order", "reflex-order", "instance-order", None)]
    + [(ibuprofen, {"intent": word}, False) for word in ("proposal", "plan", "option")]
    + [(ibuprofen, {"doNotPerform": True}, False), (ibuprofen, {"doNotPerform": False}, True)]
    + [(taken, {"status": word}, True)
       for word in ("active", "recorded", "completed", "stopped", "on-hold", "unknown", None)]
    + [(taken, {"status": word}, False)
       for word in ("entered-in-error", "not-taken", "intended", "draft")]
    + [(taken, {"taken": word}, word in ("y", "unk")) for word in ("y", "unk", "n", "na")]
    + [(handed_out, {"status": word}, True) for word in ("completed", "in-progress", None)]
    + [(handed_out, {"status": word}, False)
       for word in ("entered-in-error", "not-done", "declined", "cancelled")],
)  # fmt: skip
def test_what_was_never_taken_is_no_drug_of_the_patient(
    resource: Callable[..., Fhir], kind: Fhir, counts: bool, judge: Judge
) -> None:
    key = STATED if resource is taken else RX
    assert [one.delivered for one in made(judge, key, resource(**kind))] == [True] * counts


def lasting(value: float | None, **fields: Any) -> Fhir:
    quantity = {k: fields.pop(k) for k in ("code", "unit") if k in fields}
    supply = {"expectedSupplyDuration": {"value": value, **quantity}, **fields}
    return {"status": "completed", "dispenseRequest": supply}


@pytest.mark.parametrize(
    ("fields", "last"),
    [(lasting(14, code="d"), "2026-11-14"), (lasting(14, unit="day"), "2026-11-14"),
     (lasting(14, unit="Days"), "2026-11-14"), (lasting(14), "2026-11-14"),
     (lasting(2, code="wk"), "2026-11-14"), (lasting(2, unit="week"), "2026-11-14"),
     (lasting(2, unit="Weeks"), "2026-11-14"), (lasting(1, code="wk", unit="d"), "2026-11-07"),
     (lasting(2, code="mo"), "2026-12-30"), (lasting(2, unit="month"), "2026-12-30"),
     (lasting(2, unit="months"), "2026-12-30"), (lasting(1, code="a"), "2027-10-31"),
     (lasting(10, numberOfRepeatsAllowed=0), "2026-11-10"),
     (lasting(10, numberOfRepeatsAllowed=1), "2026-11-20"),
     (lasting(10, numberOfRepeatsAllowed=2), "2026-11-30"),
     (lasting(10, numberOfRepeatsAllowed=-1), "2026-11-10"),
     (lasting(3649), "2036-10-27"), (lasting(3650), "2036-10-28"), (lasting(3651), "2036-10-28"),
     (lasting(11, code="a"), "2036-10-28"),
     (lasting(1000, numberOfRepeatsAllowed=9), "2036-10-28"), (lasting(1), None),
     (lasting(0), None), (lasting(-5), None),
     (lasting(0, numberOfRepeatsAllowed=2), None), (lasting(None), "2026-11-30"),
     ({"status": "completed", "dispenseRequest": {"numberOfRepeatsAllowed": 3}}, "2026-11-30"),
     ({"status": "completed"}, "2026-11-30"), ({"status": "stopped"}, "2026-11-30"),
     ({"status": "active"}, "2026-11-22"), ({"authoredOn": "2026-11-22"}, None)],
)  # fmt: skip
def test_a_prescription_supplies_for_its_days(fields: Fhir, last: str | None, judge: Judge) -> None:
    (one,) = made(judge, RX, ibuprofen(**fields))
    first = told(one.asserted)
    assert told(one.supply) == (f"{first}..{last}" if last else first)


def test_a_supply_in_a_unit_that_nobody_knows_is_taken_as_days(judge: Judge) -> None:
    (one,) = made(judge, RX, ibuprofen(**lasting(14, unit="pills")))
    assert told(one.supply) == "2026-11-01..2026-11-14"


def test_a_supply_ends_on_the_day_of_the_facility(desk: Desk) -> None:
    evening = {"effectivePeriod": {"start": "2026-10-01", "end": "2026-11-13T02:00:00Z"}}
    in_new_york = replace(desk.anyone, zone=ZoneInfo("America/New_York"))
    (there,) = made(Judge(replace(desk, anyone=in_new_york)), STATED, taken(**evening))
    (here,) = made(Judge(desk), STATED, taken(**evening))
    assert (here.supply.last.day, there.supply.last.day) == (13, 12)


def bounds(**period: str) -> list[Fhir]:
    some = [{"text": "with food"}, {"timing": {}}, {"timing": {"repeat": {"frequency": 1}}}]
    return [*some, {"timing": {"repeat": {"boundsPeriod": period}}}]


FIVE_DAYS = {"expectedSupplyDuration": {"value": 5, "code": "d"}}


@pytest.mark.parametrize(
    ("fields", "supply"),
    [({"dosageInstruction": bounds(start="2026-10-01", end="2026-10-20")},
      "2026-10-01..2026-10-20"),
     ({"dosageInstruction": bounds(start="2026-10-01", end="2026-12-20"),
       "dispenseRequest": FIVE_DAYS}, "2026-10-01..2026-12-20"),
     ({"dosageInstruction": bounds(end="2026-12-20")}, "2026-11-01..2026-12-20"),
     ({"dosageInstruction": bounds(start="2026-10-01", end="soon")}, "2026-10-01..2026-10-30"),
     ({"dosageInstruction": bounds(start="2026-10-01")}, "2026-10-01..2026-11-22"),
     ({"dosageInstruction": bounds(start="2026-10-01"), "dispenseRequest": FIVE_DAYS},
      "2026-10-01..2026-10-05"),
     ({"dosageInstruction": bounds(start="2026-11-23")}, "None"),
     ({"authoredOn": None, "dispenseRequest": FIVE_DAYS}, "None"), ({"authoredOn": None}, "None"),
     ({"authoredOn": "2026-10"}, "2026-10-01..2026-11-22")],
)  # fmt: skip
def test_a_prescription_may_say_from_when_to_when(fields: Fhir, supply: str, judge: Judge) -> None:
    (one,) = made(judge, RX, ibuprofen(**fields))
    assert told(one.supply) == supply


@pytest.mark.parametrize(
    ("fields", "asserted", "supply"),
    [({"effectiveDateTime": "2026-10-01"}, "2026-10-01", "2026-10-01..2026-11-22"),
     ({"effectiveDateTime": "2026-10-01", "status": "recorded"}, "2026-10-01",
      "2026-10-01..2026-11-22"),
     ({"effectiveDateTime": "2026-10-01", "status": None}, "2026-10-01", "2026-10-01..2026-11-22"),
     ({"effectiveDateTime": "2026-10-01", "status": "completed"}, "2026-10-01",
      "2026-10-01..2026-10-30"),
     ({"effectiveDateTime": "2026-10-01", "status": "unknown"}, "2026-10-01",
      "2026-10-01..2026-10-30"),
     ({"effectivePeriod": {"start": "2026-10-01", "end": "2026-10-12"},
       "dateAsserted": "2026-11-20"}, "2026-10-01", "2026-10-01..2026-10-12"),
     ({"effectivePeriod": {"start": "2026-10-01", "end": "2026-12-12"}}, "2026-10-01",
      "2026-10-01..2026-12-12"),
     ({"effectivePeriod": {"start": "2026-10-01", "end": "2026-10"}}, "2026-10-01",
      "2026-10-01..2026-10-31"),
     ({"effectivePeriod": {"start": "2026-10-10", "end": "2026-10-01"}}, "2026-10-10",
      "2026-10-10"),
     ({"effectivePeriod": {"end": "2026-11-12"}, "dateAsserted": "2026-11-01"}, "2026-11-01",
      "2026-11-01..2026-11-12"),
     ({"dateAsserted": "2026-11-20"}, "2026-11-20", "2026-11-20..2026-11-22"),
     ({"effectiveDateTime": "2026-11-23", "dateAsserted": "2026-11-20"}, "2026-11-20", "None"),
     ({"dosage": bounds(start="2026-09-01", end="2026-09-09"), "effectiveDateTime": "2026-10-01"},
      "2026-09-01", "2026-09-01..2026-09-09"),
     ({"dosage": bounds(start="2026-09-01", end="2026-09-09"),
       "effectivePeriod": {"start": "2026-10-01"}}, "2026-10-01", "2026-10-01..2026-11-22"),
     ({}, "None", "None")],
)  # fmt: skip
def test_what_is_said_to_be_taken_lasts(
    fields: Fhir, asserted: str, supply: str, judge: Judge
) -> None:
    (one,) = made(judge, STATED, taken(**fields))
    assert (told(one.asserted), told(one.supply)) == (asserted, supply)
    assert (one.reference, one.group) == ("MedicationStatement/s", "medicationStatements")
    assert (
        made(judge, STATED, taken(**fields, medicationCodeableConcept={"text": "amoxicillin"}))
        == []
    )


@pytest.mark.parametrize(
    ("fields", "asserted", "supply"),
    [({"whenHandedOver": "2026-11-03", "whenPrepared": "2026-11-02", "daysSupply": {"value": 10}},
      "2026-11-03", "2026-11-03..2026-11-12"),
     ({"whenHandedOver": "2026-11-03", "daysSupply": {"value": 1, "code": "wk"}}, "2026-11-03",
      "2026-11-03..2026-11-09"),
     ({"whenHandedOver": "2026-11-03", "daysSupply": {"value": 0}}, "2026-11-03", "2026-11-03"),
     ({"whenPrepared": "2026-11-02"}, "2026-11-02", "2026-11-02..2026-12-01"),
     ({"daysSupply": {"value": 10}}, "None", "None")],
)  # fmt: skip
def test_what_was_handed_out_lasts(fields: Fhir, asserted: str, supply: str, judge: Judge) -> None:
    (one,) = made(judge, HANDED_OUT, handed_out(**fields))
    assert (told(one.asserted), told(one.supply)) == (asserted, supply)
    assert (one.reference, one.group) == ("MedicationDispense/d", "medicationRequests")
    nothing_of_ours = handed_out(**fields, medicationCodeableConcept={"text": "amoxicillin"})
    assert made(judge, HANDED_OUT, nothing_of_ours) == []


BY_MOUTH = {"text": "by mouth", "coding": [{"display": "Oral"}, {"code": "x"}]}
DAILY = [{"text": "2 tabs daily", "route": BY_MOUTH}, {"text": "1 tab daily", "route": BY_MOUTH}]


def test_a_steroid_tells_its_route_and_its_highest_dose(judge: Judge) -> None:
    words = "label=prednisone 20 mg tab 2 tabs daily by mouth Oral 1 tab daily, code=None"
    expected = f"concepts=systemic-corticosteroid-ingredient, {words}, assertion=present"
    name = {"medicationCodeableConcept": {"text": "prednisone 20 mg tab"}}
    handed = {**handed_out(dosageInstruction=DAILY), **name}
    said = {**taken(dosage=DAILY), **name}
    ordered = prescription(**name, dosageInstruction=DAILY)
    for key, resource in ((RX, ordered), (STATED, said), (HANDED_OUT, handed)):
        (one,) = made(judge, key, resource)
        assert expected in entry(one)
        assert one.daily_dose == 40


@pytest.mark.parametrize(
    ("name", "dose"),
    [("prednisone 20 mg", 20), ("Methylprednisolone 4 mg", 5), ("ibuprofen 400 mg", None),
     ("prednisone", None)],
)  # fmt: skip
def test_a_dose_is_told_in_that_of_the_standard_drug(
    name: str, dose: float | None, judge: Judge
) -> None:
    drug = {"medicationCodeableConcept": {"text": name}}
    (one,) = made(judge, RX, prescription(**drug, dosageInstruction=[{"text": "1 tab daily"}]))
    assert one.daily_dose == dose


def test_a_strength_at_the_end_of_one_of_two_names_is_read(judge: Judge) -> None:
    drug = {"text": "prednisone 20 mg", "coding": [{"display": "Prednisone"}]}
    once = [{"text": "1 tab daily"}]
    ordered = prescription(medicationCodeableConcept=drug, dosageInstruction=once)
    assert [one.daily_dose for one in made(judge, RX, ordered)] == [20]


def test_a_drug_that_only_its_words_tell_of_is_read_by_them(judge: Judge) -> None:
    name = {"medicationCodeableConcept": {"text": "vancomycin for discitis"}}
    assert lines(judge, RX, prescription(**name)) == [
        "MedicationRequest/m: group=medicationRequests, concepts=spinal-infection, "
        "label=vancomycin for discitis, code=None, assertion=present, asserted=2026-11-01, "
        "supply=2026-11-01..2026-11-22, delivered=True"
    ]


@pytest.mark.parametrize("make", [ibuprofen, taken, handed_out])
def test_a_drug_without_an_id_is_pointed_to_by_its_type(
    make: Callable[..., Fhir], judge: Judge
) -> None:
    nameless = make(id=None)
    (one,) = made(judge, STATED if make is taken else RX, nameless)
    assert one.reference == f"{nameless['resourceType']}/"


# Care

THERAPY = concept("97110", None, CPT)
BACK = concept("M54.50", "Low back pain")
SHOULDER = concept("M25.511", "Pain in right shoulder")
PAIN = "concepts=low-back-pain-radiculopathy, label=Low back pain, code=M54.50, assertion="
IN_WORDS = PAIN.replace("M54.50", "None")
DONE = "concepts=physical-therapy, label=97110, code=97110, assertion=present, "
MRI = concept("72148", "MRI", CPT)
STUDY = "lumbar-mri-order+lumbar-mri-without-contrast, label=MRI, code=72148, assertion="
BACK_LATER = {
    "resourceType": "Condition", "id": "c", "code": BACK, "subject": SUBJECT,
    "onsetDateTime": "2026-10-01", "abatementDateTime": "2026-11-05",
    "recordedDate": "2026-11-01", "bodySite": [{"text": "left"}],
}  # fmt: skip
ONE = {"reference": "Condition/c"}


def visit(**fields: Any) -> Fhir:
    usual = {"status": "finished", "period": {"start": "2026-11-10", "end": "2026-11-12"}}
    return {"resourceType": "Encounter", "id": "e", **usual, **fields}


@pytest.mark.parametrize(
    ("status", "expected"),
    [(word, [True]) for word in ("finished", "completed", "in-progress", "arrived", "triaged",
                                 "onleave", "discharged")]
    + [(word, [False]) for word in ("discontinued", "on-hold", "unknown", None)]
    + [(word, []) for word in ("entered-in-error", "cancelled", "planned")],
)  # fmt: skip
def test_a_visit_that_began_is_care(status: str | None, expected: list[bool], judge: Judge) -> None:
    found = made(judge, "encounters", visit(status=status, type=[THERAPY]))
    assert [one.delivered for one in found] == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"type": [THERAPY]}, [f"{DONE}asserted=2026-11-10, delivered=True"]),
     ({"type": THERAPY}, [f"{DONE}asserted=2026-11-10, delivered=True"]),
     ({"type": [THERAPY], "period": None, "actualPeriod": {"start": "2026-11-09"}},
      [f"{DONE}asserted=2026-11-09, delivered=True"]),
     ({"type": [THERAPY], "period": None}, [f"{DONE}delivered=True"]),
     ({"type": [{"text": "Office visit"}]}, []), ({}, []),
     ({"type": [THERAPY], "reasonCode": [SHOULDER]},
      [f"{DONE}asserted=2026-11-10, delivered=True, elsewhere=True"]),
     ({"type": [THERAPY], "reasonCode": [{}]}, [f"{DONE}asserted=2026-11-10, delivered=True"]),
     ({"type": [THERAPY], "reasonCode": [SHOULDER, BACK]},
      [f"{DONE}asserted=2026-11-10, delivered=True",
       f"{PAIN}present, asserted=2026-11-10, delivered=True"]),
     ({"type": [THERAPY], "reasonCode": [SHOULDER, {"text": "Low back pain"}]},
      [f"{DONE}asserted=2026-11-10, delivered=True",
       f"{IN_WORDS}present, asserted=2026-11-10, delivered=True, narrative=True"])]
    + [({name: reasons}, [f"{PAIN}present, asserted=2026-11-10, delivered=True"])
       for name, reasons in (("reasonCode", [BACK]), ("reason", [BACK]),
                             ("reason", [{"concept": BACK}]),
                             ("reason", [{"value": [{"concept": BACK}]}]),
                             ("diagnosis", [{"condition": [{"concept": BACK}]}]))]
    + [({"reasonCode": [BACK], "reason": [{"concept": {"text": "fever"}}]},
        [f"{PAIN}present, asserted=2026-11-10, delivered=True",
         "concepts=fever, label=fever, code=None, assertion=present, asserted=2026-11-10, "
         "delivered=True, narrative=True"]),
       ({"reasonReference": [{"reference": "Condition/z", "display": "Low back pain"}]},
        [f"{IN_WORDS}present, asserted=2026-11-10, delivered=True"]),
       ({"reasonReference": [{"reference": "Condition/z"}]}, []),
       ({"diagnosis": [{"condition": {"display": "Headache"}}]}, [])],
)  # fmt: skip
def test_a_visit_tells_of_its_kind_and_of_its_reasons(
    fields: Fhir, expected: list[str], judge: Judge
) -> None:
    found = lines(judge, "encounters", visit(**fields))
    assert found == [f"Encounter/e: group=encounters, {line}" for line in expected]


@pytest.mark.parametrize(
    "fields",
    [{"reasonReference": [ONE]}, {"reasonReference": ONE}, {"reason": [{"reference": ONE}]},
     {"reason": [{"value": [{"reference": ONE}]}]}, {"diagnosis": [{"condition": ONE}, {}]},
     {"diagnosis": [{"condition": [{"reference": ONE}]}]}],
)  # fmt: skip
def test_a_visit_takes_what_it_points_to_as_it_stands(fields: Fhir, judge: Judge) -> None:
    told_of = "historical, onset=2026-10-01, asserted="
    rest = ", ended=2026-11-05, side=left"
    itself = f"Condition/c: group=conditions, {PAIN}{told_of}2026-11-01{rest}"
    pointed = f"Encounter/e: group=encounters, {PAIN}{told_of}2026-11-10{rest}, delivered=True"
    assert lines(judge, "encounters", visit(**fields), conditions=bundle(BACK_LATER)) == [
        itself,
        pointed,
    ]
    wrong = bundle({**BACK_LATER, "verificationStatus": "entered-in-error"})
    assert lines(judge, "encounters", visit(**fields), conditions=wrong) == []


def procedure(**fields: Any) -> Fhir:
    usual = {"status": "completed", "code": THERAPY, "performedDateTime": "2026-11-10"}
    return {"resourceType": "Procedure", "id": "p", **usual, **fields}


@pytest.mark.parametrize(
    ("status", "expected"),
    [(word, [("present", True)]) for word in ("completed", "in-progress")]
    + [(word, [("present", False)]) for word in ("on-hold", "unknown", None)]
    + [(word, [("planned", False)]) for word in ("preparation", "draft")]
    + [(word, []) for word in ("entered-in-error", "not-done", "cancelled", "abandoned",
                               "stopped")],
)  # fmt: skip
def test_a_procedure_was_done_or_is_planned_or_was_not_done(
    status: str | None, expected: list[tuple[str, bool]], judge: Judge
) -> None:
    found = made(judge, "procedures", procedure(status=status))
    assert [(one.assertion, one.delivered) for one in found] == expected


DAYS = {"start": "2026-11-01", "end": "2026-11-03"}
SPLIT = {"text": "MRI", "coding": [{"display": "Lumbar spine"}]}
SPLIT_NAME = "concepts=lumbar-mri-done, label=MRI Lumbar spine, code=None, assertion=present"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, [f"{DONE}asserted=2026-11-10, delivered=True"]),
     ({"performedDateTime": None, "performedPeriod": DAYS},
      [f"{DONE}asserted=2026-11-01, ended=2026-11-03, delivered=True"]),
     ({"performedDateTime": None, "occurrencePeriod": DAYS},
      [f"{DONE}asserted=2026-11-01, ended=2026-11-03, delivered=True"]),
     ({"performedDateTime": None, "occurrenceDateTime": "2026-11-02"},
      [f"{DONE}asserted=2026-11-02, delivered=True"]),
     ({"performedDateTime": None}, [f"{DONE}delivered=True"]),
     ({"bodySite": [{"text": "left leg"}]},
      [f"{DONE}asserted=2026-11-10, side=left, delivered=True"]),
     ({"bodySite": [{"text": "left leg"}], "note": [{"text": "foot drop"}]},
      [f"{DONE}asserted=2026-11-10, side=left, delivered=True",
       "concepts=motor-deficit, label=foot drop, code=None, assertion=present, "
       "asserted=2026-11-10, side=left, delivered=True, narrative=True"]),
     ({"reasonCode": [SHOULDER]},
      [f"{DONE}asserted=2026-11-10, delivered=True, elsewhere=True"]),
     ({"reason": [{"concept": SHOULDER}]},
      [f"{DONE}asserted=2026-11-10, delivered=True, elsewhere=True"]),
     ({"performedDateTime": None, "performedPeriod": DAYS, "reasonCode": [BACK]},
      [f"{DONE}asserted=2026-11-01, ended=2026-11-03, delivered=True",
       f"{PAIN}present, asserted=2026-11-01"]),
     ({"reason": [{"concept": BACK}]},
      [f"{DONE}asserted=2026-11-10, delivered=True", f"{PAIN}present, asserted=2026-11-10"]),
     ({"code": None, "note": [{"text": "Low back pain", "time": "2026-11-12"}]},
      [f"{IN_WORDS}present, asserted=2026-11-12, delivered=True, narrative=True"]),
     ({"code": {"text": "Manicure"}}, []),
     ({"code": MRI}, [f"concepts={STUDY}present, asserted=2026-11-10, delivered=True",
                      f"concepts=lumbar-mri-done+{STUDY}present, asserted=2026-11-10, "
                      "delivered=True"]),
     ({"code": {"text": "MRI Lumbar Spine"}},
      ["concepts=lumbar-mri-done, label=MRI Lumbar Spine, code=None, assertion=present, "
       "asserted=2026-11-10, delivered=True"]),
     ({"code": SPLIT}, [f"{SPLIT_NAME}, asserted=2026-11-10, delivered=True"])],
)  # fmt: skip
def test_a_procedure_tells_what_was_done_and_why(
    fields: Fhir, expected: list[str], judge: Judge
) -> None:
    found = lines(judge, "procedures", procedure(**fields))
    assert found == [f"Procedure/p: group=procedures, {line}" for line in expected]


def request(**fields: Any) -> Fhir:
    usual = {"status": "active", "intent": "order", "code": THERAPY, "authoredOn": "2026-11-10"}
    return {"resourceType": "ServiceRequest", "id": "r", **usual, **fields}


REFERRED = "concepts=physical-therapy, label=97110, code=97110, assertion="


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"status": word}, [f"{REFERRED}planned, asserted=2026-11-10"])
     for word in ("active", "on-hold", "unknown", None)]
    + [({"status": word}, []) for word in ("entered-in-error", "revoked", "draft")]
    + [({"status": "completed"}, [f"{REFERRED}present, asserted=2026-11-10, delivered=True"]),
       ({"doNotPerform": True}, []),
       ({"doNotPerform": False}, [f"{REFERRED}planned, asserted=2026-11-10"]),
       ({"code": {"concept": THERAPY}}, [f"{REFERRED}planned, asserted=2026-11-10"]),
       ({"code": MRI}, [f"concepts={STUDY}planned, asserted=2026-11-10"]),
       ({"code": MRI, "status": "completed"},
        [f"concepts={STUDY}present, asserted=2026-11-10, delivered=True",
         f"concepts=lumbar-mri-done+{STUDY}present, asserted=2026-11-10, delivered=True"]),
       ({"code": SPLIT, "status": "completed"},
        [f"{SPLIT_NAME}, asserted=2026-11-10, delivered=True"]),
       ({"code": {"text": "X-ray"}, "reasonCode": [BACK], "note": [{"text": "fever"}],
         "reason": [{"concept": {"text": "Low back pain"}}]},
        [f"{PAIN}present, asserted=2026-11-10", f"{IN_WORDS}present, asserted=2026-11-10",
         "concepts=fever, label=fever, code=None, assertion=present, asserted=2026-11-10, "
         "narrative=True"])],
)  # fmt: skip
def test_an_order_of_the_record_is_planned_care_until_it_is_done(
    fields: Fhir, expected: list[str], judge: Judge
) -> None:
    found = lines(judge, "serviceRequests", request(**fields))
    assert found == [f"ServiceRequest/r: group=serviceRequests, {line}" for line in expected]


def study(**fields: Any) -> Fhir:
    usual = {"status": "available", "started": "2026-11-10"}
    return {"resourceType": "ImagingStudy", "id": "i", **usual, **fields}


TAKEN = "concepts=lumbar-mri-done, label=Lumbar spine MRI, code=None, assertion=present"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"description": "Lumbar spine MRI", "status": word}, [TAKEN])
     for word in ("available", "inactive", "unknown", None)]
    + [({"description": "Lumbar spine MRI", "status": word}, [])
       for word in ("entered-in-error", "cancelled", "registered")]
    + [({"description": "Lumbar spine", "procedureCode": [{"text": "MRI"}]}, [TAKEN]),
       ({"procedureCode": [MRI, {"text": "of the spine"}]},
        [f"concepts=lumbar-mri-done+{STUDY.replace('MRI', 'MRI of the spine')}present"]),
       ({"procedure": [MRI]}, [f"concepts=lumbar-mri-done+{STUDY}present"]),
       ({"description": "MRI of the head"}, []), ({}, [])],
)  # fmt: skip
def test_images_of_the_lumbar_spine_were_taken(
    fields: Fhir, expected: list[str], judge: Judge
) -> None:
    rest = "asserted=2026-11-10, delivered=True"
    found = lines(judge, "diagnosticReports", study(**fields))
    assert found == [
        f"ImagingStudy/i: group=diagnosticReports, {line}, {rest}" for line in expected
    ]


@pytest.mark.parametrize(
    ("key", "resource"),
    [("encounters", visit(type=[THERAPY], id=None)), ("procedures", procedure(id=None)),
     ("serviceRequests", request(id=None)), ("diagnosticReports", study(procedure=[MRI], id=None))],
)  # fmt: skip
def test_care_without_an_id_is_pointed_to_by_its_type(
    key: str, resource: Fhir, judge: Judge
) -> None:
    assert made(judge, key, resource)[0].reference == f"{resource['resourceType']}/"
