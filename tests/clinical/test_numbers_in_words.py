"""Numbers in a sentence: measures, grades of strength, scores of pain; and words for sides."""

import pytest

from service.clinical.chart import Measure
from service.clinical.text import Lexicon
from service.clinical.text.lexicon import Unit, Units
from service.clinical.text.measures import Marked, Score, grades_in, measure_of, scores_in, sides_in
from service.clinical.text.words import Event, sentences, words_in


def measure(text: str, name: str, units: Units, lexicon: Lexicon) -> Measure | None:
    """Read the number that belongs to a word of a text."""
    words = words_in(text, lexicon.joined, lexicon.spellings)
    place = words.tokens.index(name)
    (sentence,) = [s for s in sentences(words, lexicon) if s.first <= place < s.last]
    event = Event(place, place + 1, 0, (), ())
    return measure_of(words, sentence, event, units)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        # The bounds of each unit.
        ("PVR 0 mL", 0, "mL"), ("PVR 9999 mL", 9999, "mL"), ("PVR 9 L", 9, "L"),
        ("PVR 5", 5, None), ("PVR 5000", 5000, None),
        # The longest number.
        ("PVR 400.25 mL", 400.25, "mL"),
        # How far after its name, and how far before it with a unit.
        ("PVR a b c d e 300", 300, None), ("300 mL b PVR", 300, "mL"),
        ("PVR 350, then 400 mL", 350, None), ("400 mL PVR 350", 350, None),
        # What stands behind it.
        ("PVR 350 x", 350, None), ("PVR 350 mL/h", 350, "mL"), ("PVR 350, 8", 350, None),
        # What stands in another sentence.
        ("Drank 90 mL. PVR 300", 300, None),
    ],
)  # fmt: skip
def test_a_volume_is_read_with_its_unit(
    text: str, value: float, unit: str | None, lexicon: Lexicon
) -> None:
    found = measure(text, "pvr", lexicon.measures["volume"], lexicon)
    assert found == Measure(value=value, unit=unit)


@pytest.mark.parametrize(
    "text",
    [
        "PVR 10000 mL", "PVR 4", "PVR 5001", "PVR 0400.25 mL", "PVR a b c d e f 300",
        "300 mL b c PVR", "300 PVR", "300 b PVR", "PVR 350x", "PVR 350oz", "PVR 350 oz",
        "PVR 350/h", "PVR", "PVR high", "Drank 300 mL. PVR high", "PVR high. Drank 300 mL",
        "Drank 300. PVR high",
    ],
)  # fmt: skip
def test_a_number_that_is_no_volume_is_none(text: str, lexicon: Lexicon) -> None:
    assert measure(text, "pvr", lexicon.measures["volume"], lexicon) is None


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("NRS 0", 0, None), ("NRS 10", 10, None), ("NRS 6 today", 6, None),
        ("NRS 6 overall", 6, None), ("NRS 6, worse", 6, None), ("NRS 6 out of 10", 6, "/10"),
        ("NRS 0/10", 0, "/10"), ("NRS 10/10", 10, "/10"),
    ],
)  # fmt: skip
def test_a_score_is_read_with_what_it_is_out_of(
    text: str, value: float, unit: str | None, lexicon: Lexicon
) -> None:
    found = measure(text, "nrs", lexicon.measures["score"], lexicon)
    assert found == Measure(value=value, unit=unit)


@pytest.mark.parametrize("text", ["NRS 11", "NRS 6 at", "NRS 6x", "NRS 6/x", "NRS 10.5"])
def test_a_number_that_is_no_score_is_none(text: str, lexicon: Lexicon) -> None:
    assert measure(text, "nrs", lexicon.measures["score"], lexicon) is None


def test_a_bare_number_has_the_unit_that_is_meant(lexicon: Lexicon) -> None:
    units = Units(known=(Unit(names=(), unit="mL", lowest=5, highest=50),), others=None)
    found = [measure(f"PVR {n}", "pvr", units, lexicon) for n in (4, 5, 50, 51)]
    assert found == [None, Measure(value=5, unit="mL"), Measure(value=50, unit="mL"), None]


