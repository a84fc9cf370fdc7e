"""Dates and durations as they are written: where each stands, and what it says."""

from datetime import date

import pytest

from service.clinical.dates import Days
from service.clinical.text import Lexicon
from service.clinical.text.times import Time, times_in
from service.clinical.text.words import sentences, words_in

WRITTEN = date(2026, 11, 22)  # a Sunday


def times_of(text: str, lexicon: Lexicon) -> list[Time]:
    words = words_in(text, lexicon.joined, lexicon.spellings)
    (sentence,) = sentences(words, lexicon)
    return times_in(words, sentence, lexicon.times, WRITTEN)


def days(first: str, last: str | None = None) -> Days:
    return Days(first=date.fromisoformat(first), last=date.fromisoformat(last or first))


@pytest.mark.parametrize(
    ("text", "start", "end", "first", "last"),
    [
        ("pain since yesterday", 1, 3, "2026-11-21", None),
        ("today pain", 0, 1, "2026-11-22", None),
        ("pain since last night", 1, 4, "2026-11-21", None),
        ("since this morning here", 0, 3, "2026-11-22", None),
        ("since Monday", 0, 2, "2026-11-16", None),
        ("since Tuesday pain", 0, 2, "2026-11-17", None),
        ("since Sat pain", 0, 2, "2026-11-21", None), ("since Sunday", 0, 2, "2026-11-22", None),
        ("since March 2026", 0, 3, "2026-03-01", "2026-03-31"),
        ("Nov 2026 pain", 0, 2, "2026-11-01", "2026-11-22"),
        ("since 12 October", 0, 3, "2026-10-12", None),
        ("since 12 October pain", 0, 3, "2026-10-12", None),
        ("since 12 October 2025 pain", 0, 4, "2025-10-12", None),
        ("1 October 2025 pain", 0, 3, "2025-10-01", None),
        ("32 October 2025", 1, 3, "2025-10-01", "2025-10-31"),
        ("since in Oct 2025", 0, 4, "2025-10-01", "2025-10-31"),
        ("10-01-2026 pain", 0, 5, "2026-10-01", None),
        ("since Oct 1", 0, 3, "2026-10-01", None), ("since Oct 12 pain", 0, 3, "2026-10-12", None),
        ("Oct 12, pain", 0, 2, "2026-10-12", None), ("Oct 12 2025, pain", 0, 3, "2025-10-12", None),
        ("Oct 12, 2025 pain", 0, 4, "2025-10-12", None),
        ("Oct 12, 2025", 0, 4, "2025-10-12", None), ("since Dec 1", 0, 3, "2025-12-01", None),
        ("2026-10-01: pain", 0, 5, "2026-10-01", None), ("2026/10/01", 0, 5, "2026-10-01", None),
        ("2026-10-01-02", 0, 5, "2026-10-01", None),
        ("since 2026-10 pain", 0, 4, "2026-10-01", "2026-10-31"),
        ("since 03/2026 pain", 0, 4, "2026-03-01", "2026-03-31"),
        ("03/2026: pain", 0, 3, "2026-03-01", "2026-03-31"),
        ("3/2025", 0, 3, "2025-03-01", "2025-03-31"),
        ("since June", 0, 2, "2026-06-01", "2026-06-30"),
        ("since last November", 0, 3, "2026-11-01", "2026-11-22"),
        ("since December pain", 0, 2, "2025-12-01", "2025-12-31"),
        ("since 10/01", 0, 4, "2026-10-01", None), ("since 10/01 pain", 0, 4, "2026-10-01", None),
        ("since about 10/01 pain", 0, 5, "2026-10-01", None),
        ("since about the 10/01", 0, 6, "2026-10-01", None),
        ("since 10/01/2025", 0, 6, "2025-10-01", None),
        ("10/01/2025 pain", 0, 5, "2025-10-01", None),
        ("10/01/25 pain", 0, 5, "2025-10-01", None), ("since 10/01/25", 0, 6, "2025-10-01", None),
        ("since 25/10/2025 pain", 0, 6, "2025-10-25", None),
        ("since 10/01/", 0, 4, "2026-10-01", None), ("since 10/01/x", 0, 4, "2026-10-01", None),
        ("since 10/01, 6 today", 0, 4, "2026-10-01", None),
        ("since 11/22", 0, 4, "2026-11-22", None), ("since 11/22/2026", 0, 6, "2026-11-22", None),
        ("since 11/23", 0, 4, "2025-11-23", None), ("since 2/29/2024", 0, 6, "2024-02-29", None),
        ("since 1940", 0, 2, "1940-01-01", "1940-12-31"),
        ("since 2025 pain", 0, 2, "2025-01-01", "2025-12-31"),
        ("since 2026", 0, 2, "2026-01-01", "2026-11-22"),
        ("since the 2024 season", 0, 3, "2024-01-01", "2024-12-31"),
        ("since 2024-7 pain", 0, 2, "2024-01-01", "2024-12-31"),
        ("since 2024-", 0, 2, "2024-01-01", "2024-12-31"),
        ("since 2024-ab pain", 0, 2, "2024-01-01", "2024-12-31"),
    ],
)  # fmt: skip
def test_a_date_is_read_where_it_stands(
    text: str, start: int, end: int, first: str, last: str | None, lexicon: Lexicon
) -> None:
    assert times_of(text, lexicon)[0] == Time(start, end, days(first, last))


