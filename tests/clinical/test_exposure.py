"""Age, weight lost and drugs supplied: each limit on both sides of its year, kilogram and day."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from built import asking, chart, days, entry

from service.clinical.chart import Assertion, Chart, Entry, Group, Limit, Measure, Section
from service.clinical.dates import Days
from service.clinical.findings.exposure import age, drug_exposure, weight_loss
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


@pytest.mark.parametrize(
    ("first_day", "last_day", "asked", "expected"),
    [(35, 5, {}, "met"), (34, 5, {}, "not met"), (395, 30, {}, "met"), (396, 30, {}, "not met"),
     (365, 31, {}, "not met"), (365, 0, {}, "met"),
     (40, 1, {"latest_within_days": 0}, "not met"), (40, 0, {"latest_within_days": 0}, "met"),
     (40, 1, {"latest_within_days": None}, "not met"),
     (40, 0, {"latest_within_days": None}, "met"),
     (5, 5, {"apart_at_least_days": 0}, "met"), (5, 5, {"apart_at_least_days": None}, "met"),
     (5, 5, {"apart_at_least_days": 0, "within_days": 0}, "met"),
     (6, 5, {"apart_at_least_days": 0, "within_days": 0}, "not met"),
     (6, 5, {"apart_at_least_days": 0, "within_days": None}, "not met")],
)  # fmt: skip
def test_weights_are_compared_that_lie_apart_but_not_too_far_with_one_that_is_fresh(
    first_day: int, last_day: int, asked: dict[str, int | None], expected: str, lost: Any
) -> None:
    found = lost(chart(weight(80, first_day), weight(70, last_day)), **asked)
    assert (found.criterion, found.status) == ("weight-loss-slow", expected)


@pytest.mark.parametrize(
    ("weights", "evidence", "documented"),
    [([], (), False), ([weight(80, 5)], (), False), ([weight(80, 90), weight(80, 5)], (), True),
     ([weight(80, 90), weight(70, 40)], (), False),
     ([weight(80, 300), weight(82, 200), weight(70, 5)], (0, 2), True),
     ([weight(70, 300), weight(82, 200), weight(70, 5)], (1, 2), True),
     ([weight(70, 5), weight(82, 200), weight(70, 300)], (1, 0), True),
     ([weight(82, 380), weight(82, 200), weight(75, 5)], (1, 2), True),
     ([weight(75, 200), weight(82, 90), weight(76, 20), weight(75, 5)], (1, 3), True),
     ([weight(82, 90), weight(82, 20), weight(75, 5)], (0, 2), True),
     ([weight(82, 90), weight(74, 20), weight(82, 5)], (), True),
     ([weight(82, 90), weight(75, 5), weight(75, 5)], (0, 2), True),
     ([weight(82, 90), weight(82, 90), weight(75, 5)], (0, 2), True),
     ([weight(82, 90), weight(80, 5), weight(75, 5)], (0, 2), True),
     ([weight(82, 90), weight(75, 5), weight(80, 5)], (0, 1), True),
     ([weight(82, None), weight(75, 5)], (), False), ([weight(None, 90), weight(75, 5)], (), False),
     ([weight(82, 90), weight(75, 5), weight(None, 1)], (0, 1), True),
     ([weight(82, 90, assertion=Assertion.HISTORICAL), weight(75, 5)], (), False),
     ([weight(19, 90), weight(20, 80), weight(20, 5)], (), True),
     ([weight(82, None, onset=days(90)), weight(75, 5)], (), False)],
)  # fmt: skip
def test_the_latest_weight_is_held_against_the_first_from_which_it_fell(
    weights: list[Entry], evidence: tuple[int, ...], documented: bool, lost: Any
) -> None:
    found = lost(chart(*weights), fall_share=0.05, fall_at_least=None)
    assert found.status == ("met" if evidence else "not met")
    assert found.evidence == tuple(weights[number] for number in evidence)
    assert (found.criterion, found.documented) == ("weight-loss-slow", documented)


@pytest.mark.parametrize("weights", [[], [weight(80, 90), weight(70, 40)], [weight(80, 5)],
                                     [weight(80, 90), weight(80, 5)]])  # fmt: skip
def test_without_a_loss_nobody_knows_where_the_readings_were_not_all_read(
    weights: list[Entry], lost: Any
) -> None:
    found = lost(chart(*weights, incomplete=(Group.OBSERVATIONS,)))
    assert (found.criterion, found.status) == ("weight-loss-slow", "unknown")


def test_a_loss_is_one_however_little_was_read(lost: Any) -> None:
    there = chart(weight(80, 90), weight(70, 5), incomplete=(Group.OBSERVATIONS,))
    assert lost(there).status == "met"


@pytest.mark.parametrize(
    ("weights", "evidence"),
    [((80, 101, 76), (0, 2)), ((80, 101, 78), ()), ((80, 100, 78), (1, 2)),
     ((79, 100, 80), (1, 2)), ((79, 100.1, 80), ()), ((80, 60, 79), ()), ((80, 59, 76), (0, 2)),
     ((80, 60, 57), (0, 2)), ((80, 120, 96), (1, 2)), ((80, 121, 96), ()), ((60, 80, 76), (1, 2)),
     ((120, 80, 76), (0, 2)), ((80, 82, 40), (0, 2)), ((40, 82, 80), ()),
     ((40, 82, 80, 76), (1, 3)), ((80, 82, 160, 77), (1, 3)), ((160, 80, 78, 76), (0, 3)),
     ((80, 200, 200, 78), (1, 3)), ((77, 78, 160, 77), ()), ((77, 160, 78, 77), ())],
)  # fmt: skip
def test_a_weight_far_from_both_of_its_neighbours_is_a_slip_of_the_pen(
    weights: tuple[float, ...], evidence: tuple[int, ...], lost: Any
) -> None:
    *before, last = weights
    some = [*(weight(one, 300 - 10 * n) for n, one in enumerate(before)), weight(last, 5)]
    found = lost(chart(*some), fall_share=0.05, fall_at_least=None)
    assert found.evidence == tuple(some[number] for number in evidence)


@pytest.mark.parametrize(
    ("fields", "within", "expected"),
    [({"asserted": days(365)}, 365, "not met"), ({"asserted": days(366)}, 365, "met"),
     ({"asserted": days(400, 365)}, 365, "not met"), ({}, 365, "not met"),
     ({"onset": days(366)}, 365, "met"), ({"assertion": Assertion.ABSENT}, 365, "met"),
     ({"assertion": Assertion.ABSENT, "asserted": days(5)}, 365, "met"),
     ({"assertion": Assertion.HISTORICAL, "asserted": days(5)}, 365, "not met"),
     ({"assertion": Assertion.POSSIBLE, "asserted": days(5)}, 365, "met"),
     ({"asserted": days(1)}, 0, "met"), ({"asserted": days(0)}, 0, "not met"),
     ({"asserted": days(1)}, None, "met"), ({"asserted": days(0)}, None, "not met")],
)  # fmt: skip
def test_a_known_reason_of_that_time_explains_a_loss(
    fields: dict[str, Any], within: int | None, expected: str, lost: Any
) -> None:
    reason = entry("intentional-weight-loss-context", **fields)
    two = [weight(80, 0), weight(70, 0)]
    found = lost(chart(*two, reason), within_days=within, apart_at_least_days=0)
    assert found.status == expected


@pytest.fixture
def supplied(desk: Desk) -> Any:
    def ask(there: Chart, **fields: Any) -> Finding:
        return drug_exposure(
            asking(desk.guideline, "steroid-high-dose", **(SUPPLY | fields)), there
        )

    return ask


SUPPLY = {"within_days": 90, "at_least": None, "at_least_days": 28, "not_words": frozenset()}


def steroid(*supply: int, **fields: Any) -> Entry:
    usual = {"group": Group.MEDICATION_REQUESTS, "supply": days(*supply) if supply else None}
    return entry("systemic-corticosteroid-ingredient", **(usual | fields))


@pytest.mark.parametrize(
    ("supplies", "asked", "proof"),
    [([(30, 3)], {}, 1), ([(30, 4)], {}, 0), ([(120, 63)], {}, 1), ([(120, 64)], {}, 0),
     ([(27, -9)], {}, 1), ([(26, -9)], {}, 0), ([(40, 27), (26, 13)], {}, 2),
     ([(40, 27), (27, 13)], {}, 2), ([(40, 27), (27, 14)], {}, 0), ([(40, 26), (27, 14)], {}, 0),
     ([(40, 14), (40, 14)], {}, 0), ([(40, 13), (30, 20)], {}, 2), ([(40, 14), (30, 20)], {}, 0),
     ([(30, 20), (40, 13)], {}, 2), ([(40, 31), (20, 3)], {}, 2), ([(40, 31), (20, 4)], {}, 0),
     ([(40, 20), (40, 13)], {}, 2), ([(40, 14), (13, 13)], {}, 2), ([(13, 13), (40, 14)], {}, 2),
     ([(40, 14), (14, 14)], {}, 0), ([(40, 14), (14, 13)], {}, 2),
     ([(30, 4), (91,)], {}, 0), ([(30, 4), (90,)], {}, 2), ([(30, 4), (0,)], {}, 2),
     ([(30, 4), (-1, -9)], {}, 0), ([(30, 3), (91,)], {}, 1), ([(30, 3), (-1, -9)], {}, 1),
     ([(30, 3), (0, -9)], {}, 2), ([(30, 3), (99, 90)], {}, 2),
     ([(5,)], {"at_least_days": None}, 1), ([], {"at_least_days": None}, 0), ([()], {}, 0),
     ([(5,)], {"at_least_days": 1}, 1), ([(0,)], {"within_days": 0, "at_least_days": 1}, 1),
     ([(1,)], {"within_days": 0, "at_least_days": 1}, 0),
     ([(1,)], {"within_days": None, "at_least_days": 1}, 0)],
)  # fmt: skip
def test_the_days_of_the_window_that_a_drug_covers_count_once(
    supplies: list[tuple[int, ...]], asked: dict[str, int | None], proof: int, supplied: Any
) -> None:
    some = [steroid(*supply) for supply in supplies]
    found = supplied(chart(*some), **asked)
    assert (found.criterion, found.evidence) == ("steroid-high-dose", tuple(some[:proof]))
    assert found.status == ("met" if proof else "not met")


@pytest.mark.parametrize(
    ("fields", "asked", "proves"),
    [({}, {}, True), ({"assertion": Assertion.HISTORICAL}, {}, False),
     ({"assertion": Assertion.POSSIBLE}, {}, False), ({"supply": None}, {}, False),
     ({"daily_dose": 20.0}, {"at_least": 20}, True),
     ({"daily_dose": 19.9}, {"at_least": 20}, False),
     ({"daily_dose": None}, {"at_least": 1}, False), ({"daily_dose": 1.0}, {"at_least": 1}, True),
     ({"daily_dose": None}, {}, True),
     ({"label": "Hydrocortisone CREAM"}, {"not_words": frozenset({"cream", "otic"})}, False),
     ({"label": "prednisone"}, {"not_words": frozenset({"cream", "otic"})}, True)],
)  # fmt: skip
def test_a_drug_that_acts_on_the_whole_body_counts_in_the_dose_that_is_asked_for(
    fields: dict[str, Any], asked: dict[str, Any], proves: bool, supplied: Any
) -> None:
    one = steroid(40, 0, **fields)
    assert supplied(chart(one), **asked).evidence == ((one,) if proves else ())


def test_where_prescriptions_were_not_read_nobody_knows_what_was_supplied(supplied: Any) -> None:
    incomplete = (Group.MEDICATION_REQUESTS,)
    assert supplied(chart(steroid(9, 0), incomplete=incomplete)).status == "unknown"
    assert supplied(chart(steroid(40, 0), incomplete=incomplete)).status == "met"


BORN_50_TO_51_YEARS_AGO = Days(first=date(1975, 11, 22), last=date(1976, 11, 22))


@pytest.mark.parametrize(
    ("born", "asked", "expected"),
    [(date(1961, 11, 22), {"at_least": 65}, "met"),
     (date(1961, 11, 23), {"at_least": 65}, "not met"),
     (date(1976, 11, 22), {"above": 50}, "not met"), (date(1975, 11, 23), {"above": 50}, "not met"),
     (date(1975, 11, 22), {"above": 50}, "met"), (date(2008, 11, 22), {"below": 18}, "not met"),
     (date(2008, 11, 23), {"below": 18}, "met"), (date(2008, 11, 23), {}, "not met"),
     (date(2008, 11, 23), {"not_known": True}, "not met"), (None, {"not_known": True}, "met"),
     (None, {"at_least": 65}, "unknown"), (None, {"below": 18}, "unknown"),
     (BORN_50_TO_51_YEARS_AGO, {"at_least": 51}, "met"),
     (BORN_50_TO_51_YEARS_AGO, {"at_least": 52}, "not met"),
     (BORN_50_TO_51_YEARS_AGO, {"above": 50}, "met"),
     (BORN_50_TO_51_YEARS_AGO, {"above": 51}, "not met"),
     (BORN_50_TO_51_YEARS_AGO, {"below": 51}, "met"),
     (BORN_50_TO_51_YEARS_AGO, {"below": 50}, "not met")],
)  # fmt: skip
def test_an_age_is_reached_on_the_birthday_and_by_the_day_that_asks_for_more_care(
    born: date | Days | None, asked: dict[str, Any], expected: str, desk: Desk
) -> None:
    none = {"at_least": None, "above": None, "below": None, "not_known": False}
    birth = Days(first=born, last=born) if isinstance(born, date) else born
    found = age(asking(desk.guideline, "under-18", **(none | asked)), replace(chart(), birth=birth))
    assert (found.criterion, found.status) == ("under-18", expected)


@pytest.mark.parametrize(("asked", "expected"), [({}, "unknown"), ({"not_known": True}, "met")])
def test_the_age_of_a_patient_who_was_not_read_to_the_end_is_unknown(
    asked: dict[str, Any], expected: str, desk: Desk
) -> None:
    unread = Section(group=Group.PATIENT, limits=(Limit.SERVER_ERROR,))
    there = chart(birth=date(2015, 1, 1))
    there = replace(there, sections={**there.sections, Group.PATIENT: unread})
    found = age(asking(desk.guideline, "under-18", **asked), there)
    assert (found.criterion, found.status) == ("under-18", expected)
