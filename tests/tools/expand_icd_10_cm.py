"""Expand the ICD-10-CM `is-a` filters of the value sets into the codes that the service ships."""

import json
import sys
from pathlib import Path

import simple_icd_10_cm as icd

GUIDELINE = Path(__file__).parents[2] / "cards" / "guideline"
ICD_10_CM = "http://hl7.org/fhir/sid/icd-10-cm"


def codes_under(statements: list[dict[str, object]]) -> set[str]:
    """List every ICD-10-CM code that the filters and concepts of a compose block name."""
    found: set[str] = set()
    for statement in statements:
        if statement["system"] != ICD_10_CM:
            continue
        found |= {concept["code"] for concept in statement.get("concept", [])}
        for condition in statement.get("filter", []):
            root = condition["value"]
            found |= {root, *icd.get_descendants(root)}
    return found


def expansion() -> dict[str, list[str]]:
    """Map each value set with ICD-10-CM content to its sorted codes, exclusions taken out."""
    expanded = {}
    for path in sorted((GUIDELINE / "value-sets").glob("*.json")):
        compose = json.loads(path.read_text(encoding="utf-8"))["compose"]
        codes = codes_under(compose["include"]) - codes_under(compose.get("exclude", []))
        if codes:
            expanded[path.stem] = sorted(codes)
    return expanded


def rendered() -> str:
    """Give the file's text: one value set a line, so that a diff shows which one changed."""
    rows = [
        f" {json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in expansion().items()
    ]
    return "{\n" + ",\n".join(rows) + "\n}\n"


if __name__ == "__main__":
    (GUIDELINE / "icd-10-cm.json").write_text(rendered(), encoding="utf-8")
    sys.stdout.write("cards/guideline/icd-10-cm.json written\n")
