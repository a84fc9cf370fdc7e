"""Age, weight lost and drugs supplied: each limit on both sides of its year, kilogram and day."""

from typing import Any

import pytest
from built import asking, chart, days, entry

from service.clinical.chart import Chart, Entry, Group, Measure
from service.clinical.findings.exposure import weight_loss
from service.clinical.findings.finding import Finding
from service.web.answer import Desk


@pytest.fixture
def lost(desk: Desk) -> Any:
    def ask(there: Chart, **fields: Any) -> Finding:
        criterion = asking(desk.guideline, "weight-loss-slow", **fields)
        return weight_loss(criterion, there, desk.guideline)

    return ask


def weight(kilograms: float | None, day: int | None, **fields: Any) -> Entry:
    measure = Measure(value=kilograms, unit="kg") if kilograms is not None else None
    asserted = days(day) if day is not None else None
    usual = {"group": Group.OBSERVATIONS, "asserted": asserted, "measure": measure}
    return entry("obs-body-weight", **(usual | fields))


@pytest.mark.parametrize(
    ("before", "now", "share", "amount", "expected"),
    [(80, 76, 0.05, None, "met"), (80, 76.1, 0.05, None, "not met"),
     (82, 77.9, 0.05, None, "met"), (82, 78, 0.05, None, "not met"),
     (56, 53.2, 0.05, None, "met"), (56, 53.3, 0.05, None, "not met"),
     (64.1, 59.6, None, 4.5, "met"), (64.1, 59.7, None, 4.5, "not met"),
     (100, 95.5, None, 4.5, "met"), (100, 95.6, None, 4.5, "not met"),
     (100, 95.5, 0.05, 4.5, "met"), (50, 47.5, 0.05, 4.5, "met"), (50, 20, None, None, "not met"),
     (80, 84, 0.05, 4.5, "not met"), (80, 80, 0.05, 4.5, "not met")],
)  # fmt: skip
def test_a_share_or_an_amount_of_the_weight_is_lost_to_the_tenth_of_a_kilogram(
    before: float, now: float, share: float | None, amount: float | None, expected: str, lost: Any
) -> None:
    first, last = weight(before, 90), weight(now, 5)
    found = lost(chart(first, last), fall_share=share, fall_at_least=amount)
    assert found.status == expected
    assert found.evidence == ((first, last) if expected == "met" else ())
    assert found.documented
