"""A recommendation that comes less often than it should is noticed; ordinary days are not."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from losses import without
from promtool import tried
from stream import Counts, Pool, input_series, pool
from test_canaries import desk_of

from service.web.answer import Desk

pytestmark = pytest.mark.promtool

ISSUER = "https://ehr.example"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
WEEKDAY, WEEKEND = 400, 130  # orders a day
FELL = {"alertname": "LumbarMriCdsAdviceFell", "issuer": ISSUER}
FELL_IN_A_WEEK = {"alertname": "LumbarMriCdsAdviceFellInAWeek", "issuer": ISSUER}
ADVICE_ONLY = ',alertname=~"LumbarMriCdsAdvice.*"'
STEP = ("15m", "1h")  # the rules on shares are meant for every full hour
Volume = Callable[[int], float]


@pytest.fixture(scope="module")
def healthy(desk: Desk) -> Pool:
    return pool(desk)


def days(
    judged: Pool, first: int, last: int, seed: int, volume: Volume = lambda _: 1
) -> list[Counts]:
    """Draw the days from the first to the last; day 0 is a Monday, and weekends are quiet."""
    random = Random(seed)
    return [
        judged.day(
            round((WEEKEND if day % 7 > 4 else WEEKDAY) * volume(day)), random, sunday=day % 7 == 6
        )
        for day in range(first, last)
    ]


def hours(first_day: int, last_day: int, step: int = 3) -> list[str]:
    return [f"{hour}h" for hour in range(24 * first_day, 24 * last_day + 1, step)]


def lacking(desk: Desk, name: str) -> Pool:
    """Let the same charts be judged by content that lost the ICD-10-CM codes of a value set."""
    return pool(desk_of(without(desk.guideline, name, ICD)))


def test_a_lost_group_of_codes_is_noticed_within_a_day_and_four_hours(
    healthy: Pool, desk: Desk, tmp_path: Path
) -> None:
    """Words and readings go on telling of the emergency, and still its loss is seen."""
    broken = lacking(desk, "urinary-retention")
    runs = [days(healthy, 0, 14, 1), days(broken, 14, 16, 2)]
    assert 0 < runs[1][0]["CaudaEquinaEmergency"] < runs[0][7]["CaudaEquinaEmergency"] / 2
    fires = {at: [] for at in hours(8, 14)}
    fires["364h"] = [{**FELL, "recommendation": "CaudaEquinaEmergency"}]
    passed, printed = tried(tmp_path, input_series(runs, ISSUER, 3), fires, ADVICE_ONLY, STEP)
    assert passed, printed


def test_an_emergency_that_does_not_come_at_all_any_more_is_noticed(
    healthy: Pool, desk: Desk, tmp_path: Path
) -> None:
    broken = lacking(desk, "motor-deficit")
    runs = [days(healthy, 0, 14, 4), days(broken, 14, 16, 5)]
    assert "MotorDeficitUrgent" not in runs[1][0]
    fires = {"364h": [{**FELL, "recommendation": "MotorDeficitUrgent"}]}
    passed, printed = tried(tmp_path, input_series(runs, ISSUER, 6), fires, ADVICE_ONLY, STEP)
    assert passed, printed


def test_what_is_too_rare_for_a_day_is_noticed_in_a_week(
    healthy: Pool, desk: Desk, tmp_path: Path
) -> None:
    broken = lacking(desk, "spinal-infection")
    runs = [days(healthy, 0, 14, 7), days(broken, 14, 22, 8)]
    lost = {"recommendation": "SpinalInfectionEmergency"}
    fires = {"364h": [], "508h": [{**FELL_IN_A_WEEK, **lost}]}
    passed, printed = tried(tmp_path, input_series(runs, ISSUER, 9), fires, ADVICE_ONLY, STEP)
    assert passed, printed


@pytest.mark.parametrize("seed", range(3))
def test_three_ordinary_weeks_with_a_day_of_half_the_volume_fire_nothing(
    seed: int, healthy: Pool, tmp_path: Path
) -> None:
    """Weekends of other patients, a holiday, a release in between: at every third hour."""
    volume = {14: 0.5, 17: 0.2}
    ordinary = days(healthy, 0, 21, seed, lambda day: volume.get(day, 1))
    given = input_series([ordinary[:10], ordinary[10:]], ISSUER, seed)
    fires = {at: [] for at in hours(8, 21)}
    passed, printed = tried(tmp_path, given, fires, ADVICE_ONLY, STEP)
    assert passed, printed
