"""The six-week boundary, through the whole service: zones, partial, future and impossible dates."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from charts import back_pain, call, concept, order
from conftest import ROOT

from service.app import open_desk
from service.settings import Settings
from service.web.answer import advices

CASES = [
    json.loads(line)
    for line in (ROOT / "tests" / "data" / "sixweek_boundary.jsonl").read_text().splitlines()
]
EXPECTED = {"lt6w": "R60", "ge6w": "R61"}  # without care or red flag; anything else: R67


def expected_rule(case: dict) -> str:
    """Give the rule; an onset that is no date makes the entry one that could not be read."""
    empty = case["onset"] is None or case["onset"] == ""
    readable = empty or case["expect"] != "unknown" or not case["id"].startswith("bad")
    return EXPECTED.get(case["expect"], "R67") if readable else "R67b"


@pytest.fixture(params=["UTC", "Pacific/Kiritimati"])
def machine_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The machine's own time zone, which may never matter."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_there_are_eighty_two_cases() -> None:
    assert len(CASES) == 82


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_an_onset_lies_on_its_side_of_six_weeks(case: dict, machine_zone: str) -> None:
    desk = open_desk(Settings(time_zone=case["tz"]))
    as_of = datetime.fromisoformat(case["now"]).astimezone(ZoneInfo(case["tz"])).date()
    onset = {"onsetDateTime": case["onset"]} if case["onset"] is not None else {}
    still_there = order(reasonCode=[concept("M54.50", "Low back pain")])
    records = call(back_pain(**onset), birth="1899", orders=[still_there])
    (advice,) = advices(json.dumps(records).encode(), desk, as_of)
    assert advice.assessment.row.rule == expected_rule(case)
    duration = advice.assessment.findings.duration
    if case["expect"] in ("lt6w", "ge6w", "indeterminate"):
        assert (duration.at_least, duration.at_most) == (case["min_days"], case["max_days"])
    else:
        assert duration.at_least is None


def test_a_date_in_the_future_is_reported(desk) -> None:
    body = json.dumps(call(back_pain(onsetDateTime="2027-01-01"))).encode()
    (advice,) = advices(body, desk, datetime(2026, 11, 22).date())
    assert "dated in the future or impossibly" in advice.cards[0]["detail"]
