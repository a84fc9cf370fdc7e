"""The executable specification: every case of fhir_fixtures/, against its golden answer."""

import csv
import json
from collections import Counter
from datetime import date
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from conftest import ROOT, Judge

from service.web.answer import advices

FIXTURES = ROOT / "fhir_fixtures"
CASES = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir())
_SCHEMA = json.loads((FIXTURES / "case.schema.json").read_text(encoding="utf-8"))
SCHEMA = jsonschema.validators.validator_for(_SCHEMA)(_SCHEMA)
FILES = {"case.yaml", "request.json", "response.json"}


def the_case(folder: Path) -> dict[str, Any]:
    """Read case.yaml; a key that the schema does not know is refused."""
    case = yaml.safe_load((folder / "case.yaml").read_text(encoding="utf-8"))
    case["as_of"] = str(case["as_of"])
    SCHEMA.validate(case)
    return case


@pytest.mark.parametrize("name", CASES)
def test_a_case_gets_its_golden_answer(
    name: str, judge: Judge, request: pytest.FixtureRequest
) -> None:
    folder = FIXTURES / name
    case = the_case(folder)
    call = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    answer = judge(call, date.fromisoformat(case["as_of"]))
    _as_expected(case["expect"], answer, call, judge)
    golden = folder / "response.json"
    shown = json.dumps(_without_version(answer, judge), indent=1, ensure_ascii=False) + "\n"
    if request.config.getoption("--update-golden"):
        golden.write_text(shown, encoding="utf-8")
    assert shown == golden.read_text(encoding="utf-8")
    assert {path.name for path in folder.iterdir()} == FILES


def _as_expected(
    expect: dict[str, Any], answer: dict[str, Any], call: dict[str, Any], judge: Judge
) -> None:
    """Compare the cards, and the findings behind the first, with what the case says."""
    rules = [card["extension"]["org.lumbar-mri-cds"]["rule"] for card in answer["cards"]]
    if expect.get("cards") == 0:
        assert rules == []
        return
    assert rules == [expect["rule"], *expect.get("also", ())]
    first = answer["cards"][0]
    assert first["source"]["topic"]["code"] == expect["recommendation"]
    assert first["indicator"] == expect["indicator"]
    assert _rows()[expect["row"]] == expect["rule"]
    if expect.get("findings"):
        as_of = date.fromisoformat(first["extension"]["org.lumbar-mri-cds"]["asOf"])
        findings = judge.advice(call, as_of).assessment.findings
        assert {name: findings.status(name) for name in expect["findings"]} == expect["findings"]


@cache
def _rows() -> dict[str, str]:
    table = (ROOT / "cards" / "guideline" / "indication.csv").read_text(encoding="utf-8")
    return {row["row"]: row["rule"] for row in csv.DictReader(table.splitlines())}


def _without_version(answer: dict[str, Any], judge: Judge) -> dict[str, Any]:
    """Leave out the digest of the content, which changes with every word of every other card."""
    text = json.dumps(answer, ensure_ascii=False)
    return json.loads(text.replace(judge.desk.guideline.version, "{content version}"))


def test_the_schema_of_cases_is_one() -> None:
    SCHEMA.check_schema(_SCHEMA)


def test_the_index_of_cases_is_true(request: pytest.FixtureRequest) -> None:
    lines = [
        "# The agreement, case by case",
        "",
        "Each folder is one case: `case.yaml` tells it, `request.json` is what the EHR sends, and",
        "`response.json` is exactly what is answered (the content version left out). No Python, so",
        "that any implementation may be held against it. This table is written by",
        "`pytest --update-golden`, which also writes the answers: read its diff as a clinician.",
        "",
        "| case | story | answer |",
        "|---|---|---|",
    ]
    for name in CASES:
        case = the_case(FIXTURES / name)
        expect = case["expect"]
        verdict = (
            "no card"
            if "rule" not in expect
            else f"{expect['rule']} {expect['recommendation']}, {expect['indicator']}"
            + "".join(f"; {rule}" for rule in expect.get("also", ()))
        )
        lines.append(f"| [{case['title']}]({name}) | {case['story']} | {verdict} |")
    index = FIXTURES / "README.md"
    shown = "\n".join(lines) + "\n"
    if request.config.getoption("--update-golden"):
        index.write_text(shown, encoding="utf-8")
    assert shown == index.read_text(encoding="utf-8")


def test_a_case_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    case = (FIXTURES / CASES[0] / "case.yaml").read_text(encoding="utf-8")
    (tmp_path / "case.yaml").write_text(case + "verdict: R60\n", encoding="utf-8")
    with pytest.raises(jsonschema.ValidationError, match="verdict"):
        the_case(tmp_path)


def test_every_acceptance_vignette_has_its_cases() -> None:
    text = (ROOT / "tests" / "data" / "vignettes.yaml").read_text(encoding="utf-8")
    vignettes = yaml.safe_load(text)
    assert [one["vignette"] for one in vignettes] == list(range(1, 53))
    assert all(one["cases"] for one in vignettes)
    assert {case for one in vignettes for case in one["cases"]} <= set(CASES)


def test_every_row_of_every_table_has_two_cases_that_it_decides(judge: Judge) -> None:
    decided: Counter[str] = Counter()
    for name in CASES:
        case = the_case(FIXTURES / name)
        if "row" in case["expect"]:
            body = (FIXTURES / name / "request.json").read_bytes()
            given = advices(body, judge.desk, date.fromisoformat(case["as_of"]))
            assert given[0].assessment.row.id == case["expect"]["row"]
            decided.update(
                row.id for a in given for row in (a.assessment.row, *a.assessment.modifiers)
            )
    rows = [*judge.desk.guideline.indication, *chain(*judge.desk.guideline.modifiers)]
    assert {row.id: decided[row.id] for row in rows if decided[row.id] < 2} == {}