@pytest.mark.parametrize(
    "text",
    [
        "Sat up", "since March", "since Oct 010", "since Oct 100", "since Feb 30", "since Monday's",
        "since 10/", "since 10/x", "since x/10", "since 100/10", "since 10/100", "since 10.5/10",
        "since 10/01/6", "S2/3/4", "10/01", "10/01 pain", "4/5", "since 31/31", "since 2/29",
        "since 1930", "since 1939", "since 2027", "2027", "1939 pain", "since", "last chance",
        "this weekend",
    ],
)  # fmt: skip
def test_what_is_no_date_that_has_come_is_none(text: str, lexicon: Lexicon) -> None:
    unread = [time for time in times_of(text, lexicon) if not time.lasted]
    assert unread == []


@pytest.mark.parametrize(
    ("text", "start", "end", "first", "last"),
    [
        ("2019 surgery", 0, 1, "2019-01-01", "2019-12-31"),
        ("surgery 2019 here", 1, 2, "2019-01-01", "2019-12-31"),
        ("surgery in 2026", 2, 3, "2026-01-01", "2026-11-22"),
        ("since 13/2026", 3, 4, "2026-01-01", "2026-11-22"),
        ("since 11/23/2026", 5, 6, "2026-01-01", "2026-11-22"),
    ],
)  # fmt: skip
def test_a_mere_year_says_when_something_was(
    text: str, start: int, end: int, first: str, last: str, lexicon: Lexicon
) -> None:
    (time,) = times_of(text, lexicon)
    assert repr(time) == repr(Time(start, end, days(first, last), began=False))


@pytest.mark.parametrize(
    ("text", "start", "end", "first", "last"),
    [
        ("3 weeks", 0, 2, "2026-11-01", None), ("x3d", 0, 3, "2026-11-19", None),
        ("pain three weeks ago", 1, 4, "2026-11-01", None),
        ("3 weeks ago now", 0, 3, "2026-11-01", None), ("0 days ago", 0, 3, "2026-11-22", None),
        ("3 weeks ago back pain", 0, 4, "2026-11-01", None),
        ("a few weeks", 0, 3, "2026-10-25", "2026-11-08"),
        ("a couple of weeks", 0, 4, "2026-11-08", None), ("half a day", 0, 3, "2026-11-21", None),
        ("several days pain", 0, 2, "2026-11-15", "2026-11-19"),
        ("2-3 weeks", 0, 4, "2026-11-01", "2026-11-08"),
        ("2 to 3 weeks pain", 0, 4, "2026-11-01", "2026-11-08"),
        ("2 or 3 weeks ago", 0, 5, "2026-11-01", "2026-11-08"),
        ("3-2 weeks", 0, 4, "2026-11-01", None),
        ("for the past 3-4 months", 0, 7, "2026-07-25", "2026-08-24"),
        # What has no number.
        ("for weeks", 0, 2, "2026-10-18", "2026-11-08"), ("for a week", 0, 3, "2026-11-15", None),
        ("x weeks now", 0, 2, "2026-10-18", "2026-11-08"),
        ("the past week", 1, 3, "2026-11-15", None),
        ("over the past week now", 0, 4, "2026-11-15", None),
        ("for years", 0, 2, "2021-11-23", "2024-11-22"),
        # More and less.
        ("pain for more than 6 weeks", 1, 6, "2016-11-24", "2026-10-11"),
        ("pain more than 6 weeks", 3, 5, "2016-11-24", "2026-10-11"),
        ("pain > 6 weeks", 2, 4, "2016-11-24", "2026-10-11"),
        ("for at least a month", 0, 5, "2016-11-24", "2026-10-23"),
        ("for less than 3 weeks", 0, 5, "2026-11-01", "2026-11-22"),
        ("for under 3 weeks", 0, 4, "2026-11-01", "2026-11-22"),
        ("pain < 3 weeks", 2, 4, "2026-11-01", "2026-11-22"),
        ("3 days ago, for more", 0, 3, "2026-11-19", None),
        ("3 days ago, for", 0, 3, "2026-11-19", None),
        ("99999 years", 0, 2, "2016-11-24", None),
        # Parts of a year or a week.
        ("for 2/52", 0, 4, "2026-11-08", None), ("for 2/52 pain", 0, 4, "2026-11-08", None),
        ("2/52", 0, 3, "2026-11-08", None), ("2-3/52 pain", 0, 5, "2026-11-01", "2026-11-08"),
        ("52/52", 0, 3, "2025-11-23", None), ("39.2 last week", 1, 3, "2026-11-15", None),
        ("a fortnight", 0, 2, "2026-11-08", None),
        ("for 2/12 pain", 0, 4, "2026-09-23", None), ("2/12 ago", 0, 4, "2026-09-23", None),
        ("2/52 ago", 0, 4, "2026-11-08", None),
        ("for 3/7", 0, 4, "2026-11-19", None), ("for 2-3/52", 0, 6, "2026-11-01", "2026-11-08"),
        # Long ago, and for long.
        ("364 days ago", 0, 3, "2025-11-23", None), ("for 2 years", 0, 3, "2024-11-22", None),
        ("3 weeks in", 0, 2, "2026-11-01", None),
    ],
)  # fmt: skip
def test_a_duration_is_read_where_it_stands(
    text: str, start: int, end: int, first: str, last: str | None, lexicon: Lexicon
) -> None:
    (time,) = times_of(text, lexicon)
    assert repr(time) == repr(Time(start, end, days(first, last), lasted=True))


