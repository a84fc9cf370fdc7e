"""The tables read aloud: which row decides each, which would also match, and which do not."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from charts import TODAY, ago, back_pain, call, condition
from conftest import Judge

from service.clinical.explanation import ALSO, DECIDES, NO, Cell, explain
from service.clinical.findings import Finding
from service.clinical.guideline import Guideline, Row, Source, Status
from service.web.answer import Desk

MET, NOT_MET, UNKNOWN = Status.MET, Status.NOT_MET, Status.UNKNOWN


@pytest.fixture
def tables(desk: Desk) -> Guideline:
    """Give a guideline of two tables on two questions."""
    pattern = desk.guideline.indication[0]

    def rows(**cells: Any) -> Iterator[Row]:
        for name, asked in cells.items():
            yield replace(pattern, id=name, cells=tuple(asked.items()))

    first = rows(both={"a": MET, "b": MET}, one={"a": MET}, none={"b": NOT_MET}, rest={})
    second = rows(other={"b": UNKNOWN}, last={})
    return replace(desk.guideline, indication=tuple(first), modifiers=(tuple(second), ()))


@pytest.mark.parametrize(
    ("a", "b", "verdicts"),
    [(MET, MET, [DECIDES, ALSO, NO, ALSO, NO, DECIDES]),
     (MET, NOT_MET, [NO, DECIDES, ALSO, ALSO, NO, DECIDES]),
     (MET, UNKNOWN, [NO, DECIDES, NO, ALSO, DECIDES, ALSO]),
     (NOT_MET, NOT_MET, [NO, NO, DECIDES, ALSO, NO, DECIDES]),
     (NOT_MET, MET, [NO, NO, NO, DECIDES, NO, DECIDES]),
     (UNKNOWN, UNKNOWN, [NO, NO, NO, DECIDES, DECIDES, ALSO])],
)  # fmt: skip
def test_the_first_row_that_matches_decides_its_table(
    a: Status, b: Status, verdicts: list[str], tables: Guideline
) -> None:
    found = {name: Finding(name, status) for name, status in (("a", a), ("b", b))}
    explained = explain(tables, found)
    assert [one.row.id for one in explained] == ["both", "one", "none", "rest", "other", "last"]
    assert [one.verdict for one in explained] == verdicts
    assert [one.cells for one in explained[:3]] == [
        (
            Cell(criterion="a", wanted=MET, status=a),
            Cell(criterion="b", wanted=MET, status=b),
        ),
        (Cell(criterion="a", wanted=MET, status=a),),
        (Cell(criterion="b", wanted=NOT_MET, status=b),),
    ]
    assert [[cell.fits for cell in one.cells] for one in explained[:4]] == [
        [a is MET, b is MET], [a is MET], [b is NOT_MET], [],
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sign", [[], [condition("G83.4", "Cauda equina syndrome", recordedDate=ago(1))]]
)
def test_what_is_explained_is_what_was_advised(sign: list[Any], judge: Judge) -> None:
    advice = judge.advice(call(back_pain(onsetDateTime=ago(9)), *sign), TODAY)
    guideline = judge.desk.guideline
    explained = explain(guideline, advice.assessment.findings.by_criterion)
    assert [one.row for one in explained] == list(guideline.rows)
    decided = [one.row for one in explained if one.verdict == DECIDES]
    assert decided[0] is advice.assessment.row
    assert set(advice.assessment.also) <= set(decided[1:]) | {
        one.row for one in explained if one.verdict == ALSO
    }


@pytest.mark.parametrize(
    ("url", "host"),
    [("https://a.example/b/c", "a.example"), ("https://a.example", "a.example"), (None, "")],
)
def test_a_source_has_the_host_of_its_link(url: str | None, host: str) -> None:
    assert Source(id="s", label="S", year=2020, url=url).host == host
