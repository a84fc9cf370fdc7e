"""What a card says of the onset, for machines, and of the red flags that were denied."""

from typing import Any

import pytest
from charts import TODAY, ago, back_pain, call, observation, procedure
from conftest import Judge

from service.clinical.cards import EXTENSION


@pytest.mark.parametrize(
    ("chart", "onset"),
    [([back_pain(onsetDateTime="2026-11")],
      {"days": 0, "low": "2026-11-01", "high": "2026-11-22", "source": "Condition/back-pain"}),
     ([back_pain(onsetDateTime="2026-10-01")],
      {"days": 52, "low": "2026-10-01", "high": "2026-10-01", "source": "Condition/back-pain"}),
     ([back_pain(recordedDate="2026-10-01")],
      {"days": 52, "high": "2026-10-01", "source": "Condition/back-pain"}),
     ([back_pain(recordedDate="2026-11-12"), procedure("97110", 20)],
      {"days": 20, "high": "2026-11-02"}),
     ([back_pain()], None), ([], None)],
)  # fmt: skip
def test_the_card_tells_machines_when_it_began(
    chart: list[Any], onset: dict[str, Any] | None, judge: Judge
) -> None:
    card = judge(call(*chart), TODAY)["cards"][0]
    assert card["extension"][EXTENSION].get("onset") == onset


def denial(name: str, day: str | None) -> dict[str, Any]:
    when = {"effectiveDateTime": day} if day else {}
    return observation(None, "Saddle numbness", id=name, valueBoolean=False, **when)


@pytest.mark.parametrize(
    ("denials", "shown"),
    [([denial("old", "2026-11-18"), denial("new", "2026-11-20")], "new"),
     ([denial("new", "2026-11-20"), denial("old", "2026-11-18")], "new"),
     ([denial("new", "2026-11-20"), denial("undated", None)], "new"),
     ([denial("undated", None), denial("new", "2026-11-20")], "new"),
     ([denial("first", "2026-11-20"), denial("second", "2026-11-20")], "first")],
)  # fmt: skip
def test_of_several_denials_of_a_red_flag_the_latest_is_shown(
    denials: list[Any], shown: str, judge: Judge
) -> None:
    pain = back_pain(onsetDateTime=ago(9), recordedDate=ago(9))
    lines = judge(call(pain, *denials), TODAY)["cards"][0]["detail"].splitlines()
    assert [line for line in lines if "numbness" in line] == [
        "- saddle or perineal sensation: Saddle numbness, recorded 2026-11-20 \u2014 "
        f"Observation/{shown}"
    ]
