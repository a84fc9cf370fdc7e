"""Calls of three sizes, always the same bytes: one patient's chart, as long as it is asked for."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from charts import KEYS, SNOMED, ago, back_pain, call, condition, medication, observation, procedure

SIZES = {"small": 10, "medium": 151, "large": 1500}
# Of a hundred resources of a usual chart beside the patient: what measurements leave.
_SHARES = {"Encounter": 12, "Procedure": 7, "Condition": 5, "MedicationRequest": 4}
_ILLNESSES = (("195662009", "Acute viral pharyngitis"), ("444814009", "Viral sinusitis"),
              ("38341003", "Hypertensive disorder"), ("10509002", "Acute bronchitis"))  # fmt: skip
_MEASURED = (("8302-2", "Body height", "cm", 171.5), ("29463-7", "Body weight", "kg", 78.2),
             ("8480-6", "Systolic blood pressure", "mm[Hg]", 124.0),
             ("2339-0", "Glucose in blood", "mg/dL", 91.3),
             ("2093-3", "Total cholesterol", "mg/dL", 182.4))  # fmt: skip
_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core"
_CODED = ("code", "medicationCodeableConcept")
_XHTML = "http://www.w3.org/1999/xhtml"
_KIND_OF = {key: kind for kind, key in KEYS.items()}
_DONE = (("117015009", "Throat culture"), ("430193006", "Medication reconciliation"))
_GIVEN = ("Acetaminophen 160 MG Oral Tablet", "Lisinopril 10 MG Oral Tablet")


@dataclass(frozen=True, kw_only=True)
class Payload:
    """A hook call: its name, the file that holds it, its bytes, the resources of its prefetch."""

    name: str
    file: Path
    body: bytes = field(repr=False)
    resources: int


def made(folder: Path, name: str) -> Payload:
    """Write a call of one of the three sizes to a folder."""
    file = folder / f"{name}.json"
    body = a_call(SIZES[name])
    file.write_bytes(body)
    return Payload(name=name, file=file, body=body, resources=SIZES[name])


def found(folder: Path, name: str) -> Payload:
    """Take a call of one of the three sizes from a folder that has it."""
    file = folder / f"{name}.json"
    body = file.read_bytes()
    pieces = json.loads(body)["prefetch"].values()
    resources = sum(len(p.get("entry", [p])) for p in pieces)
    return Payload(name=name, file=file, body=body, resources=resources)


def a_call(resources: int) -> bytes:
    """Write a call whose prefetch has so many resources, about 950 bytes each."""
    listed = [_as_sent(r, n) for n, r in enumerate(islice(_chart(), resources - 1))]
    body = call(*listed, patient=_patient())
    for key in KEYS.values():
        piece = body["prefetch"][key]
        piece["total"] = len(piece["entry"])
        for entry in piece["entry"]:
            resource = entry["resource"]
            entry["fullUrl"] = f"https://ehr.example.org/fhir/{_KIND_OF[key]}/{resource['id']}"
            entry["search"] = {"mode": "match"}
    return json.dumps(body).encode()


def _chart() -> Iterator[dict[str, Any]]:
    """Give the resources of a chart without end: back pain and its care first, then years ago."""
    yield back_pain(onsetDateTime=ago(60), recordedDate=ago(60))
    yield procedure("97110", 40)
    number = 0
    while True:
        kinds = [kind for kind, share in _SHARES.items() for _ in range(share)]
        spread = {(7 * n) % 100: kind for n, kind in enumerate(kinds)}
        yield _resource(spread.get(number % 100, "Observation"), number)
        number += 1


def _resource(kind: str, number: int) -> dict[str, Any]:
    days, named = 90 + 5 * number % 7000, {"id": f"{kind.lower()}-{number}"}
    if kind == "Condition":
        code, text = _ILLNESSES[number % len(_ILLNESSES)]
        dates = {"onsetDateTime": ago(days + 10), "abatementDateTime": ago(days)}
        return condition(code, text, system=SNOMED, **_resolved(), **dates, **named)
    if kind == "Procedure":
        return procedure(_DONE[number % len(_DONE)][0], days, SNOMED, **named)
    if kind == "MedicationRequest":
        given = _GIVEN[number % len(_GIVEN)]
        return medication(given, days, status="stopped", **named)
    if kind == "Encounter":
        return _encounter(days, **named)
    code, text, unit, value = _MEASURED[number % len(_MEASURED)]
    measured = {"value": value, "unit": unit, "code": unit, "system": "http://unitsofmeasure.org"}
    return observation(code, text, valueQuantity=measured, effectiveDateTime=ago(days), **named)


def _resolved() -> dict[str, Any]:
    terminology = "http://terminology.hl7.org/CodeSystem/condition"
    return {
        "clinicalStatus": {"coding": [{"system": f"{terminology}-clinical", "code": "resolved"}]},
        "verificationStatus": {
            "coding": [{"system": f"{terminology}-ver-status", "code": "confirmed"}]
        },
    }


def _encounter(days: int, **named: str) -> dict[str, Any]:
    checkup = {"system": SNOMED, "code": "185349003", "display": "Encounter for check up"}
    return {
        "resourceType": "Encounter",
        **named,
        "status": "finished",
        "class": {
            "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "code": "AMB",
        },
        "type": [{"coding": [checkup], "text": "Encounter for check up"}],
        "subject": {"reference": "Patient/p"},
        "period": {"start": ago(days), "end": ago(days)},
    }


def _as_sent(resource: dict[str, Any], number: int) -> dict[str, Any]:
    """Add what a server sends with each resource and nobody reads here."""
    kind = resource["resourceType"]
    told = f"{kind} {resource['id']}, written by the system that keeps the chart"
    named = {field: _named(resource[field]) for field in _CODED if field in resource}
    return {
        **resource,
        **named,
        "meta": {
            "versionId": "1",
            "lastUpdated": f"{ago(30)}T10:00:00.000+00:00",
            "profile": [f"{_CORE}-{kind.lower()}"],
        },
        "text": {"status": "generated", "div": f'<div xmlns="{_XHTML}">{told}</div>'},
        "extension": [{"url": f"{_CORE}-source", "valueString": "main"}],
        "identifier": [{"system": "urn:oid:2.16.840.1.113883.19.5", "value": f"{number:08d}"}],
    }


def _named(concept: dict[str, Any]) -> dict[str, Any]:
    """Put beside each code its name, as servers do."""
    display = {"display": concept["text"]} if "text" in concept else {}
    return {**concept, "coding": [{**coding, **display} for coding in concept.get("coding", ())]}


def _patient() -> dict[str, Any]:
    codes = ("MR", "SS", "DL", "PPN", "PI", "MB", "NI", "AN", "VN", "PT", "RI", "EN")
    system = "http://terminology.hl7.org/CodeSystem/v2-0203"
    return {
        "resourceType": "Patient",
        "id": "p",
        "birthDate": "1984-02-01",
        "gender": "female",
        "name": [{"use": "official", "family": "Example", "given": ["Ada"]}],
        "address": [{"city": "Springfield", "state": "MA", "country": "US"}],
        "identifier": [
            {
                "type": {"coding": [{"system": system, "code": code}], "text": f"Number {code}"},
                "system": "urn:oid:2.16.840.1.113883.19.5",
                "value": f"{code}-0001",
            }
            for code in codes
        ],
    }
