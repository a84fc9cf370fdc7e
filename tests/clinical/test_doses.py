"""How many mg a day a dosage means, and when steroids lower the defence against infection."""

import msgspec
import pytest
from charts import TODAY, ago, back_pain, call, medication, reading
from conftest import Judge

from service.clinical import fhir
from service.clinical.entries.doses import daily_mg
from service.web.answer import Desk


@pytest.mark.parametrize(
    ("name", "text", "mg"),
    [
        ("prednisone 20 MG Oral Tablet", "40 mg daily", 40),
        ("prednisone 20 MG Oral Tablet", "Take 2 tablets (40 mg total) by mouth daily.", 40),
        ("prednisone 20 MG Oral Tablet", "Take 2 tablets (40 mg) by mouth daily.", 40),
        ("prednisone 20 MG Oral Tablet", "Take 1 tablet (20 mg) every other day", 10),
        ("prednisone 10 mg tab", "2 tabs twice daily", 40),
        ("prednisone 20 mg tab", "2 tablets 20 mg every morning", 40),
        ("prednisone 5 mg", "1 tablet daily", 5),
        ("prednisone 5 mg", "30 MG/day", 30),
        ("prednisone 5 mg", "40 mg BID", 80),
        ("prednisone 10 mg", "70 mg weekly", 10),
        ("prednisone", "1 tablet daily", None),
        ("prednisone 20 mg", "with food", None),
        ("prednisone 20 mg", "daily", None),
        ("prednisone 20 mg", None, None),
    ],
)
def test_a_dosage_in_words(name: str, text: str | None, mg: float | None, desk: Desk) -> None:
    frequencies = desk.guideline.reading.dose_frequencies
    assert daily_mg(name, [fhir.Dosage(text=text)], frequencies) == mg


@pytest.mark.parametrize(
    ("value", "unit", "repeat", "mg"),
    [
        (40, "mg", {"frequency": 1, "period": 1, "periodUnit": "d"}, 40),
        (2, "{tbl}", {"frequency": 2, "period": 1, "periodUnit": "d"}, None),
        (2, "tablet", {"frequency": 2, "period": 1, "periodUnit": "d"}, 40),
        (40, "mg", {"frequency": 1, "period": 2, "periodUnit": "d"}, 20),
        (40, "mg", {"frequency": 1, "period": 12, "periodUnit": "h"}, 80),
        (5, "mg", {"frequency": 1, "period": 1, "periodUnit": "h"}, 120),
        (40, "mL", {"frequency": 1, "period": 1, "periodUnit": "d"}, None),
        (40, "mg", {"frequency": 1, "period": -1, "periodUnit": "d"}, None),
        (40, "mg", {"frequency": 1, "period": 1, "periodUnit": "?"}, None),
    ],
)
def test_a_dosage_in_numbers(value: float, unit: str, repeat: dict, mg: float | None) -> None:
    dosage = {
        "timing": {"repeat": repeat},
        "doseAndRate": [{"doseQuantity": {"value": value, "unit": unit}}],
    }
    assert daily_mg("prednisone 10 mg", [msgspec.convert(dosage, fhir.Dosage)], ()) == mg


def dosage(dose: dict | None, repeat: dict | None, **more: object) -> fhir.Dosage:
    given = {"doseQuantity": dose, "timing": {"repeat": repeat}, **more}
    return msgspec.convert(given, fhir.Dosage)


DAY = {"frequency": 1, "period": 1, "periodUnit": "d"}
WORDS = {"text": "1 tablet twice daily"}


@pytest.mark.parametrize(
    ("given", "mg"),
    [
        (dosage({"value": 0.04, "code": "g"}, DAY), 40),
        (dosage({"value": 40000, "unit": "mcg"}, DAY), 40),
        (dosage({"value": 40000, "unit": "ug"}, DAY), 40),
        (dosage({"value": 40, "unit": "tablet", "code": "MG"}, DAY), 40),
        (dosage({"value": 2}, DAY), 20),
        (dosage({"value": 2, "unit": "{tab}"}, DAY), 20),
        (dosage({"value": 2, "unit": "Capsules"}, DAY), 20),
        (dosage({"value": 2, "unit": "puff"}, DAY), None),
        (dosage({"value": 70, "unit": "mg"}, {"period": 1, "periodUnit": "wk"}), 10),
        (dosage({"value": 40, "unit": "mg"}, {"frequency": 3}), 120),
        (dosage({"value": 40, "unit": "mg"}, {}), 40),
        (dosage({"value": 40, "unit": "mg"}, {"period": 0.5, "periodUnit": "d"}), 80),
        (dosage({"value": 40, "unit": "mg"}, {"period": 1, "periodUnit": "mo"}), None),
        (dosage({"value": 40, "unit": "mg"}, None), None),
        (dosage({"unit": "mg"}, DAY), None),
        (dosage(None, DAY), None),
        (dosage(None, DAY, doseAndRate=[{}, {"doseQuantity": {"value": 30, "unit": "mg"}}]), 30),
        (dosage({"unit": "mg"}, DAY, **WORDS), 20),
        (dosage({"value": 40, "unit": "mg"}, DAY, **WORDS), 40),
        (fhir.Dosage(), None),
    ],
)
def test_a_dosage_is_told_by_its_numbers_before_its_words(
    given: fhir.Dosage, mg: float | None, desk: Desk
) -> None:
    found = daily_mg("prednisone 10 mg", [given], desk.guideline.reading.dose_frequencies)
    assert found == (None if mg is None else pytest.approx(mg))


def test_of_the_steps_of_a_taper_the_highest_counts(desk: Desk) -> None:
    steps = [fhir.Dosage(text=words) for words in ("with food", "20 mg daily", "40 mg daily",
                                                   "10 mg daily")]  # fmt: skip
    assert daily_mg("prednisone", steps, desk.guideline.reading.dose_frequencies) == 40


FEVER = reading("8310-5", "Body temperature", 38.6, "Cel", 1)


@pytest.mark.parametrize(
    ("drug", "days", "supply", "rule"),
    [
        ("prednisone 20 mg|20 mg daily", 40, 40, "R30"),
        ("prednisone 20 mg|19 mg daily", 40, 40, "R31"),
        ("prednisone 20 mg|20 mg daily", 27, 27, "R31"),
        ("prednisone 20 mg|20 mg daily", 28, 28, "R30"),
        ("methylprednisolone 16 mg|16 mg daily", 40, 40, "R30"),
        ("hydrocortisone 20 mg|20 mg daily", 40, 40, "R31"),
        ("prednisone 20 mg|as directed", 40, 40, "R31"),
    ],
)
def test_steroids_of_twenty_mg_for_four_weeks_are_a_risk(
    drug: str, days: int, supply: int, rule: str, judge: Judge
) -> None:
    name, text = drug.split("|")
    taken = medication(name, days, supply=supply, dosageInstruction=[{"text": text}])
    given = judge.advice(call(back_pain(onsetDateTime=ago(9)), taken, FEVER), TODAY)
    assert given.assessment.row.rule == rule
