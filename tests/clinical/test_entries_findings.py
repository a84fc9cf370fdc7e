"""Diagnoses, devices and findings in a record: each FHIR shape, R4's and that of STU3 and R5."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from charts import CPT, ICD, LOINC, SNOMED, SUBJECT, ago, bundle, concept
from conftest import Judge
from msgspec.structs import replace
from shown import lines, made
from test_understood import told

Fhir = dict[str, Any]


# Diagnoses

BACK = concept("M54.50", "Low back pain")
PAIN = "concepts=low-back-pain-radiculopathy, label=Low back pain, code=M54.50, assertion="


def coded(word: str) -> Fhir:
    return {"coding": [{"display": "Status"}, {"code": word}]}


def diagnosis(**fields: Any) -> Fhir:
    usual = {"code": BACK, "recordedDate": "2026-11-01"}
    return {"resourceType": "Condition", "id": "c", **usual, **fields}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, "present"), ({"verificationStatus": "confirmed"}, "present"),
     ({"clinicalStatus": coded("active")}, "present"),
     ({"verificationStatus": "refuted"}, "absent"),
     ({"verificationStatus": coded("refuted")}, "absent"),
     ({"verificationStatus": "refuted", "clinicalStatus": "resolved"}, "absent"),
     ({"verificationStatus": "provisional", "clinicalStatus": "resolved"}, "historical"),
     ({"clinicalStatus": {"text": "resolved"}}, "historical"),
     ({"abatementDateTime": "2026-11-05"}, "historical"),
     ({"abatementDateTime": "2026-12-05"}, "present"),
     ({"abatementPeriod": {"start": "2026-11-02", "end": "2026-11-05"}}, "historical"),
     ({"abatementPeriod": {"start": "2026-11-02"}}, "present"),
     ({"abatementAge": {"value": 42}}, "historical"), ({"abatementBoolean": True}, "historical"),
     ({"abatementBoolean": False}, "present"), ({"abatementString": "last week"}, "historical")]
    + [({"verificationStatus": word}, "possible")
       for word in ("unconfirmed", "provisional", "differential")]
    + [({"clinicalStatus": shape(word)}, "historical")
       for word in ("inactive", "remission", "resolved") for shape in (str, coded)]
    + [({"verificationStatus": shape("entered-in-error")}, None) for shape in (str, coded)],
)  # fmt: skip
def test_a_diagnosis_stands_or_is_over_or_never_was(
    fields: Fhir, expected: str | None, judge: Judge
) -> None:
    found = [one.assertion for one in made(judge, "conditions", diagnosis(**fields))]
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"clinicalStatus": "relapse"}, "present, asserted=2026-11-01, relapse=True"),
     ({"clinicalStatus": coded("recurrence")}, "present, asserted=2026-11-01, relapse=True"),
     ({"abatementDateTime": "2026-11-05"}, "historical, asserted=2026-11-01, ended=2026-11-05"),
     ({"abatementPeriod": {"start": "2026-11-02", "end": "2026-11-05"}},
      "historical, asserted=2026-11-01, ended=2026-11-05"),
     ({"bodySite": [{"coding": [{"display": "Left leg"}]}]},
      "present, asserted=2026-11-01, side=left"),
     ({"recordedDate": "2026-12-01"}, "present, misdated=True"),
     ({"onsetDateTime": "2026-12-05"}, "present, asserted=2026-11-01, misdated=True"),
     ({"onsetDateTime": "in May"}, "present, asserted=2026-11-01, misdated=True"),
     ({"recordedDate": None, "assertedDate": "2026-10-30"}, "present, asserted=2026-10-30"),
     ({"recordedDate": None, "dateRecorded": "2026-10-30"}, "present, asserted=2026-10-30"),
     ({"recordedDate": None}, "present")],
)  # fmt: skip
def test_a_diagnosis_tells_its_course(fields: Fhir, expected: str, judge: Judge) -> None:
    line = f"Condition/c: group=conditions, {PAIN}{expected}"
    assert lines(judge, "conditions", diagnosis(**fields)) == [line]


@pytest.mark.parametrize(
    ("fields", "onset"),
    [({"onsetDateTime": "2026-10-05"}, "2026-10-05"),
     ({"onsetDateTime": "2026-10"}, "2026-10-01..2026-10-31"),
     ({"onsetPeriod": {"start": "2026-10-05", "end": "2026-10-09"}}, "2026-10-05"),
     ({"onsetPeriod": {"end": "2026-10-05"}}, "None"),
     ({"onsetAge": {"value": 500, "code": "mo"}}, "2025-10-01..2025-11-01"),
     ({"onsetAge": {"value": 2000, "code": "wk"}}, "2022-06-01..2022-06-08"),
     ({"onsetAge": {"value": 15600, "code": "d"}}, "2026-10-18..2026-10-19"),
     ({"onsetAge": {"value": 15600, "unit": "Days"}}, "2026-10-18..2026-10-19"),
     ({"onsetAge": {"value": 15600, "unit": "day"}}, "2026-10-18..2026-10-19"),
     ({"onsetAge": {"value": 500, "unit": "Months"}}, "2025-10-01..2025-11-01"),
     ({"onsetAge": {"value": 500, "unit": "month"}}, "2025-10-01..2025-11-01"),
     ({"onsetAge": {"value": 2000, "unit": "weeks"}}, "2022-06-01..2022-06-08"),
     ({"onsetAge": {"value": 2000, "unit": "week"}}, "2022-06-01..2022-06-08"),
     ({"onsetAge": {"value": 43}}, "None"), ({"onsetAge": {"unit": "a"}}, "None"),
     ({"onsetRange": {"high": {"value": 30}}}, "None"),
     ({"onsetString": "three weeks ago"}, "2026-10-11"),
     ({"onsetString": "three weeks ago", "recordedDate": None, "assertedDate": "2026-10-30"},
      "2026-10-09"),
     ({"onsetString": "a while back"}, "None"), ({}, "None")],
)  # fmt: skip
def test_a_diagnosis_tells_when_it_began(fields: Fhir, onset: str, judge: Judge) -> None:
    (one,) = made(judge, "conditions", diagnosis(**fields))
    assert told(one.onset) == onset


@pytest.mark.parametrize(
    ("age", "first", "last"),
    [({"onsetAge": {"value": 30, "code": "a"}}, "2014-02-01", "2015-01-31"),
     ({"onsetAge": {"value": 30, "unit": "years"}}, "2014-02-01", "2015-01-31"),
     ({"onsetAge": {"value": 30}}, "2014-02-01", "2015-01-31"),
     ({"onsetAge": {"value": 42}}, "2026-02-01", "2026-11-22"),
     ({"onsetRange": {"low": {"value": 30}}}, "2014-02-01", "2015-01-31"),
     ({"onsetRange": {"low": {"value": 30}, "high": {}}}, "2014-02-01", "2015-01-31"),
     ({"onsetRange": {"low": {"value": 30}, "high": {"value": 40}}}, "2014-02-01", "2025-01-31")],
)  # fmt: skip
def test_an_age_is_the_whole_year_of_life_to_within_a_day_or_two(
    age: Fhir, first: str, last: str, judge: Judge
) -> None:
    (one,) = made(judge, "conditions", diagnosis(**age))
    assert abs((one.onset.first - date.fromisoformat(first)).days) <= 2
    assert abs((one.onset.last - date.fromisoformat(last)).days) <= 2
    (unknown,) = made(judge, "conditions", diagnosis(**age), patient=...)
    assert unknown.onset is None


def test_an_undated_diagnosis_is_dated_by_its_visit(judge: Judge) -> None:
    day = {"resourceType": "Encounter", "id": "e", "status": "finished", "subject": SUBJECT,
           "period": {"start": "2026-11-08"}}  # fmt: skip
    visits = {"encounters": bundle(day)}
    for name in ("encounter", "context"):
        pointing = diagnosis(recordedDate=None, **{name: {"reference": "Encounter/e"}})
        assert [told(one.asserted) for one in made(judge, "conditions", pointing, **visits)] == [
            "2026-11-08"
        ]
        assert [told(one.asserted) for one in made(judge, "conditions", pointing)] == ["None"]
    without = diagnosis(recordedDate=None, encounter={"display": "last visit"})
    assert [told(one.asserted) for one in made(judge, "conditions", without, **visits)] == ["None"]
    pointed = {"encounters": bundle({**day, "diagnosis": [{"condition": {"reference":
               "Condition/c"}}]})}  # fmt: skip
    found = made(judge, "conditions", diagnosis(recordedDate=None), **pointed)
    assert [(one.group, told(one.asserted)) for one in found] == [
        ("conditions", "2026-11-08"),
        ("encounters", "2026-11-08"),
    ]


def test_the_notes_of_a_diagnosis_speak_for_themselves(judge: Judge) -> None:
    notes = [{"text": "fever", "time": "2026-11-03"}, {"text": "no fever"}]
    rumour = diagnosis(code={"text": "Visit"}, verificationStatus="refuted", note=notes)
    feverish = "Condition/c: group=conditions, concepts=fever, label="
    assert lines(judge, "conditions", rumour) == [
        f"{feverish}fever, code=None, assertion=present, asserted=2026-11-03, narrative=True",
        f"{feverish}no fever, code=None, assertion=absent, asserted=2026-11-01, narrative=True",
    ]
    assert lines(judge, "conditions", diagnosis(code={"text": "Headache"})) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"code": {"text": "Low back pain for 3 weeks"}}, ["present, onset=2026-10-11"]),
     ({"code": {"text": "Possible low back pain"}}, ["possible"]),
     ({"code": {"text": "Possible low back pain"}, "clinicalStatus": "resolved"}, ["historical"]),
     ({"code": {"text": "Possible low back pain"}, "verificationStatus": "refuted"}, ["absent"]),
     ({"code": None, "onsetDateTime": "2026-09-01", "note": [{"text": "low back pain"}]},
      ["present"]),
     ({"code": None, "note": [{"text": "low back pain for a week", "time": "2026-10-08"}]},
      ["present, onset=2026-10-01"])],
)  # fmt: skip
def test_the_words_of_a_diagnosis_say_since_when_and_how_surely(
    fields: Fhir, expected: list[str], judge: Judge
) -> None:
    found = [f"{one.assertion}{f', onset={told(one.onset)}' * bool(one.onset)}"
             for one in made(judge, "conditions", diagnosis(**fields))]  # fmt: skip
    assert found == expected


def test_a_diagnosis_in_words_shows_all_of_them_for_each_thing_they_name(judge: Judge) -> None:
    two = diagnosis(code={"text": "Back pain. Urinary urgency"})
    assert [(one.label, one.concepts) for one in made(judge, "conditions", two)] == [
        ("Back pain. Urinary urgency", {"low-back-pain-radiculopathy"}),
        ("Back pain. Urinary urgency", {"bladder-irritation", "bladder-symptom"}),
    ]


@pytest.mark.parametrize(
    ("text", "side"),
    [("Sciatica R", "right"), ("L sciatica", "left"), ("Sciatica", "unstated")],
)  # fmt: skip
def test_a_coded_diagnosis_takes_its_side_from_its_own_words(
    text: str, side: str, judge: Judge
) -> None:
    (one,) = made(judge, "conditions", diagnosis(code=concept("M54.30", text)))
    assert one.side == side


AGENT = "concepts=gadolinium-agent, label={}, code=None, assertion={}, asserted=2026-01-05"


def allergy(**fields: Any) -> Fhir:
    usual = {"code": {"text": "gadolinium"}, "recordedDate": "2026-01-05"}
    whose = {"subject": None, "patient": SUBJECT}
    return {"resourceType": "AllergyIntolerance", "id": "a", **whose, **usual, **fields}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({}, [AGENT.format("gadolinium", "present")]),
     ({"code": concept("293637006", "Allergy to gadolinium", SNOMED)},
      ["concepts=contrast-allergy+gadolinium-agent, label=Allergy to gadolinium, "
       "code=293637006, assertion=present, asserted=2026-01-05"]),
     ({"code": {"text": "Contrast"}, "reaction": [{}, {"substance": {"text": "Gadobutrol"}}]},
      [AGENT.format("Gadobutrol", "present")]),
     ({"code": {"text": "Peanut"}}, []), ({"code": None}, []),
     ({"code": None, "note": [{"text": "fever"}]},
      ["concepts=fever, label=fever, code=None, assertion=present, asserted=2026-01-05, "
       "narrative=True"]),
     ({"verificationStatus": "refuted", "clinicalStatus": "resolved"},
      [AGENT.format("gadolinium", "absent")]),
     ({"verificationStatus": "unconfirmed", "clinicalStatus": "resolved"},
      [AGENT.format("gadolinium", "historical")]),
     ({"verificationStatus": coded("entered-in-error")}, []),
     ({"verificationStatus": "entered-in-error"}, [])]
    + [({"verificationStatus": word}, [AGENT.format("gadolinium", assertion)])
       for word, assertion in (("unconfirmed", "possible"), ("confirmed", "present"),
                               ("presumed", "present"), ("refuted", "absent"))]
    + [({"clinicalStatus": coded(word)}, [AGENT.format("gadolinium", assertion)])
       for word, assertion in (("active", "present"), ("inactive", "historical"),
                               ("resolved", "historical"))],
)  # fmt: skip
def test_an_allergy_is_to_its_substances(fields: Fhir, expected: list[str], judge: Judge) -> None:
    found = lines(judge, "allergies", allergy(**fields))
    assert found == [f"AllergyIntolerance/a: group=allergies, {line}" for line in expected]


@pytest.mark.parametrize("status", ["partial", "completed", "health-unknown", None])
def test_what_a_relative_had_is_the_family_s(status: str | None, judge: Judge) -> None:
    history = {
        "resourceType": "FamilyMemberHistory", "id": "f", "subject": None, "patient": SUBJECT,
        "status": status, "date": "2026-01-05",
        "condition": [{}, {"code": concept("C50.919", "Breast cancer")}],
    }  # fmt: skip
    assert lines(judge, "familyHistory", history) == [
        "FamilyMemberHistory/f: group=familyHistory, concepts=malignancy-active, "
        "label=Breast cancer, code=C50.919, assertion=family, asserted=2026-01-05"
    ]
    assert lines(judge, "familyHistory", {**history, "status": "entered-in-error"}) == []
    assert lines(judge, "familyHistory", {**history, "condition": None}) == []


@pytest.mark.parametrize(
    "text",
    ["Breast cancer", "possible breast cancer", "history of breast cancer",
     "Breast cancer in remission", "No known cancer", "Old vertebral fracture"],
)  # fmt: skip
def test_no_words_make_the_family_s_the_patient_s(text: str, judge: Judge) -> None:
    history = {"resourceType": "FamilyMemberHistory", "id": "f", "subject": None,
               "patient": SUBJECT, "condition": [{"code": {"text": text}}]}  # fmt: skip
    assert {one.assertion for one in made(judge, "familyHistory", history)} == {"family"}


# Devices

PACEMAKER = {"text": "Cardiac pacemaker"}
CHECK = "concepts=mri-hard-stop-check, label=Cardiac pacemaker, code=None, assertion=present"


def device(**fields: Any) -> Fhir:
    whose = {"subject": None, "patient": SUBJECT}
    return {"resourceType": "Device", "id": "d", "status": "active", **whose, **fields}


def borne(**fields: Any) -> Fhir:
    return {"resourceType": "DeviceUseStatement", "id": "d", "status": "active", **fields}


@pytest.mark.parametrize(
    "fields",
    [{"type": PACEMAKER}, {"type": [{"text": "Implant"}, PACEMAKER]},
     {"deviceName": [{}, {"name": "Cardiac pacemaker"}]},
     {"name": [{"value": "Cardiac pacemaker"}]}, {"displayName": "Cardiac pacemaker"},
     {"type": PACEMAKER, "status": "unknown"}, {"type": PACEMAKER, "status": None}],
)  # fmt: skip
def test_a_device_is_known_by_its_type_or_by_a_name(fields: Fhir, judge: Judge) -> None:
    assert lines(judge, "devices", device(**fields)) == [f"Device/d: group=devices, {CHECK}"]


@pytest.mark.parametrize(
    "fields",
    [{"device": {"display": "Cardiac pacemaker"}}, {"device": {"concept": PACEMAKER}},
     {"device": {"reference": "Device/x", "display": "Cardiac pacemaker"}},
     {"device": {"concept": PACEMAKER}, "status": "on-hold"},
     {"device": {"concept": PACEMAKER}, "status": None}],
)  # fmt: skip
def test_a_device_is_borne(fields: Fhir, judge: Judge) -> None:
    assert lines(judge, "devices", borne(**fields)) == [
        f"DeviceUseStatement/d: group=devices, {CHECK}"
    ]


@pytest.mark.parametrize(
    "resource",
    [device(type=PACEMAKER, status=word) for word in ("inactive", "entered-in-error")]
    + [borne(device={"concept": PACEMAKER}, status=word)
       for word in ("entered-in-error", "stopped", "completed", "intended")]
    + [device(type={"text": "Walker"}), device(), borne(device={"display": "Walker"}), borne()],
)  # fmt: skip
def test_a_device_that_is_gone_or_harmless_is_none(resource: Fhir, judge: Judge) -> None:
    assert lines(judge, "devices", resource) == []


@pytest.mark.parametrize("make", [device, borne])
def test_the_notes_of_a_device_are_read(make: Callable[..., Fhir], judge: Judge) -> None:
    noted = make(note=[{"text": "fever", "time": "2026-11-03"}], device={"display": "Walker"})
    (one,) = made(judge, "devices", noted)
    assert (one.concepts, told(one.asserted), one.narrative) == ({"fever"}, "2026-11-03", True)


# Findings

RESIDUAL = "concepts=obs-post-void-residual, label=Post-void residual, code=None, assertion="
TEMPERATURE = concept("8310-5", "Body temperature", LOINC)
WARM = "concepts=obs-body-temperature, label=Body temperature, code=8310-5, assertion=present, "
FEVER = "concepts=fever, label={}, code=None, assertion=present, asserted={}, narrative=True"


def number(value: float | None, unit: str | None = None, **codes: str) -> Fhir:
    return {"valueQuantity": {"value": value, "unit": unit, **codes}}


def observed(**fields: Any) -> Fhir:
    usual = {"status": "final", "code": {"text": "Post-void residual"},
             "effectiveDateTime": "2026-11-20"}  # fmt: skip
    return {"resourceType": "Observation", "id": "o", **usual, **fields}


@pytest.mark.parametrize(
    ("status", "expected"),
    [(word, ["present"]) for word in ("final", "amended", "corrected", "appended", "unknown",
                                      None)]
    + [(word, ["possible"]) for word in ("registered", "preliminary", "partial")]
    + [(word, []) for word in ("entered-in-error", "cancelled")],
)  # fmt: skip
def test_a_finding_is_as_sure_as_its_status(
    status: str | None, expected: list[str], judge: Judge
) -> None:
    found = made(judge, "observations", observed(status=status, **number(350, "mL")))
    assert [one.assertion for one in found] == expected
    report = {"resourceType": "DiagnosticReport", "id": "r", "code": {"text": "CT"}}
    said = {**report, "status": status, "conclusion": "vertebral fracture"}
    assert [one.assertion for one in made(judge, "diagnosticReports", said)] == expected


@pytest.mark.parametrize(
    ("fields", "rest"),
    [({}, "asserted=2026-11-20, measure=350.0 mL"),
     ({"effectiveInstant": "2026-11-19T10:00:00Z"}, "asserted=2026-11-19, measure=350.0 mL"),
     ({"issued": "2026-11-18T10:00:00Z"}, "asserted=2026-11-18, measure=350.0 mL"),
     ({"effectivePeriod": {"start": "2026-11-01", "end": "2026-11-05"}},
      "asserted=2026-11-05, measure=350.0 mL"),
     ({"effectivePeriod": {"start": "2026-11-01"}}, "asserted=2026-11-01, measure=350.0 mL"),
     ({"effectiveDateTime": None}, "measure=350.0 mL"),
     ({"effectiveDateTime": "2026-12-01"}, "measure=350.0 mL, misdated=True"),
     ({"effectiveDateTime": "2024-06-05"}, "asserted=2024-06-05, measure=350.0 mL")],
)  # fmt: skip
def test_a_reading_has_its_day(fields: Fhir, rest: str, judge: Judge) -> None:
    plain = fields and "effectiveDateTime" not in fields
    when = {"effectiveDateTime": None, **fields} if plain else fields
    found = lines(judge, "observations", observed(**when, **number(350, "mL")))
    assert found == [f"Observation/o: group=observations, {RESIDUAL}present, {rest}"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"code": TEMPERATURE, "effectiveDateTime": ago(365), **number(39, "Cel")},
      [f"{WARM}asserted=2025-11-22, measure=39.0 Cel"]),
     ({"code": TEMPERATURE, "effectiveDateTime": ago(366), **number(39, "Cel")}, []),
     ({"code": TEMPERATURE, "effectiveDateTime": ago(366), "note": [{"text": "fever"}],
       **number(39, "Cel")}, [f"{WARM}asserted=2025-11-21, measure=39.0 Cel",
                              FEVER.format("fever", "2025-11-21")]),
     ({"code": {"text": "Visit"}, "comment": "fever"}, [FEVER.format("fever", "2026-11-20")]),
     ({"code": {"text": "Visit"}, "note": [{"text": "fever", "time": "2026-11-03"}]},
      [FEVER.format("fever", "2026-11-03")]),
     ({"code": {"text": "Panel"}, "component": [
         {"code": TEMPERATURE, **number(38.5, "Cel")}, {"code": {"text": "Shoe"}, **number(43)}]},
      [f"{WARM}asserted=2026-11-20, measure=38.5 Cel"]),
     ({"code": {"text": "Panel"}, "component": [{"code": TEMPERATURE, **number(38.5, "Cel")}]},
      [f"{WARM}asserted=2026-11-20, measure=38.5 Cel"]),
     ({"component": [{"code": TEMPERATURE, **number(38.5, "Cel")}]},
      [f"{WARM}asserted=2026-11-20, measure=38.5 Cel"]),
     ({"component": [{"code": TEMPERATURE, **number(38.5, "Cel")}], **number(120, "mL")},
      [f"{RESIDUAL}present, asserted=2026-11-20, measure=120.0 mL",
       f"{WARM}asserted=2026-11-20, measure=38.5 Cel"]),
     ({"code": {"text": "Panel"}, "component": [{"code": {"text": "Shoe"}, **number(43)}]}, []),
     ({"code": {"text": "Bladder"}, "valueString": "retention"},
      ["concepts=urinary-retention, label=Bladder: retention, code=None, assertion=present, "
       "asserted=2026-11-20, narrative=True"]),
     ({"code": concept("50064-5", "Ideal body weight", LOINC), **number(70, "kg")}, []),
     ({"code": {"text": "Panel"}, "component": [{"code": {"text": "Now"}, "valueString": "fever"}]},
      [FEVER.format("Now: fever", "2026-11-20")]),
     ({"code": {"text": "Panel"}, "component": [
         {"code": {"text": "Now"}, "valueCodeableConcept": concept("R50.9", "Fever")}]},
      ["concepts=fever, label=Fever, code=R50.9, assertion=present, asserted=2026-11-20",
       FEVER.format("Now: Fever", "2026-11-20")]),
     ({"code": {"text": "Muscle strength"}, "bodySite": {"text": "left foot"},
       "valueString": "3/5"},
      ["concepts=obs-muscle-strength, label=Muscle strength, code=None, assertion=present, "
       "asserted=2026-11-20, side=left, measure=3.0 /5"])],
)  # fmt: skip
def test_what_an_observation_tells(fields: Fhir, expected: list[str], judge: Judge) -> None:
    found = lines(judge, "observations", observed(**fields))
    assert found == [f"Observation/o: group=observations, {line}" for line in expected]


def test_idle_talk_is_passed_over_as_often_as_it_comes(judge: Judge) -> None:
    mood = observed(code={"text": "Mood"}, valueString="fine")
    other = {**mood, "id": "two", "valueString": "feverish"}
    assert made(judge, "observations", mood, {**mood, "id": "again"}) == []
    assert [
        one.reference for one in made(judge, "observations", mood, other, {**other, "id": "3"})
    ] == [
        "Observation/two",
        "Observation/3",
    ]


def test_an_answer_that_one_observation_voids_still_counts_in_the_next(judge: Judge) -> None:
    void = observed(code={"text": "Saddle numbness"}, valueString="see note",
                    dataAbsentReason={"text": "asked too late"})  # fmt: skip
    valid = {**void, "id": "next", "dataAbsentReason": None}
    found = made(judge, "observations", void, valid)
    assert [(one.reference, one.assertion) for one in found] == [("Observation/next", "unclear")]


STRENGTH = {"code": {"text": "Muscle strength"}}
HOT = {"code": TEMPERATURE, **number(39, "Cel")}


def above(*limits: float | None) -> Fhir:
    return {"referenceRange": [{}, *({"high": {"value": limit}} for limit in limits)]}


@pytest.mark.parametrize(
    ("fields", "measure"),
    [(number(350, "mL"), "350.0 mL"), (number(350, "milliliter", code="mL"), "350.0 mL"),
     (number(0, "mL"), "0.0 mL"), (number(350), "350.0 None"),
     ({"valueInteger": 350}, "350.0 None"), ({"valueInteger": 0}, "0.0 None"),
     ({"valueString": "350 mL"}, "350.0 mL"), ({"valueString": "350"}, "350.0 None"),
     ({"valueString": "~ 350.5 cc"}, "350.5 cc"), ({"valueString": ">= 350 mL"}, "350.0 mL"),
     ({**STRENGTH, "valueString": "3/5"}, "3.0 /5"),
     ({**STRENGTH, "valueString": "3.0 of 5"}, "3.0 /5"),
     ({**STRENGTH, "valueString": "4 Out Of 5"}, "4.0 /5"),
     ({**STRENGTH, "valueString": "4+/5"}, "4.333 /5"),
     ({**STRENGTH, "valueString": "4/5-"}, "3.667 /5"),
     ({**STRENGTH, "valueString": "3-"}, "2.667 /5"),
     ({**STRENGTH, "valueRatio": {"numerator": {"value": 3}, "denominator": {"value": 5}}},
      "3.0 /5"),
     ({**STRENGTH, "valueRatio": {"numerator": {"value": 3}, "denominator": {"value": 10}}},
      "3.0 /?"),
     (HOT, "39.0 Cel"), ({**HOT, "interpretation": {"coding": [{"code": "L"}]}}, "39.0 Cel"),
     ({**HOT, "interpretation": [{"text": "?"}, {"coding": [{"code": "H"}]}]}, "39.0 Cel high"),
     ({**HOT, "interpretation": {"coding": [{"code": "HU"}]}}, "39.0 Cel high"),
     ({**HOT, "interpretation": {"coding": [{"code": ">"}]}}, "39.0 Cel high"),
     ({**HOT, "interpretation": [{"coding": [{"code": "HH"}]}]}, "39.0 Cel high very high"),
     ({**HOT, **above(40, 38, None)}, "39.0 Cel high"), ({**HOT, **above(39)}, "39.0 Cel"),
     ({**HOT, **above(None)}, "39.0 Cel")],
)  # fmt: skip
def test_a_number_is_read_however_it_is_written(fields: Fhir, measure: str, judge: Judge) -> None:
    (one,) = made(judge, "observations", observed(**fields))
    rounded = replace(one.measure, value=round(one.measure.value, 3))
    assert (one.assertion, told(rounded)) == ("present", measure)


@pytest.mark.parametrize(
    "value",
    [{}, number(None, "mL"), {"valueRange": {"low": {"value": 100}, "high": {"value": 350}}},
     {"valueRange": {"low": {"value": 100}}}, {"valueRatio": {"numerator": {"value": 3}}},
     {"valueRatio": {"denominator": {"value": 5}}}],
)  # fmt: skip
def test_without_one_number_a_reading_is_open_and_without_any_value_it_says_nothing(
    value: Fhir, judge: Judge
) -> None:
    (one,) = made(judge, "observations", observed(**value))
    assert (one.assertion, one.measure) == ("unclear" if value else "silent", None)


@pytest.mark.parametrize(
    ("mark", "fields", "expected"),
    [(word, {}, "absent") for word in ("N", "NEG", "ND", "NR")]
    + [(word, {}, "present") for word in ("POS", "A", "AA", "DET")]
    + [("POS", {"status": "preliminary"}, "possible"),
       ("W", {}, "silent"), ("POS", {"valueString": "no"}, "absent"),
       ("NEG", {"valueBoolean": True}, "present"), ("W", {"valueString": "see note"}, "unclear")],
)  # fmt: skip
def test_a_mark_of_the_laboratory_speaks_where_there_is_no_answer(
    mark: str, fields: Fhir, expected: str, judge: Judge
) -> None:
    marked = {"interpretation": [{"coding": [{"code": mark}]}], **fields}
    (one,) = made(judge, "observations", observed(code={"text": "Saddle numbness"}, **marked))
    assert (one.concepts, one.assertion) == ({"saddle-anaesthesia"}, expected)


NUMB = {"linkId": "1", "text": "Saddle numbness", "answer": [{"valueBoolean": True}]}
IS_NUMB = "concepts=saddle-anaesthesia, label=Saddle numbness, code={}, assertion="


def answers(*items: Fhir, **fields: Any) -> Fhir:
    usual = {"status": "completed", "authored": "2026-11-20", "item": list(items)}
    return {"resourceType": "QuestionnaireResponse", "id": "q", **usual, **fields}


def below(depth: int, *, question: bool = True) -> Fhir:
    item = NUMB
    for _ in range(depth):
        held = [{**item}] if question else [{"valueString": "see below", "item": [item]}]
        item = {"linkId": "0", ("item" if question else "answer"): held}
    return item


@pytest.mark.parametrize(
    ("response", "expected"),
    [(answers(NUMB, status=word), [f"{IS_NUMB.format(1)}present"])
     for word in ("in-progress", "completed", "amended", None)]
    + [(answers(NUMB, status=word), []) for word in ("stopped", "entered-in-error")]
    + [(answers(below(depth, question=kind)), [f"{IS_NUMB.format(1)}present"])
       for depth in (1, 20) for kind in (True, False)]
    + [(answers(below(21, question=kind)), []) for kind in (True, False)]
    + [(answers({"text": "Saddle numbness", "answer": [{"valueBoolean": False}]}),
        [f"{IS_NUMB.format(None)}absent"]),
       (answers({"linkId": "1", "text": "Saddle numbness"}), []), (answers(item=None), [])],
)  # fmt: skip
def test_each_answer_to_a_question_is_a_finding(
    response: Fhir, expected: list[str], judge: Judge
) -> None:
    found = lines(judge, "questionnaireResponses", response)
    head = "QuestionnaireResponse/q: group=questionnaireResponses, "
    assert found == [f"{head}{line}, asserted=2026-11-20" for line in expected]


ONSET = "concepts=obs-symptom-onset, label=Symptom onset, code=None, assertion=present, onset="
RETENTION = {"system": ICD, "code": "R33.9", "display": "Retention"}


@pytest.mark.parametrize(
    ("item", "expected"),
    [({"text": "Symptom onset", "answer": [{"valueDate": "2026-10-01"}]},
      f"{ONSET}2026-10-01, asserted=2026-11-20"),
     ({"linkId": "9", "text": "Symptom onset", "answer": [{"valueDate": "2026-10-01"}]},
      f"{ONSET.replace('None', '9')}2026-10-01, asserted=2026-11-20"),
     ({"linkId": "7", "text": "Anything odd between the legs?", "answer": [{"valueString": "yes"}]},
      "concepts=saddle-anaesthesia, label=Anything odd between the legs?, code=7, "
      "assertion=unclear, asserted=2026-11-20, value=yes"),
     ({"text": "Symptom onset", "answer": [{"valueDateTime": "2026-10-01T10:00:00Z"}]},
      f"{ONSET}2026-10-01, asserted=2026-11-20"),
     ({"linkId": "/intake/8310-5", "answer": [{"valueDecimal": 38.5}]},
      f"{WARM.replace('Body temperature', '8310-5')}asserted=2026-11-20, measure=38.5 None"),
     ({"text": "Bladder scan", "answer": [{"valueQuantity": {"unit": "mL"}}]},
      "concepts=obs-post-void-residual, label=Bladder scan, code=None, assertion=unclear"),
     ({"text": "Saddle numbness", "answer": [{"valueCoding": {"code": "LA33-6"}}]},
      f"{IS_NUMB.format(None)}present, asserted=2026-11-20"),
     ({"text": "Saddle numbness", "answer": [{"valueCoding": {"code": "LA32-8"}}]},
      f"{IS_NUMB.format(None)}absent, asserted=2026-11-20"),
     ({"text": "What else?", "answer": [{"valueCoding": RETENTION}]},
      "concepts=urinary-retention, label=Retention, code=R33.9, assertion=present, "
      "asserted=2026-11-20")],
)  # fmt: skip
def test_an_answer_may_be_a_day_a_number_or_a_code(item: Fhir, expected: str, judge: Judge) -> None:
    head = "QuestionnaireResponse/q: group=questionnaireResponses, "
    assert lines(judge, "questionnaireResponses", answers(item))[0].startswith(head + expected)


def report(**fields: Any) -> Fhir:
    usual = {"status": "final", "effectiveDateTime": "2026-11-20", "code": {"text": "CT"}}
    return {"resourceType": "DiagnosticReport", "id": "r", **usual, **fields}


BROKEN = concept("S32.010A", "Fracture of L1")
FRACTURE = "concepts=vertebral-fracture, label=vertebral fracture, code=None, assertion="
FRACTURE_CODE = "concepts=vertebral-fracture, label=Fracture of L1, code=S32.010A, assertion="
SAID = {"conclusion": "vertebral fracture", "effectiveDateTime": None}
ISSUED = "2026-11-05T10:00:00Z"
DONE = "concepts=lumbar-mri-done+lumbar-mri-order+lumbar-mri-without-contrast, label=MRI, "


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"code": concept("72148", "MRI", CPT), "status": "preliminary", "conclusionCode": [BROKEN]},
      [f"{DONE}code=72148, assertion=present, asserted=2026-11-20, delivered=True",
       f"{FRACTURE_CODE}possible, asserted=2026-11-20, delivered=True"]),
     ({"conclusionCode": [BROKEN]},
      [f"{FRACTURE_CODE}present, asserted=2026-11-20, delivered=True"]),
     ({"codedDiagnosis": BROKEN}, [f"{FRACTURE_CODE}present, asserted=2026-11-20, delivered=True"]),
     ({**SAID, "effectivePeriod": {"start": "2026-11-01"}, "issued": ISSUED},
      [f"{FRACTURE}present, asserted=2026-11-01, delivered=True, narrative=True"]),
     ({**SAID, "effectivePeriod": {"end": "2026-11-02"}, "issued": ISSUED},
      [f"{FRACTURE}present, asserted=2026-11-05, delivered=True, narrative=True"]),
     ({**SAID, "issued": ISSUED},
      [f"{FRACTURE}present, asserted=2026-11-05, delivered=True, narrative=True"]),
     (SAID, [f"{FRACTURE}present, delivered=True, narrative=True"]),
     ({"conclusion": ""}, []), ({}, [])],
)  # fmt: skip
def test_a_report_tells_its_study_and_what_was_found(
    fields: Fhir, expected: list[str], judge: Judge
) -> None:
    found = lines(judge, "diagnosticReports", report(**fields))
    assert found == [f"DiagnosticReport/r: group=diagnosticReports, {line}" for line in expected]


@pytest.mark.parametrize(
    ("conclusion", "found"),
    [("INDICATION: fever. FINDINGS: vertebral fracture.", {"vertebral-fracture"}),
     ("vertebral fracture\nTECHNIQUE: fever", {"vertebral-fracture"}),
     ("Clinical History: fever\nvertebral fracture\nImpression: discitis", {"spinal-infection"}),
     ("Impression: discitis; vertebral fracture", {"spinal-infection", "vertebral-fracture"}),
     ("INDICATION: fever. TECHNIQUE: CT. IMPRESSION: discitis. HISTORY: fever",
      {"spinal-infection"})],
)  # fmt: skip
def test_why_a_study_was_made_is_no_finding_of_it(
    conclusion: str, found: set[str], judge: Judge
) -> None:
    entries = made(judge, "diagnosticReports", report(conclusion=conclusion))
    assert {concept for one in entries for concept in one.concepts} == found


def test_each_part_of_a_report_is_shown_as_it_was_written(judge: Judge) -> None:
    conclusion = "vertebral fracture for a week\nImpression: discitis"
    found = made(judge, "diagnosticReports", report(conclusion=conclusion))
    assert [(one.label, told(one.onset)) for one in found] == [
        ("vertebral fracture for a week", "2026-11-13"),
        ("Impression:  discitis", "None"),
    ]


FAMILY = {"resourceType": "FamilyMemberHistory", "subject": None, "patient": SUBJECT,
          "condition": [{"code": {"text": "Breast cancer"}}]}  # fmt: skip


@pytest.mark.parametrize(
    ("key", "resource"),
    [("conditions", diagnosis(id=None)), ("familyHistory", FAMILY), ("allergies", allergy(id=None)),
     ("devices", device(type=PACEMAKER, id=None)),
     ("devices", borne(device={"concept": PACEMAKER}, id=None)),
     ("observations", observed(id=None, **number(350, "mL"))),
     ("questionnaireResponses", answers(NUMB, id=None)),
     ("diagnosticReports", report(id=None, conclusionCode=[BROKEN]))],
)  # fmt: skip
def test_what_has_no_id_is_pointed_to_by_its_type(key: str, resource: Fhir, judge: Judge) -> None:
    assert made(judge, key, resource)[0].reference == f"{resource['resourceType']}/"
