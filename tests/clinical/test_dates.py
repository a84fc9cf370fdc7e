"""FHIR dates as days: partial ones, instants in a zone, and what is no date at all."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.clinical.dates import (
    Days,
    days_after,
    days_before,
    days_between,
    past_part,
    read_days,
    whole_weeks,
    years_between,
)

UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("text", "zone", "first", "last"),
    [
        ("2026-10-11", "UTC", "2026-10-11", "2026-10-11"),
        ("2026-10", "UTC", "2026-10-01", "2026-10-31"),
        ("2026-02", "UTC", "2026-02-01", "2026-02-28"),
        ("2028-02", "UTC", "2028-02-01", "2028-02-29"),
        ("2026", "UTC", "2026-01-01", "2026-12-31"),
        ("2026-10-11T23:30:00Z", "UTC", "2026-10-11", "2026-10-11"),
        ("2026-10-11T23:30:00Z", "Europe/Berlin", "2026-10-12", "2026-10-12"),
        ("2026-10-11T01:30:00+02:00", "UTC", "2026-10-10", "2026-10-10"),
        ("2026-10-11T00:00:00Z", "UTC", "2026-10-11", "2026-10-11"),
        ("2026-10-11T20:59:59.9-03:00", "UTC", "2026-10-11", "2026-10-11"),
        ("2026-10-11T21:00:00.1-03:00", "UTC", "2026-10-12", "2026-10-12"),
        ("2026-10-11T12:00:00.123456789Z", "Pacific/Kiritimati", "2026-10-12", "2026-10-12"),
    ],
)
def test_a_date_is_the_days_it_may_mean(text: str, zone: str, first: str, last: str) -> None:
    expected = Days(first=date.fromisoformat(first), last=date.fromisoformat(last))
    assert read_days(text, ZoneInfo(zone)) == expected


@pytest.mark.parametrize(
    "text",
    [None, "", "yesterday", "2026-02-30", "2026-13", "0000", "2026-1-1", "20261011", "11.10.2026",
     "2026-10-11T24:00:00Z", "2026-10-11T10:00Z", "2026-10-11T10:00:00", "2026-10-11 ",
     "２０２６-10-11", "2026-W01-1", "2026-10-11T10:00:00.Z", "2026-10-11T10:00:00z",
     "2026-10-11T10:60:00Z", "9999-12-31T23:00:00-14:00", "2026-10-11T10:00:00+25:00"],
)  # fmt: skip
def test_what_is_no_date_is_none(text: str | None) -> None:
    assert read_days(text, UTC) is None


@given(st.text(max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    found = read_days(text, UTC)
    assert found is None or found.first <= found.last


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(["UTC", "Pacific/Kiritimati"]))
def test_every_instant_is_one_day(instant, zone: str) -> None:
    found = read_days(instant.isoformat(timespec="seconds"), ZoneInfo(zone))
    assert found is None or found.exact


@pytest.mark.parametrize(
    ("first", "last", "kept"),
    [("2026-11-22", "2026-11-22", "2026-11-22"), ("2026-11-23", "2026-11-23", None),
     ("2026-01-01", "2026-12-31", "2026-11-22")],
)  # fmt: skip
def test_the_future_counts_as_not_given(first: str, last: str, kept: str | None) -> None:
    days = Days(first=date.fromisoformat(first), last=date.fromisoformat(last))
    found = past_part(days, date(2026, 11, 22))
    assert (found.last.isoformat() if found else None) == kept


def test_counting_back_stops_at_the_first_day_of_the_calendar() -> None:
    assert days_before(date(1, 1, 5), 100) == date.min
    assert days_before(date(2026, 3, 1), 1) == date(2026, 2, 28)
    assert days_between(date(2026, 2, 28), date(2026, 3, 1)) == 1


def test_counting_on_stops_at_the_last_day_of_the_calendar() -> None:
    assert days_after(date(9999, 12, 30), 2) == date.max
    assert days_after(date(2026, 2, 28), 1) == date(2026, 3, 1)


@pytest.mark.parametrize(("days", "weeks"), [(0, 0), (6, 0), (7, 1), (41, 5), (42, 6), (43, 6)])
def test_weeks_are_whole(days: int, weeks: int) -> None:
    assert whole_weeks(days) == weeks
    assert isinstance(whole_weeks(days), int)


@pytest.mark.parametrize(
    ("birth", "years"),
    [
        ("1976-11-21", 50),
        ("1976-11-22", 50),
        ("1976-11-23", 49),
        ("1976-12-01", 49),
        ("1976-10-30", 50),
    ],
)
def test_years_of_life_are_complete(birth: str, years: int) -> None:
    assert years_between(date.fromisoformat(birth), date(2026, 11, 22)) == years
