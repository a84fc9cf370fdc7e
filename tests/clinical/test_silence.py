"""Silence answers what asking would: on every case, whichever sections were not read to the end."""

import json
import random
from dataclasses import replace
from datetime import date
from importlib import import_module

import pytest
from built import asking, chart, days, entry
from conftest import Judge
from test_cases import CASES, FIXTURES, the_case
from test_imaging import ordering

from service.clinical.chart import Assertion, Group
from service.clinical.findings import evaluate
from service.clinical.findings.silence import Silence, silence
from service.clinical.guideline import Guideline, Kind
from service.web.answer import Desk, advices

ROUNDS = 3
EVALUATE = import_module("service.clinical.findings.evaluate")  # a function has its name, too


def everything_asked(guideline: Guideline, incomplete: frozenset[Group]) -> Silence:
    answers = silence(guideline, incomplete).answers
    return Silence(answers=answers, always=frozenset(answers), by_concept={})


@pytest.mark.parametrize("name", CASES)
def test_silence_answers_what_asking_answers(
    name: str, judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = the_case(FIXTURES / name)
    if case["expect"].get("cards") == 0:
        return
    call = json.loads((FIXTURES / name / "request.json").read_text(encoding="utf-8"))
    body = json.dumps(call).encode()
    advice = advices(body, judge.desk, date.fromisoformat(case["as_of"]))[0]
    guideline = judge.desk.guideline
    chance = random.Random(name)
    for _ in range(ROUNDS):
        lacking = frozenset(chance.sample(list(Group), chance.randrange(len(Group))))
        chart = replace(advice.chart, incomplete=lacking)
        with monkeypatch.context() as all_asked:
            all_asked.setattr(EVALUATE, "silence", everything_asked)
            asked = evaluate(chart, advice.order, guideline)
        found = evaluate(chart, advice.order, guideline).by_criterion
        assert {c: f for c, f in found.items() if f != asked.by_criterion[c]} == {}


@pytest.mark.parametrize("lacking", [(), (Group.OBSERVATIONS,), tuple(Group)])
def test_of_most_charts_little_is_asked(lacking: tuple[Group, ...], judge: Judge) -> None:
    """Else the test above would compare nothing."""
    call = json.loads((FIXTURES / CASES[0] / "request.json").read_text(encoding="utf-8"))
    case = the_case(FIXTURES / CASES[0])
    chart = judge.advice(call, date.fromisoformat(case["as_of"])).chart
    every = judge.desk.guideline.criteria
    silent = silence(judge.desk.guideline, frozenset(lacking))
    assert len(silent.asked_of(chart)) < len(every) / 2


@pytest.mark.parametrize(
    ("kind", "of", "one_lacks", "both_lack"),
    [(Kind.ONE_OF, "ab", "unknown", "unknown"), (Kind.TWO_OF, "ab", "not met", "unknown"),
     (Kind.ALL_OF, "ab", "not met", "unknown"), (Kind.ONE_OF, "c", "not met", "unknown"),
     (Kind.UNLESS, "a", "unknown", "unknown"), (Kind.UNLESS, "c", "not met", "unknown")],
)  # fmt: skip
def test_one_section_that_lacks_leaves_open_only_what_it_may_decide(
    kind: Kind, of: str, one_lacks: str, both_lack: str, desk: Desk
) -> None:
    plain = {"within_days": None, "not_concepts": frozenset(), "only_in": frozenset()}
    fields = {
        "a": plain | {"id": "a", "value_sets": ("a",), "groups": (Group.CONDITIONS,)},
        "b": plain | {"id": "b", "value_sets": ("b",), "groups": (Group.PROCEDURES,)},
        "c": {"id": "c", "kind": Kind.ALL_OF, "of": ("a", "b")},
        "all": {"id": "all", "kind": kind, "of": tuple(of), "but_not": ()},
    }
    criteria = {n: asking(desk.guideline, "cauda-equina-code", **f) for n, f in fields.items()}
    guideline = replace(desk.guideline, criteria=criteria)
    for lacking, expected in (
        ((), "not met"),
        ((Group.CONDITIONS,), one_lacks),
        ((Group.CONDITIONS, Group.PROCEDURES), both_lack),
    ):
        found = evaluate(chart(incomplete=lacking), ordering(), guideline)
        assert found.status("all") == expected


def test_what_explains_a_matter_is_looked_for_though_its_own_section_lacks(desk: Desk) -> None:
    normal = [
        entry(concept, assertion=Assertion.ABSENT, group=Group.OBSERVATIONS, asserted=days(1))
        for name in ("bladder-normal-now", "saddle-normal-now")
        for concept in desk.guideline.criteria[name].value_sets[:1]
    ]
    lacking = (Group.CONDITIONS,)
    found = evaluate(chart(*normal, incomplete=lacking), ordering(), desk.guideline)
    assert found.status("bilateral-legs-new") == "unknown"
    assert found.status("bilateral-legs-unsettled") == "not met"
    found = evaluate(chart(*normal[:1], incomplete=lacking), ordering(), desk.guideline)
    assert found.status("bilateral-legs-unsettled") == "unknown"
