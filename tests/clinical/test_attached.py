"""What is attached to a concept: its side, its days, its number, whether it is worse, its words."""

from datetime import date

import pytest

from service.clinical.chart import Assertion, Measure, Side
from service.clinical.dates import Days
from service.clinical.text import Lexicon, Mention, read_onset, read_text

WRITTEN = date(2026, 11, 22)


def told(text: str, lexicon: Lexicon) -> list[str]:
    """Give all that a text says, in its order, each with what is attached to it and its words."""
    return [_told(mention) for mention in read_text(text, lexicon, WRITTEN)]


def _told(mention: Mention) -> str:
    parts = [mention.concept, mention.assertion.value]
    if mention.side != Side.UNSTATED:
        parts.append(mention.side.value)
    if mention.onset:
        first, last = (WRITTEN - mention.onset.last).days, (WRITTEN - mention.onset.first).days
        parts.append(f"{first}-{last} days")
    if mention.measure:
        parts.append(f"{mention.measure.value:g}{mention.measure.unit or ''}")
    if mention.worse:
        parts.append("worse")
    return f"{', '.join(parts)}: {mention.words}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("left foot drop with right saddle numbness",
         ["motor-deficit, present, left: foot drop",
          "saddle-anaesthesia, present, right: saddle numbness"]),
        ("weakness of the left leg", ["leg-weakness, present, left: weakness of the left leg"]),
        ("weakness of the left and right leg",
         ["bilateral-leg-symptom, present, both: weakness of the left and right leg",
          "leg-weakness, present, both: weakness of the left and right leg"]),
        ("left arm pain foot drop right", ["motor-deficit, present, right: foot drop"]),
        ("left arm pain, foot drop", ["motor-deficit, present: foot drop"]),
        ("foot drop left. foot drop right.",
         ["motor-deficit, present, left: foot drop", "motor-deficit, present, right: foot drop"]),
        ("Fever, cough. Left foot drop, fever",
         ["fever, present: Fever", "motor-deficit, present, left: foot drop",
          "fever, present: fever"]),
    ],
)  # fmt: skip
def test_a_side_in_the_words_of_a_name_counts_before_the_nearest_one(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert told(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foot drop in 2020", ["motor-deficit, historical, 2152-2517 days: foot drop"]),
        ("foot drop last seen in 2020", ["motor-deficit, historical, 2152-2517 days: foot drop"]),
        ("foot drop noticed by him in 2020", ["motor-deficit, present, 2152-2517 days: foot drop"]),
        ("2020 foot drop", ["motor-deficit, present, 2152-2517 days: foot drop"]),
        ("foot drop in 2025", ["motor-deficit, present, 326-690 days: foot drop"]),
        ("in 2020: cancer", ["malignancy-active, historical, 2152-2517 days: cancer"]),
        ("cancer, lump removed 2020", ["malignancy-active, historical, 2152-2517 days: cancer"]),
        ("foot drop 5 years ago", ["motor-deficit, historical, 1825-1825 days: foot drop"]),
        ("new foot drop 2 years ago", ["motor-deficit, present, 730-730 days, worse: foot drop"]),
        ("cancer 364 days ago", ["malignancy-active, present, 364-364 days: cancer"]),
        ("cancer 365 days ago", ["malignancy-active, historical, 365-365 days: cancer"]),
        ("laminectomy in 2015", ["prior-lumbar-surgery, present, 3979-4343 days: laminectomy"]),
        ("osteoporosis in 2015", ["osteoporosis, present, 3979-4343 days: osteoporosis"]),
        ("[x] cancer in 2015", ["malignancy-active, present, 3979-4343 days: cancer"]),
        ("[x] foot drop in 2015", ["motor-deficit, present, 3979-4343 days: foot drop"]),
    ],
)  # fmt: skip
def test_an_old_date_next_to_an_urgent_concept_makes_it_history(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert told(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stable foot drop for 90 days", ["motor-deficit, present, 90-90 days: foot drop"]),
        ("stable foot drop for 91 days", ["motor-deficit, present, 91-91 days: foot drop"]),
        ("stable urinary hesitancy for 90 days",
         ["bladder-symptom, present, 90-90 days: urinary hesitancy"]),
        ("stable urinary hesitancy for 91 days",
         ["bladder-symptom, historical, 91-91 days: urinary hesitancy"]),
        ("stable saddle numbness for 2 years",
         ["saddle-anaesthesia, present, 730-730 days: saddle numbness"]),
        ("stable foot drop for 2 years, worse",
         ["motor-deficit, present, 730-730 days, worse: foot drop",
          "pain-worse, present, worse: worse"]),
        ("history of foot drop for 90 days", ["motor-deficit, present, 90-90 days: foot drop"]),
        ("history of foot drop for 91 days", ["motor-deficit, historical, 91-91 days: foot drop"]),
        ("history of cancer for 3 days", ["malignancy-active, historical, 3-3 days: cancer"]),
    ],
)  # fmt: skip
def test_what_is_unchanged_for_long_is_history_and_an_urgent_history_of_days_is_of_today(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert told(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("foot drop and fever since Monday",
         ["motor-deficit, present, 6-6 days: foot drop", "fever, present, 6-6 days: fever"]),
        ("foot drop but fever since Monday",
         ["motor-deficit, present: foot drop", "fever, present, 6-6 days: fever"]),
        ("foot drop with no fever since Monday",
         ["motor-deficit, present: foot drop", "fever, absent, 6-6 days: fever"]),
        ("foot drop with 3 weeks of fever",
         ["motor-deficit, present: foot drop", "fever, present, 21-21 days: fever"]),
        ("3 weeks of foot drop and fever",
         ["motor-deficit, present, 21-21 days: foot drop", "fever, present, 21-21 days: fever"]),
        ("fever, foot drop since Monday",
         ["fever, present: fever", "motor-deficit, present, 6-6 days: foot drop"]),
        ("since Monday, foot drop", ["motor-deficit, present, 6-6 days: foot drop"]),
        ("at exam yesterday foot drop", ["motor-deficit, present, 1-1 days: foot drop"]),
        ("on prednisone since 2020",
         ["long-term-steroid, present, 2152-2517 days: on prednisone since"]),
    ],
)  # fmt: skip
def test_a_date_belongs_to_the_concept_that_it_stands_beside(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert told(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fever 39", ["fever, present: fever", "obs-body-temperature, present, 39: fever"]),
        ("left leg new fever 39 since Monday",
         ["fever, present, left, 6-6 days, worse: fever",
          "obs-body-temperature, present, left, 6-6 days, 39, worse: fever"]),
        ("strength 4/5 left since Monday",
         ["obs-muscle-strength, present, left, 6-6 days, 4/5: 4"]),
        ("muscle strength 4/5 and foot drop",
         ["motor-deficit, present: foot drop", "obs-muscle-strength, present, 4/5: 4"]),
        ("strength 5/5 throughout",
         ["obs-muscle-strength, present, 5/5: 5", "leg-weakness, absent, both: 5"]),
        ("strength 4/5 throughout", ["obs-muscle-strength, present, 4/5: 4"]),
        ("pain 7/10 since Monday", ["obs-pain-score, present, 6-6 days, 7/10: 7"]),
    ],
)  # fmt: skip
def test_a_number_is_said_with_all_that_its_name_has(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert told(text, lexicon) == expected


def test_a_mention_bears_all_that_is_said_of_it(lexicon: Lexicon) -> None:
    day = date(2026, 11, 16)
    text = "Well. Strength 5/5 Throughout since Monday, new"
    phrase = "Strength 5/5 Throughout since Monday, new"
    found = read_text(text, lexicon, WRITTEN)
    assert found == (
        Mention(concept="obs-muscle-strength", assertion=Assertion.PRESENT, phrase=phrase,
                words="5", onset=Days(first=day, last=day), measure=Measure(value=5.0, unit="/5")),
        Mention(concept="leg-weakness", assertion=Assertion.ABSENT, phrase=phrase, words="5",
                side=Side.BOTH),
    )  # fmt: skip
    assert [mention.worse for mention in found] == [False, False]


def test_a_number_that_names_another_concept_is_a_mention_of_its_own(lexicon: Lexicon) -> None:
    day = date(2026, 11, 16)
    phrase = "Fever 39 on the left since Monday"
    one = Mention(concept="fever", assertion=Assertion.PRESENT, phrase=phrase, words="Fever",
                  side=Side.LEFT, onset=Days(first=day, last=day))  # fmt: skip
    other = Mention(concept="obs-body-temperature", assertion=Assertion.PRESENT, phrase=phrase,
                    words="Fever", side=Side.LEFT, onset=Days(first=day, last=day),
                    measure=Measure(value=39.0, unit=None))  # fmt: skip
    found = read_text(f"{phrase}. Well.", lexicon, WRITTEN)
    assert found == (one, other)
    assert [mention.worse for mention in found] == [False, False]


@pytest.mark.parametrize("text", ["3/52 ago", "Seen w/ Dr. Roe. It began 3 weeks ago, he says."])
def test_an_onset_is_read_in_any_sentence(text: str, lexicon: Lexicon) -> None:
    day = date(2026, 11, 1)
    assert read_onset(text, lexicon, WRITTEN) == Days(first=day, last=day)
