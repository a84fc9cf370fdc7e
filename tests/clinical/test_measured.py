"""Measured values: every unit a reading may come in, and each limit with both its neighbours."""

import pytest
from charts import TODAY, back_pain, call, observation, reading
from conftest import Judge

from service.clinical.chart import Measure
from service.clinical.findings.measured import in_unit
from service.web.answer import Desk

LOINC_CODES = {"Body temperature": "8310-5", "CRP": "1988-5"}  # a bladder scan has its name only


@pytest.mark.parametrize(
    ("quantity", "value", "unit", "expected"),
    [
        ("body-temperature", 38.0, "Cel", 38.0),
        ("body-temperature", 38.0, "°C", 38.0),
        ("body-temperature", 100.4, "[degF]", 38.0),
        ("body-temperature", 100.4, "F", 38.0),
        ("body-temperature", 100.4, None, 38.0),
        ("body-temperature", 38.4, None, 38.4),
        ("body-temperature", 70.0, None, None),  # between the two scales: nobody knows
        ("body-temperature", 380.0, "Cel", None),
        ("body-temperature", 38.0, "K", None),
        ("post-void-residual", 200, "mL", 200.0),
        ("post-void-residual", 200, "cc", 200.0),
        ("post-void-residual", 0.35, "L", 350.0),
        ("post-void-residual", 350, None, 350.0),
        ("post-void-residual", 0.35, None, None),  # litres? nobody knows
        ("post-void-residual", -1, "mL", None),
        ("crp", 5, "mg/dL", 50.0),
        ("crp", 50, "mg/L", 50.0),
        ("crp", 50, None, None),
        ("esr", 60, "mm/h", 60.0),
        ("esr", 60, "mm/hr", 60.0),
        ("body-weight", 154.3236, "[lb_av]", 70.0),
        ("body-weight", 70000, "g", 70.0),
        ("body-weight", 70, "kg", 70.0),
        ("body-weight", 70, None, None),
        ("muscle-strength", 4, "/5", 4.0),
        ("muscle-strength", 4, None, 4.0),
        ("muscle-strength", 6, None, None),
        ("white-cells", 12.5, "10*3/uL", 12.5),
        ("white-cells", 12500, "/uL", 12.5),
        ("pain-score", 7, "{score}", 7.0),
        ("pain-score", 11, None, None),
    ],
)
def test_a_reading_becomes_a_number_or_nothing(
    quantity: str, value: float, unit: str | None, expected: float | None, desk: Desk
) -> None:
    given = in_unit(Measure(value=value, unit=unit), desk.guideline.quantities[quantity])
    assert given == (expected if expected is None else pytest.approx(expected, abs=1e-4))


@pytest.mark.parametrize(
    ("name", "value", "unit", "days", "criterion", "expected"),
    [
        ("Post-void residual", 199, "mL", 0, "post-void-residual-high", "not met"),
        ("Post-void residual", 200, "mL", 0, "post-void-residual-high", "met"),
        ("Post-void residual", 201, "mL", 0, "post-void-residual-high", "met"),
        ("Post-void residual", 300, "mL", 3, "post-void-residual-high", "met"),
        ("Post-void residual", 300, "mL", 4, "post-void-residual-high", "not met"),
        ("Post-void residual", 300, "odd", 1, "post-void-residual-high", "unknown"),
        ("Body temperature", 37.9, "Cel", 0, "temperature-high", "not met"),
        ("Body temperature", 38.0, "Cel", 0, "temperature-high", "met"),
        ("Body temperature", 38.1, "Cel", 0, "temperature-high", "met"),
        ("Body temperature", 100.3, "[degF]", 0, "temperature-high", "not met"),
        ("Body temperature", 100.4, "[degF]", 0, "temperature-high", "met"),
        ("Body temperature", 39.0, "Cel", 3, "temperature-high", "met"),
        ("Body temperature", 39.0, "Cel", 4, "temperature-high", "not met"),
        ("Body temperature", 39.0, "Cel", 7, "temperature-high-week", "met"),
        ("Body temperature", 39.0, "Cel", 8, "temperature-high-week", "not met"),
        ("CRP", 10, "mg/L", 0, "crp-high", "not met"),
        ("CRP", 10.1, "mg/L", 0, "crp-high", "met"),
        ("CRP", 49.9, "mg/L", 0, "crp-very-high", "not met"),
        ("CRP", 50, "mg/L", 0, "crp-very-high", "met"),
        ("CRP", 5.1, "mg/dL", 14, "crp-very-high", "met"),
        ("CRP", 5.1, "mg/dL", 15, "crp-very-high", "not met"),
    ],
)
def test_a_limit_holds_on_its_value_and_day(
    name: str, value: float, unit: str, days: int, criterion: str, expected: str, judge: Judge
) -> None:
    given = judge.advice(
        call(back_pain(), reading(LOINC_CODES.get(name), name, value, unit, days)), TODAY
    )
    assert given.assessment.findings.status(criterion) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [("4/5", "met"), ("4-/5", "met"), ("4+/5", "met"), ("5/5", "not met"), ("5-/5", "met"),
     ("0 / 5", "met"), ("strong", "unknown")],
)  # fmt: skip
def test_strength_is_read_as_a_share_of_five(words: str, expected: str, judge: Judge) -> None:
    strength = observation(None, "Muscle strength", valueString=words,
                           effectiveDateTime=TODAY.isoformat())  # fmt: skip
    given = judge.advice(call(back_pain(), strength), TODAY)
    assert given.assessment.findings.status("strength-reduced") == expected


def test_what_the_laboratory_calls_very_high_needs_no_unit(judge: Judge) -> None:
    marked = reading(LOINC_CODES["CRP"], "CRP", 9, None, days=1)
    marked["interpretation"] = [{"coding": [{"code": "HH"}]}]
    given = judge.advice(call(back_pain(), marked), TODAY)
    assert given.assessment.findings.status("crp-high") == "met"
