"""The invented patients: short entries in YAML, dated in days before today, made into FHIR R4."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent
_DAYS_A_YEAR = 365.2425
_SINCE_BIRTHDAY = 120  # days: so that nobody's age changes from one day to the next
_UCUM = "http://unitsofmeasure.org"
_TERMS = "http://terminology.hl7.org/CodeSystem"
SYSTEMS = {
    "cpt": "http://www.ama-assn.org/go/cpt",
    "icd10": "http://hl7.org/fhir/sid/icd-10-cm",
    "loinc": "http://loinc.org",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "snomed": "http://snomed.info/sct",
}
Fields = Mapping[str, Any]


def every_patient(as_of: date) -> list[dict[str, Any]]:
    """Give each patient in the order of the day's visits, with the chart as of this day."""
    told = [_patient(name, given, as_of) for name, given in _situations().items()]
    return sorted(told, key=lambda patient: str(patient["time"]))


def every_order() -> dict[str, Any]:
    """Give the studies that can be ordered and the coded reasons that can be given."""
    given = _read(_FOLDER / "orders.yaml")
    studies = [
        {
            **study,
            "codes": {
                system: {"system": SYSTEMS[system], "code": code}
                for system, code in study["codes"].items()
            },
        }
        for study in given["studies"]
    ]
    reasons = [_concept(reason["code"], reason["name"]) for reason in given["reasons"]]
    return {"studies": studies, "reasons": reasons}


@cache
def _situations() -> dict[str, Any]:
    return {path.stem: _read(path) for path in sorted((_FOLDER / "patients").glob("*.yaml"))}


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _patient(name: str, given: Fields, as_of: date) -> dict[str, Any]:
    """Write one patient: what the list shows, the draft to begin with, and the chart."""
    first, _, last = given["name"].partition(" ")
    days = int(given["age"] * _DAYS_A_YEAR) + _SINCE_BIRTHDAY
    person = {
        "resourceType": "Patient",
        "id": name,
        "active": True,
        "name": [{"use": "official", "family": last, "given": [first]}],
        "gender": given["sex"],
        "birthDate": _day(as_of, days),
    }
    order = given["order"]
    shown = {key: given[key] for key in ("name", "sex", "age", "time", "reason")}
    return {
        "id": name,
        **shown,
        "order": {**order, "reason": _code(order["reason"])["code"] if "reason" in order else None},
        # Types that the record system does not give today: the search for them fails.
        "unavailable": given.get("unavailable", []),
        "chart": [person, *(_entry(one, name, as_of) for one in given["chart"])],
    }


def _entry(given: Fields, patient: str, as_of: date) -> dict[str, Any]:
    ((kind, fields),) = given.items()
    subject = {"reference": f"Patient/{patient}"}
    made = _KINDS[kind](fields, as_of)
    owner = "patient" if made["resourceType"] in ("AllergyIntolerance", "Device") else "subject"
    return {"resourceType": made.pop("resourceType"), "id": fields["id"], owner: subject, **made}


def _condition(given: Fields, as_of: date) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "clinicalStatus": _of(f"{_TERMS}/condition-clinical", "active"),
        "verificationStatus": _of(f"{_TERMS}/condition-ver-status", "confirmed"),
        "category": [_of(f"{_TERMS}/condition-category", "problem-list-item")],
        "code": _concept(given.get("code"), given["text"]),
        **({"onsetDateTime": _day(as_of, given["onset"])} if "onset" in given else {}),
        **({"recordedDate": _day(as_of, given["recorded"])} if "recorded" in given else {}),
    }


def _observation(given: Fields, as_of: date) -> dict[str, Any]:
    unit = given.get("unit")
    value = (
        {"valueString": given["words"]}
        if "words" in given
        else {
            "valueQuantity": {"value": given["value"], "unit": unit, "system": _UCUM, "code": unit}
        }
    )
    flag = given.get("flag")
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": _concept(given.get("code"), given["text"]),
        "effectiveDateTime": _day(as_of, given["days"]),
        **value,
        **(
            {"interpretation": [_of(f"{_TERMS}/v3-ObservationInterpretation", flag)]}
            if flag
            else {}
        ),
    }


def _encounter(given: Fields, as_of: date) -> dict[str, Any]:
    day = _day(as_of, given["days"])
    return {
        "resourceType": "Encounter",
        "status": "finished" if given["days"] else "in-progress",
        "class": {"system": f"{_TERMS}/v3-ActCode", "code": "AMB"},
        "type": [{"text": given["text"]}],
        "reasonCode": [{"text": given["reason"]}],
        "period": {"start": day, **({"end": day} if given["days"] else {})},
    }


def _medication(given: Fields, as_of: date) -> dict[str, Any]:
    supply = {"value": given["supply"], "unit": "d", "system": _UCUM, "code": "d"}
    return {
        "resourceType": "MedicationRequest",
        "status": "active",
        "intent": "order",
        "medicationCodeableConcept": _concept(given.get("code"), given["text"]),
        "authoredOn": _day(as_of, given["days"]),
        "dosageInstruction": [{"text": given["dosage"]}],
        "dispenseRequest": {"expectedSupplyDuration": supply},
    }


def _procedure(given: Fields, as_of: date) -> dict[str, Any]:
    return {
        "resourceType": "Procedure",
        "status": "completed",
        "code": _concept(given.get("code"), given["text"]),
        "performedDateTime": _day(as_of, given["days"]),
    }


def _allergy(given: Fields, as_of: date) -> dict[str, Any]:
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": _of(f"{_TERMS}/allergyintolerance-clinical", "active"),
        "verificationStatus": _of(f"{_TERMS}/allergyintolerance-verification", "confirmed"),
        "code": _concept(given.get("code"), given["text"]),
        "recordedDate": _day(as_of, given["recorded"]),
        "reaction": [{"manifestation": [{"text": given["reaction"]}]}],
    }


def _device(given: Fields, _as_of: date) -> dict[str, Any]:
    return {
        "resourceType": "Device",
        "status": "active",
        "type": _concept(given["code"], given["text"]),
    }


_KINDS: dict[str, Callable[[Fields, date], dict[str, Any]]] = {
    "condition": _condition,
    "observation": _observation,
    "encounter": _encounter,
    "medication": _medication,
    "procedure": _procedure,
    "allergy": _allergy,
    "device": _device,
}


def _day(as_of: date, days: int) -> str:
    return (as_of - timedelta(days=days)).isoformat()


def _code(written: str) -> dict[str, str]:
    """Read a code written with the short name of its system: `cpt:72148`."""
    system, _, code = written.partition(":")
    return {"system": SYSTEMS[system], "code": code}


def _concept(written: str | None, text: str) -> dict[str, Any]:
    coded = {"coding": [{**_code(written), "display": text}]} if written else {}
    return {**coded, "text": text}


def _of(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}
