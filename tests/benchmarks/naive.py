"""The service as most would write it first: Flask, a model for every resource, a few plain rules.

Only for comparison: it reads little, and is no advice.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from fhir.resources.R4B import get_fhir_model_class
from flask import Flask, jsonify, request

RED_FLAGS = {"363346000", "G83.4", "C79.51", "S32.0", "M46.46", "R50.9"}
BACK_PAIN = {"M54.50", "279039007"}
CARE = {"97110", "97140"}
SIX_WEEKS = timedelta(days=42)
app = Flask(__name__)


def models(prefetch: dict[str, Any]) -> Iterator[Any]:
    """Validate every resource of the prefetch."""
    for piece in prefetch.values():
        found = [e["resource"] for e in piece.get("entry", [])] if "entry" in piece else [piece]
        for resource in found:
            yield get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def has_code(model: Any, codes: set[str]) -> bool:
    """Whether a resource carries one of some codes."""
    concept = getattr(model, "code", None)
    return any(coding.code in codes for coding in (concept.coding if concept else None) or ())


def day(value: Any) -> date | None:
    """Give the day of a date or of a moment."""
    return value.date() if hasattr(value, "date") else value


def summary(found: list[Any], as_of: date) -> str:
    """Say in one line what the rules make of a chart: age, onset, red flags, care."""
    patient = next(m for m in found if type(m).__name__ == "Patient")
    conditions = [m for m in found if type(m).__name__ == "Condition"]
    onsets = [day(m.onsetDateTime) for m in conditions if has_code(m, BACK_PAIN)]
    first = min((onset for onset in onsets if onset), default=as_of)
    care = [m for m in found if type(m).__name__ == "Procedure" and has_code(m, CARE)]
    if any(has_code(m, RED_FLAGS) for m in conditions):
        return "Red flag: imaging now"
    if as_of - patient.birthDate > timedelta(days=365 * 70):
        return "Over seventy: consider imaging"
    if as_of - first >= SIX_WEEKS and care:
        return "Six weeks of care: imaging is appropriate"
    return "Not yet six weeks of care"


@app.post("/cds-services/lumbar-mri")
def call() -> Any:
    """Answer a hook call with one card."""
    found = list(models(request.get_json()["prefetch"]))
    card = {"summary": summary(found, date.today()), "indicator": "info", "source": {"label": "x"}}
    return jsonify(cards=[card])


@app.get("/health/ready")
def ready() -> Any:
    """Say that it serves."""
    return jsonify(ready=True)
