"""Measured values: every unit a reading may come in, and each limit with both its neighbours."""

from datetime import date
from typing import Any

import pytest
from built import asking, chart, days, entry
from charts import TODAY, back_pain, call, observation, reading
from conftest import Judge

from service.clinical.chart import Assertion, Entry, Group, Measure
from service.clinical.findings.measured import in_unit, latest, measured_value, reaches
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


@pytest.mark.parametrize(
    ("birth", "value", "expected"),
    [
        ("1976-11-22", 25, "not met"),  # half of fifty
        ("1976-11-22", 25.5, "met"),
        ("1977-11-23", 24, "not met"),
        ("1977-11-23", 24.5, "met"),
        ("1936-01-01", 45, "not met"),
        ("1936-01-01", 45.5, "met"),
        ("1996-01-01", 15.5, "met"),
        (None, 20, "not met"),
        (None, 20.5, "met"),
    ],
)
def test_the_limit_of_the_sedimentation_rate_grows_with_age(
    birth: str | None, value: float, expected: str, desk: Desk
) -> None:
    one = read_as("obs-esr", value, "mm/h")
    there = chart(one, birth=date.fromisoformat(birth) if birth else None)
    found = measured_value(asking(desk.guideline, "esr-high"), there, desk.guideline)
    assert found.status == expected
    assert found.documented


def read_as(concept: str, value: float | None, unit: str | None = None, **fields: Any) -> Entry:
    measure = None if value is None else Measure(value=value, unit=unit, **fields)
    return entry(concept, group=Group.OBSERVATIONS, asserted=days(1), measure=measure)


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [(30, None, 30.0), (45, None, 45.0), (29.9, None, None), (45.1, None, None), (38, "", 38.0),
     (38, " CEL ", 38.0), (30, "Cel", 30.0), (45, "Cel", 45.0), (29.9, "Cel", None),
     (45.1, "Cel", None), (94.9, None, None), (95, None, 35.0), (110, None, 43.333333)],
)  # fmt: skip
def test_a_number_alone_is_in_the_unit_of_its_size(
    value: float, unit: str | None, expected: float | None, desk: Desk
) -> None:
    quantity = desk.guideline.quantities["body-temperature"]
    assert in_unit(Measure(value=value, unit=unit), quantity) == expected


def test_no_measure_is_no_number(desk: Desk) -> None:
    assert in_unit(None, desk.guideline.quantities["crp"]) is None


@pytest.mark.parametrize(
    ("flagged", "high", "very_high", "expected"),
    [("high", True, False, "met"), ("high", False, True, "not met"),
     ("high", False, False, "not met"),
     ("very-high", False, True, "met"), ("very-high", True, False, "not met"),
     (None, True, True, "not met")],
)  # fmt: skip
def test_a_mark_of_the_laboratory_counts_where_it_is_asked_for(
    flagged: str | None, high: bool, very_high: bool, expected: str, desk: Desk
) -> None:
    one = read_as("obs-crp", 1, "mg/L", high=high, very_high=very_high)
    criterion = asking(desk.guideline, "crp-high", flagged=flagged)
    assert measured_value(criterion, chart(one), desk.guideline).status == expected


def test_a_reading_without_a_number_leaves_the_answer_open(desk: Desk) -> None:
    found = measured_value(
        asking(desk.guideline, "crp-high"), chart(read_as("obs-crp", None)), desk.guideline
    )
    assert (found.status, found.documented) == ("unknown", False)
    assert [one.reference for one in found.evidence] == ["Condition/c"]


def test_of_the_readings_of_the_last_day_all_are_kept_and_so_is_one_without_a_date() -> None:
    old, new, also_new = (entry("obs-egfr", asserted=days(n)) for n in (9, 2, 2))
    undated = entry("obs-egfr")
    assert latest([old, undated, new, also_new]) == [undated, new, also_new]
    assert latest([undated]) == [undated]
    assert latest([]) == []


@pytest.mark.parametrize(
    ("before", "muted", "expected"),
    [(None, False, "met"), (None, True, "not met"), (100, True, "met"), (400, True, "not met")],
)
def test_a_chronic_disorder_explains_a_reading_unless_a_lower_one_stands_beside_it(
    before: float | None, muted: bool, expected: str, desk: Desk
) -> None:
    given = [read_as("obs-post-void-residual", 300, "mL")]
    given += [] if before is None else [read_as("obs-post-void-residual", before, "mL")]
    given += [entry("chronic-bladder-disorder", assertion=Assertion.HISTORICAL)] if muted else []
    criterion = asking(desk.guideline, "post-void-residual-high")
    assert criterion.muted_by == ("chronic-bladder-disorder",)
    found = measured_value(criterion, chart(*given), desk.guideline)
    assert found.status == expected


@pytest.mark.parametrize(
    ("limits", "value", "expected"),
    [({"at_least": 5}, 5, True), ({"at_least": 5}, 4.9, False), ({"above": 5}, 5, False),
     ({"above": 5}, 5.1, True), ({"below": 5}, 5, False), ({"below": 5}, 4.9, True),
     ({"at_most": 5}, 5, True), ({"at_most": 5}, 5.1, False),
     ({"at_least": 2, "below": 5}, 1, False),
     ({"at_least": 2, "below": 5}, 3, True), ({"at_least": 2, "below": 5}, 6, False),
     ({"at_least": 2}, None, False)],
)  # fmt: skip
def test_all_limits_that_are_given_hold(
    limits: dict[str, float], value: float | None, expected: bool, desk: Desk
) -> None:
    none = dict.fromkeys(("at_least", "above", "below", "at_most"))
    criterion = asking(desk.guideline, "crp-high", **(none | limits))
    assert reaches(value, criterion) is expected
    if limits == {"above": 5} and value is not None:
        assert reaches(value, criterion, 6) is False


@pytest.mark.parametrize(("value", "expected"), [(35, "not met"), (35.5, "met")])
def test_what_a_limit_allows_beyond_half_of_the_age_is_added(
    value: float, expected: str, desk: Desk
) -> None:
    criterion = asking(desk.guideline, "esr-high", above_half_of_age=10)
    there = chart(read_as("obs-esr", value, "mm/h"), birth=date(1976, 11, 22))
    assert measured_value(criterion, there, desk.guideline).status == expected
