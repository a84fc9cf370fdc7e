"""Whether a resource is FHIR R4: the union of two validators, each of which misses some faults."""

import importlib
import re
from functools import cache
from typing import Any

from pydantic import ValidationError
from pyrofile_validator import Validator

# What the second validator takes for faults and FHIR R4 allows: text in a nested item or dosage,
# and an observation entered in error. The first validator accepts each of them.
_MISTAKEN = re.compile(
    r"Unknown element (QuestionnaireResponse\.item\[\d+\]|MedicationRequest\.dosageInstruction"
    r"\[\d+\])\.text|Code 'entered-in-error' is not in required ValueSet _r4b_status_\d+"
)


@cache
def _second_validator() -> Validator:
    return Validator()


def faults(resource: dict[str, Any]) -> list[str]:
    """List what is wrong with a resource; empty when it is valid."""
    kind = resource["resourceType"]
    module = importlib.import_module(f"fhir.resources.R4B.{kind.lower()}")
    found = []
    try:
        getattr(module, kind).model_validate(resource)
    except ValidationError as problem:
        found += [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors()]
    report = _second_validator().validate_resource(resource)
    second = [i.message for i in report.issues if i.severity.value == "error"]
    return found + [message for message in second if not _MISTAKEN.fullmatch(message)]