@pytest.mark.parametrize(
    ("text", "end", "first"),
    [
        ("3 weeks of pain", 3, "2026-11-01"), ("3-week history of pain", 5, "2026-11-01"),
        ("3 weeks ago of", 4, "2026-11-01"), ("3 week long history of", 5, "2026-11-01"),
        ("3 weeks h/o pain", 3, "2026-11-01"), ("2/52 history of pain", 5, "2026-11-08"),
        ("2/12 of pain", 4, "2026-09-23"),
        ("2/52 history", 4, "2026-11-08"), ("2 years of pain", 3, "2024-11-22"),
    ],
)  # fmt: skip
def test_a_duration_may_open_what_it_is_about(
    text: str, end: int, first: str, lexicon: Lexicon
) -> None:
    assert times_of(text, lexicon) == [Time(0, end, days(first), opens=True, lasted=True)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("365 days ago", "2025-11-22"), ("366 days ago", "2025-11-21"),
        ("1 year ago", "2025-11-22"), ("2 years prior", "2024-11-22"),
    ],
)  # fmt: skip
def test_a_year_ago_is_when_something_was(text: str, first: str, lexicon: Lexicon) -> None:
    assert times_of(text, lexicon) == [Time(0, 3, days(first), lasted=True, began=False)]


@pytest.mark.parametrize(
    "text",
    [
        "in 3 weeks", "every 3 weeks", "within 2 days", "82 year old", "82 years old",
        "2/12",
        "2/7 strength", "110/52", "for 2/52/26", "since may", "since march", "june",
        "for 2/", "for 3", "pain x 2-3", "a few", "weeks",
        "pain weeks", "since weeks", "3 then weeks", "for pain, weeks", "since 32 October pain",
    ],
)  # fmt: skip
def test_what_is_no_duration_of_the_past_is_none(text: str, lexicon: Lexicon) -> None:
    assert times_of(text, lexicon) == []


def test_a_sentence_may_hold_several_dates_and_durations(lexicon: Lexicon) -> None:
    text = "10/01/2026-10/05/2026 pain for 2 weeks, fever since yesterday"
    assert times_of(text, lexicon) == [
        Time(0, 5, days("2026-10-01")),
        Time(6, 11, days("2026-10-05")),
        Time(12, 15, days("2026-11-08"), lasted=True),
        Time(17, 19, days("2026-11-21")),
    ]


def test_the_last_word_of_a_sentence_says_nothing_of_a_duration_at_its_head(
    lexicon: Lexicon,
) -> None:
    text = "3 weeks of pain that he is in"
    assert times_of(text, lexicon) == [Time(0, 3, days("2026-11-01"), opens=True, lasted=True)]