@pytest.mark.parametrize(
    ("text", "grades"),
    [
        ("Power 4/5. Left 3/5", [[Score(1, 4)], [Score(6, 3)]]),
        ("0/5 and 5/5 not 6/5", [[Score(0, 0), Score(4, 5)]]),
        ("(4/5)", [[Score(1, 4)]]), ("12/4/5", [[]]), ("L4/5", [[]]), ("14/5", [[]]),
        ("4+/5", [[Score(0, 4 + 1 / 3)]]), ("4-/5", [[Score(0, 4 - 1 / 3)]]),
        ("4/5- left", [[Score(0, 4 - 1 / 3)]]), ("4/5+", [[Score(0, 4 + 1 / 3)]]),
        ("4+/5-", [[Score(0, 4 + 1 / 3)]]), ("4/5 left", [[Score(0, 4)]]),
        ("power 4", [[Score(1, 4)]]), ("MRC grade 4", [[Score(2, 4)]]),
        ("power 4+", [[Score(1, 4 + 1 / 3)]]), ("power 4 today", [[Score(1, 4)]]),
        ("power was 4", [[]]), ("power 4/6", [[]]), ("power 4/", [[]]), ("4", [[]]),
        ("4 limbs, normal power", [[]]), ("Normal power. 4 limbs", [[], []]),
        ("4/5/", [[]]), ("4/5/26", [[]]), ("4/5/2026 seen", [[]]), ("4/", [[]]),
        ("3 out of 5", [[Score(0, 3)]]), ("3 of 5 left", [[Score(0, 3)]]), ("3 out of", [[]]),
        ("3 out of 6", [[]]), ("4 5 today", [[]]), ("4 limbs 5", [[]]), ("power 3 of 5",
        [[Score(1, 3)]]),
    ],
)  # fmt: skip
def test_grades_of_strength_are_found(
    text: str, grades: list[list[Score]], lexicon: Lexicon
) -> None:
    words = words_in(text, lexicon.joined, lexicon.spellings)
    assert [grades_in(words, one, lexicon) for one in sentences(words, lexicon)] == grades


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("7/10. Now 10/10", [[Score(0, 7)], [Score(5, 10)]]), ("(7/10)", [[Score(1, 7)]]),
        ("0/10 not 11/10", [[Score(0, 0)]]), ("7 out of 10 now", [[Score(0, 7)]]),
        ("6 of 10", [[Score(0, 6)]]), ("7 10", [[]]), ("7/10/26", [[]]), ("7/10/", [[]]),
        ("7/5 of 10", [[]]), ("7.5/10", [[]]), ("007/10", [[]]), ("7 out of. 10", [[], []]),
        ("10", [[]]), ("1/7/10", [[]]), ("T7/10", [[]]),
    ],
)  # fmt: skip
def test_scores_of_pain_are_found(text: str, scores: list[list[Score]], lexicon: Lexicon) -> None:
    words = words_in(text, lexicon.joined, lexicon.spellings)
    assert [scores_in(words, one, lexicon) for one in sentences(words, lexicon)] == scores


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("left. right", [[(0, "left")], [(2, "right")]]), ("R knee L4", [[(0, "right")]]),
        ("B/L legs, L", [[(0, "both"), (3, "left")]]), ("L 5", [[(0, "left")]]), ("L5", [[]]),
        ("L4.5 disc", [[]]), ("L5/S1", [[]]), ("l5 l leg", [[(2, "left")]]), ("L", [[(0, "left")]]),
        ("L. 5", [[(0, "left")], []]), ("lt5", [[(0, "left")]]), ("knee", [[]]),
    ],
)  # fmt: skip
def test_words_for_sides_are_found(
    text: str, sides: list[list[tuple[int, str]]], lexicon: Lexicon
) -> None:
    words = words_in(text, lexicon.joined, lexicon.spellings)
    found = [sides_in(words, one, lexicon) for one in sentences(words, lexicon)]
    assert found == [[Marked(place, lexicon.sides[side]) for place, side in row] for row in sides]
