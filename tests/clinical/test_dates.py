"""FHIR dates as days: partial ones, instants in a zone, and what is no date at all."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.clinical.dates import Days, days_before, days_between, past_part, read_days

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
     "２０２６-10-11", "2026-10-11T10:00:00+25:00"],
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
