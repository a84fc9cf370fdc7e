"""A number with its unit, however a record writes it: a Quantity, a share of five, a text."""

import re

from service.clinical import fhir
from service.clinical.chart import Measure
from service.clinical.entries.answers import marks_of

_HIGH = frozenset({"H", "HU", "HH", ">"})
_VERY_HIGH = "HH"
_GRADE = re.compile(r"\s*([0-5])(?:\.0)?\s*([+-]?)\s*(?:/|out of|of)\s*5\s*([+-]?)\s*")
_SIGNED_GRADE = re.compile(r"\s*([0-5])\s*()([+-])\s*")  # "3-": no other reading is written so
_NUMBER = re.compile(r"\s*[<>~]?=?\s*([0-9]{1,6}(?:\.[0-9]{1,4})?)\s*([^0-9\s,;][^\s,;]{0,15})?\s*")
_GRADE_UNIT = "/5"
_GRADES = 5


def measure_of(value: fhir.Value) -> Measure | None:
    """Read the number of a value with its unit, and whether the laboratory called it high."""
    number, unit = _number(value)
    if number is None:
        return _grade(value.valueString) or _written_number(value.valueString)
    codes = marks_of(value)
    ranges = getattr(value, "referenceRange", None) or ()
    limits = [r.high.value for r in ranges if r.high and r.high.value]
    return Measure(
        value=float(number),
        unit=unit,
        high=bool(codes & _HIGH) or bool(limits and number > min(limits)),
        very_high=_VERY_HIGH in codes,
    )


def _number(value: fhir.Value) -> tuple[float | None, str | None]:
    """Give the number and the unit of a value that is a number."""
    quantity = value.valueQuantity
    if quantity is not None:
        return quantity.value, quantity.code or quantity.unit
    if value.valueRatio and value.valueRatio.numerator and value.valueRatio.denominator:
        of_five = value.valueRatio.denominator.value == _GRADES
        return value.valueRatio.numerator.value, _GRADE_UNIT if of_five else "/?"
    if value.valueRange and value.valueRange.high:
        # Of a range the end that may alarm is not known here: low strength, high residual.
        return None, None
    if value.valueDecimal is not None:
        return value.valueDecimal, None
    return value.valueInteger, None


def _grade(text: str | None) -> Measure | None:
    """Read a strength written as a share of five: `4/5`, and `4-/5` as a third of a grade less."""
    if text is None:
        return None
    found = _GRADE.fullmatch(text.lower()) or _SIGNED_GRADE.fullmatch(text)
    if found is None:
        return None
    thirds = {"+": 1, "-": -1}.get(found[2] or found[3], 0)
    return Measure(value=int(found[1]) + thirds / 3, unit=_GRADE_UNIT)


def _written_number(text: str | None) -> Measure | None:
    """Read a number that was written as text, with its unit: `350 mL`."""
    found = _NUMBER.fullmatch(text) if text else None
    if found is None:
        return None
    return Measure(value=float(found[1]), unit=(found[2] or "").strip() or None)
