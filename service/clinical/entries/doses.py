"""How much of a drug is taken a day, where the record says so: by numbers, else by its words."""

import re
from collections.abc import Iterable

from service.clinical import fhir

_IN_MG = {"mg": 1.0, "g": 1000.0, "ug": 0.001, "mcg": 0.001}
_HOURS_A_UNIT = {"h": 1.0, "d": 24.0, "wk": 168.0}
_HOURS_A_DAY = 24
_MG = r"([0-9]{1,4}(?:\.[0-9]{1,3})?)\s*mg\b"
_STRENGTH = re.compile(_MG, re.IGNORECASE)
_TOTAL = re.compile(_MG + r"\s*total|\(" + _MG + r"\s*\)", re.IGNORECASE)
_TABLETS = re.compile(r"\b([0-9]{1,2})\s*(?:tab|tablet|cap|capsule)s?\b", re.IGNORECASE)
Frequencies = Iterable[tuple[re.Pattern[str], float]]  # words -> times a day


def daily_mg(name: str, dosages: Iterable[fhir.Dosage], frequencies: Frequencies) -> float | None:
    """Give the mg of a drug a day, from its dosages and the strength in its name.

    Several dosages are steps of a taper: the highest counts. None where it cannot be told.
    """
    read = (_structured(name, d) or _worded(name, d.text, frequencies) for d in dosages)
    return max((mg for mg in read if mg is not None), default=None)


def _structured(name: str, dosage: fhir.Dosage) -> float | None:
    rates = dosage.doseAndRate or ()
    dose = dosage.doseQuantity or next((r.doseQuantity for r in rates if r.doseQuantity), None)
    repeat = dosage.timing.repeat if dosage.timing else None
    if dose is None or dose.value is None or repeat is None:
        return None
    hours = (repeat.period or 1) * _HOURS_A_UNIT.get(repeat.periodUnit or "d", 0)
    each = _in_mg(name, dose.value, (dose.code or dose.unit or "").lower())
    if each is None or hours <= 0:
        return None
    return each * (repeat.frequency or 1) * _HOURS_A_DAY / hours


def _in_mg(name: str, value: float, unit: str) -> float | None:
    """Give a dose in mg; of one counted in tablets by the strength that the name holds."""
    if unit in _IN_MG:
        return value * _IN_MG[unit]
    strength = _STRENGTH.search(name)
    counted = not unit or unit.strip("{}").startswith(("tab", "cap"))
    return value * float(strength[1]) if strength and counted else None


def _worded(name: str, text: str | None, frequencies: Frequencies) -> float | None:
    """Read "40 mg daily", "Take 2 tablets (40 mg total) daily", "2 tablets twice a day"."""
    if text is None:
        return None
    times = next((n for words, n in frequencies if words.search(text.lower())), None)
    if times is None:
        return None
    total = _TOTAL.search(text)
    if total is not None:
        return float(total[1] or total[2]) * times
    beside, tablets = _STRENGTH.search(text), _TABLETS.search(text)
    strength = beside or _STRENGTH.search(name)
    if strength is None or not (beside or tablets):
        return None
    return float(strength[1]) * (float(tablets[1]) if tablets else 1.0) * times
