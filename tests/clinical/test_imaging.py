"""Earlier imaging: its window and its episode, each on both sides of the day; and the order."""

from datetime import date, timedelta
from typing import Any

import pytest
from built import asking, chart, days, entry
from charts import TODAY

from service.clinical import fhir
from service.clinical.chart import Assertion, Entry, Group
from service.clinical.dates import Days
from service.clinical.findings import Duration
from service.clinical.findings.finding import Finding
from service.clinical.findings.imaging import order_study, recent_imaging
from service.clinical.order import Contrast, Order
from service.web.answer import Desk

LONG = Duration(at_least=400, at_most=400, onset=days(400))
ONLY, WITH, WITHOUT = Contrast.ONLY, Contrast.WITH, Contrast.WITHOUT
UNSPECIFIED = Contrast.UNSPECIFIED


def ago(count: int) -> date:
    return TODAY - timedelta(days=count)


def study(asserted: int | Days | None, **fields: Any) -> Entry:
    when = days(asserted) if isinstance(asserted, int) else asserted
    return entry("lumbar-mri-done", group=Group.PROCEDURES, asserted=when, **fields)


@pytest.fixture
def ask(desk: Desk) -> Any:
    def found(*entries: Entry, duration: Duration = LONG, **fields: Any) -> Finding:
        return recent_imaging(
            asking(desk.guideline, "recent-mri-fresh", **fields), chart(*entries), duration
        )

    return found


@pytest.mark.parametrize(
    ("one", "expected"),
    [(study(90), "met"), (study(91), "not met"), (study(days(120, 90)), "met"),
     (study(days(120, 91)), "not met"), (study(0), "met"), (study(None), "not met"),
     (study(None, onset=days(5)), "not met"),
     (study(5, assertion=Assertion.PLANNED), "not met"),
     (study(5, assertion=Assertion.POSSIBLE), "not met"),
     (study(5, assertion=Assertion.HISTORICAL), "not met")],
)  # fmt: skip
def test_a_study_of_the_window_that_was_done_counts(one: Entry, expected: str, ask: Any) -> None:
    found = ask(one)
    assert (found.status, found.documented) == (expected, expected == "met")
    assert found.evidence == ((one,) if expected == "met" else ())


def test_without_days_only_a_study_of_today_counts(ask: Any) -> None:
    assert ask(study(0), within_days=None).status == "met"
    assert ask(study(1), within_days=None).status == "not met"


@pytest.mark.parametrize(
    ("duration", "when", "expected"),
    [(Duration(at_least=30, onset=days(30)), 30, "met"),
     (Duration(at_least=30, onset=days(30)), 31, "not met"),
     (Duration(at_least=30, onset=days(60, 30)), 30, "met"),
     (Duration(at_least=30, onset=days(60, 30)), 31, "not met"),
     (Duration(at_least=30, onset=days(30)), days(31, 20), "not met"),
     (Duration(at_least=30, onset=days(30)), days(30, 20), "met"),
     (Duration(at_least=30, first_contact=ago(30)), 30, "met"),
     (Duration(at_least=30, first_contact=ago(30)), 31, "not met"),
     (Duration(at_least=60, onset=days(60), first_contact=ago(30)), 45, "met"),
     (Duration(), 5, "not met")],
)  # fmt: skip
def test_a_study_of_an_earlier_episode_is_on_record_and_does_not_count(
    duration: Duration, when: int | Days, expected: str, ask: Any
) -> None:
    found = ask(study(when), duration=duration)
    assert (found.status, found.documented) == (expected, True)


def test_every_study_of_the_episode_is_shown(ask: Any) -> None:
    first, second, before = study(20), study(5), study(40)
    duration = Duration(at_least=30, onset=days(30))
    assert ask(first, before, second, duration=duration).evidence == (first, second)


def ordering(contrast: Contrast = UNSPECIFIED, whole_spine: bool = False) -> Order:
    return Order(
        id="o",
        patient_id="p",
        resource=fhir.ServiceRequest(),
        json=b"{}",
        fits=True,
        concepts=frozenset(),
        contrast=contrast,
        whole_spine=whole_spine,
    )


@pytest.mark.parametrize(
    ("asked", "ordered", "expected"),
    [({"with", "only"}, WITH, "met"), ({"with", "only"}, ONLY, "met"),
     ({"with", "only"}, WITHOUT, "not met"), ({"with", "only"}, UNSPECIFIED, "not met"),
     ({"without"}, WITHOUT, "met"), ({"without"}, WITH, "not met"), (set(), UNSPECIFIED, "met")],
)  # fmt: skip
def test_the_contrast_of_an_order_is_one_of_those_asked_for(
    asked: set[str], ordered: Contrast, expected: str, desk: Desk
) -> None:
    criterion = asking(desk.guideline, "contrast-ordered", contrast=frozenset(asked))
    found = order_study(criterion, ordering(ordered))
    assert (found.criterion, found.status) == ("contrast-ordered", expected)
    assert found.documented


@pytest.mark.parametrize(
    ("asked", "ordered", "expected"),
    [(None, True, "met"), (None, False, "met"), (True, True, "met"), (True, False, "not met"),
     (False, False, "met"), (False, True, "not met")],
)  # fmt: skip
def test_an_order_covers_the_whole_spine_where_that_is_asked_for(
    asked: bool | None, ordered: bool, expected: str, desk: Desk
) -> None:
    criterion = asking(desk.guideline, "one-region-ordered", whole_spine=asked)
    assert order_study(criterion, ordering(whole_spine=ordered)).status == expected


def test_an_order_is_of_the_kind_asked_for_in_every_respect(desk: Desk) -> None:
    criterion = asking(
        desk.guideline, "one-region-ordered", whole_spine=True, contrast=frozenset({"with"})
    )
    assert order_study(criterion, ordering(WITH, whole_spine=True)).status == "met"
    assert order_study(criterion, ordering(WITH, whole_spine=False)).status == "not met"
    assert order_study(criterion, ordering(WITHOUT, whole_spine=True)).status == "not met"
