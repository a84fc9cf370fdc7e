"""Silence answers what asking would: on every case, whichever sections were not read to the end."""

import json
import random
from dataclasses import replace
from datetime import date
from importlib import import_module

import pytest
from conftest import Judge
from test_cases import CASES, FIXTURES, the_case

from service.clinical.chart import Group
from service.clinical.findings import evaluate
from service.clinical.findings.silence import Silence, silence
from service.clinical.guideline import Guideline
from service.web.answer import advices

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


def test_of_most_charts_little_is_asked(judge: Judge) -> None:
    """Else the test above would compare nothing."""
    call = json.loads((FIXTURES / CASES[0] / "request.json").read_text(encoding="utf-8"))
    case = the_case(FIXTURES / CASES[0])
    chart = judge.advice(call, date.fromisoformat(case["as_of"])).chart
    every = judge.desk.guideline.criteria
    assert len(silence(judge.desk.guideline, frozenset()).asked_of(chart)) < len(every) / 2
