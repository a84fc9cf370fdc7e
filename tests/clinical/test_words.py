"""The words of a text: its tokens, its sentences, and the phrases that are found in them."""

import pytest

from service.clinical.text import Lexicon
from service.clinical.text.words import (
    Words,
    events_in,
    lowered,
    may_name,
    sentences,
    speaks,
    words_in,
)


def words_of(text: str, lexicon: Lexicon) -> Words:
    return words_in(text, lexicon.joined, lexicon.spellings)


@pytest.mark.parametrize(
    ("text", "low"),
    [
        ("No FEVER", "no fever"), ("Can’T void", "can't void"), ("", ""),
        ("İNO Fever", "İno fever"), ("ΑΣ", "ας"),
    ],
)  # fmt: skip
def test_a_text_in_lower_case_has_each_letter_where_it_was(text: str, low: str) -> None:
    assert lowered(text) == low


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []), ("Can’t void", ["can't", "void"]), ("x3d", ["x", "3", "d"]),
        ("well-known -no 5-6 --", ["well", "known", "-", "no", "5", "-", "6", "--"]),
        ("38.6 (-) [x] [ ] () ( ) ✓", ["38.6", "(-)", "[x]", "[ ]", "()", "( )", "✓"]),
        ("((a)) ...,,??\n\n  b", ["((", "a", "))", "...", ",,", "??", "\n\n  ", "b"]),
        ("\"a\" ‘b’ it's e_f", ["a", "b", "it's", "e_f"]),
        ("n/t", ["n_t"]), ("F/C/NS", ["f_c_ns"]), ("A&E", ["a_e"]), ("a/e & b",
        ["a", "/", "e", "&", "b"]),
        ("no no no fever", ["no", "fever"]), ("no, no", ["no", ",", "no"]),
        ("fever no no", ["fever", "no"]), ("Sadle numbess", ["saddle", "numbness"]),
    ],
)  # fmt: skip
def test_a_text_is_split_into_tokens(text: str, tokens: list[str], lexicon: Lexicon) -> None:
    assert words_of(text, lexicon).tokens == tokens


def test_each_token_knows_where_it_stands(lexicon: Lexicon) -> None:
    text = "A&E: Sadle  sadle NUMB,\n3 days"
    assert words_of(text, lexicon) == Words(
        text=text,
        tokens=["a_e", ":", "saddle", "numb", ",", "\n", "3", "days"],
        starts=[0, 3, 5, 18, 22, 23, 24, 26],
        ends=[3, 4, 10, 22, 23, 24, 25, 30],
        shouted=False,
    )


@pytest.mark.parametrize(
    ("text", "shouted"),
    [
        ("PT", False), ("NO FEVER", False), ("NO FEVER TODAY", True), ("NO FEVER 3", True),
        ("NO FEVER today", False), ("no fever today", False), ("1 2 3", False),
    ],
)  # fmt: skip
def test_three_words_in_capitals_are_a_shout(text: str, shouted: bool, lexicon: Lexicon) -> None:
    assert words_of(text, lexicon).shouted is shouted


@pytest.mark.parametrize(
    ("text", "named", "may"),
    [
        ("", False, False), ("room", False, False), ("room 5", False, False),
        ("Foot drop", True, True), ("he has FEVER", True, True), ("fevers5", True, True),
        ("knee", False, False), ("knee 4", True, True), ("mmt", False, False),
        ("MMT 4", True, True),
        ("temp", True, False), ("temp 39", True, True), ("residual", True, False),
        ("residual 350", True, True), ("b/l arm", True, False), ("MRI 5", True, False),
        ("strong", False, False), ("4", False, False), ("foot", True, False),
        ("left foot drop", True, True), ("drop left foot", True, False),
    ],
)  # fmt: skip
def test_a_text_may_name_something_or_never_does(
    text: str, named: bool, may: bool, lexicon: Lexicon
) -> None:
    assert (speaks(text, lexicon), may_name(words_of(text, lexicon), lexicon)) == (named, may)


def counted_alone(lexicon: Lexicon) -> str:
    """Give a word that makes a number worth reading, and opens no name."""
    return min(lexicon.counted - lexicon.openers)


def test_a_word_that_counts_speaks_only_beside_a_number(lexicon: Lexicon) -> None:
    word = counted_alone(lexicon)
    texts = [word, f"{word} 4", "4", f"room {word}", "room 4"]
    assert [speaks(text, lexicon) for text in texts] == [False, True, False, False, False]


Row = tuple[str, int, bool, bool, bool]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        # What it says, its paragraph; whether it is an item, opens a list, asks.
        ("", []), ("\n", []), ("...", []),
        ("No fever", [("no fever", 0, False, False, False)]),
        ("No fever.", [("no fever", 0, False, False, False)]),
        ("No fever\n", [("no fever", 0, False, False, False)]),
        ("No fever.\nPain", [("no fever", 0, False, False, False),
                             ("pain", 0, False, False, False)]),
        ("No fever ;; pain", [("no fever", 0, False, False, False),
                              ("pain", 0, False, False, False)]),
        ("Fever!pain", [("fever", 0, False, False, False), ("pain", 0, False, False, False)]),
        ("T 38.6. Pain", [("t 38.6", 0, False, False, False), ("pain", 0, False, False, False)]),
        # A line that goes on, and one that does not.
        ("No\nfever", [("no \n fever", 0, False, False, False)]),
        ("Pain\nfever", [("pain", 0, False, False, False), ("fever", 0, False, False, False)]),
        ("No\n\nfever", [("no", 0, False, False, False), ("fever", 1, False, False, False)]),
        ("\nfever and", [("fever and", 0, False, False, False)]),
        # Paragraphs.
        ("a\nb\n\nc\n\n\nd\n \ne", [("a \n b", 0, False, False, False),
            ("c", 1, False, False, False), ("d", 2, False, False, False),
            ("e", 3, False, False, False)]),
        # Items of a list.
        ("Plan:\n- MRI\n* PT\n• rest\n· ice\n> heat\nhome", [("plan :", 0, False, True, False),
            ("- mri", 0, True, False, False), ("* pt", 0, True, False, False),
            ("• rest", 0, True, False, False), ("· ice", 0, True, False, False),
            ("> heat", 0, True, False, False), ("home", 0, False, False, False)]),
        ("Plan:\n- MRI. Rest\n\nHome", [("plan :", 0, False, True, False),
            ("- mri", 0, True, False, False), ("rest", 0, True, False, False),
            ("home", 1, False, False, False)]),
        ("Plan:", [("plan :", 0, False, False, False)]),
        # Abbreviations.
        ("Dr. Smith; pain", [("dr . smith", 0, False, False, False),
                             ("pain", 0, False, False, False)]),
        ("Hx; fever", [("hx", 0, False, False, False), ("fever", 0, False, False, False)]),
        ("See pt! Fever", [("see pt", 0, False, False, False), ("fever", 0, False, False, False)]),
        ("No pt? Fever", [("no pt", 0, False, False, True), ("fever", 0, False, False, False)]),
        # What is stuck to a full stop.
        ("Fever.pain", [("fever", 0, False, False, False), ("pain", 0, False, False, False)]),
        (".foot drop", [(". foot drop", 0, False, False, False)]),
        ("no.foot drop", [("no . foot drop", 0, False, False, False)]),
        ("no.Foot drop", [("no", 0, False, False, False), ("foot drop", 0, False, False, False)]),
        ("room 100.foot drop", [("room 100 . foot drop", 0, False, False, False)]),
        ("Fever.2 pain", [("fever . 2 pain", 0, False, False, False)]),
        ("(fever.) pain", [("( fever", 0, False, False, False),
                           (") pain", 0, False, False, False)]),
        ("(fever?) pain", [("( fever ? ) pain", 0, False, False, False)]),
        ("fever?foot drop", [("fever ? foot drop", 0, False, False, False)]),
        # What asks.
        ("CES? Fever", [("ces", 0, False, False, True), ("fever", 0, False, False, False)]),
        ("Any CES? Fever", [("any ces", 0, False, False, True),
                            ("fever", 0, False, False, False)]),
        ("CES?\nNo", [("ces", 0, False, False, True), ("no", 0, False, False, False)]),
        ("CES?", [("ces", 0, False, False, True)]),
        ("?CES", [("? ces", 0, False, False, False)]),
        ("? CES", [("? ces", 0, False, False, False)]),
        ("?", [("?", 0, False, False, False)]),
        ("Fever ? chills", [("fever ? chills", 0, False, False, False)]),
    ],
)  # fmt: skip
def test_a_text_is_split_into_sentences(text: str, rows: list[Row], lexicon: Lexicon) -> None:
    words = words_of(text, lexicon)
    found = sentences(words, lexicon)
    said = [words.tokens[one.first : one.last] for one in found]
    assert repr(
        [
            (" ".join(tokens), one.paragraph, one.item, one.opens_list, one.asked)
            for tokens, one in zip(said, found, strict=True)
        ]
    ) == repr(rows)
    assert [one.kinds for one in found] == [frozenset(tokens) for tokens in said]


def test_a_sentence_tells_from_which_token_to_which_it_runs(lexicon: Lexicon) -> None:
    found = sentences(words_of("No fever. Pain?\n\n- MRI", lexicon), lexicon)
    assert [(one.first, one.last) for one in found] == [(0, 2), (3, 4), (6, 8)]


Found = tuple[str, int, set[str]]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        # What stands there, how many commas before it, what it names.
        ("No foot drop", [("no", 0, set()), ("foot drop", 0, {"motor-deficit"})]),
        ("Foot pain, left foot drop", [("foot drop", 1, {"motor-deficit"})]),
        ("Fever, foot drop, chills", [("fever", 0, {"fever"}), ("foot drop", 1, {"motor-deficit"}),
                                      ("chills", 2, {"fever"})]),
        ("PT weekly, pt well", [("pt", 0, {"physical-therapy"}), ("pt", 1, set())]),
        ("PT", [("pt", 0, {"physical-therapy"})]), ("Pt", [("pt", 0, set())]),
        ("PT NO FEVER", [("pt", 0, set()), ("no", 0, set()), ("fever", 0, {"fever"})]),
        ("foot", []),
    ],
)  # fmt: skip
def test_the_phrases_of_a_sentence_are_found(
    text: str, found: list[Found], lexicon: Lexicon
) -> None:
    words = words_of(text, lexicon)
    (sentence,) = sentences(words, lexicon)
    assert [
        (" ".join(words.tokens[one.start : one.end]), one.part, {n.concept for n in one.names})
        for one in events_in(words, sentence, lexicon)
    ] == found


def test_phrases_are_sought_in_their_sentence_only(lexicon: Lexicon) -> None:
    words = words_of("Fever, foot. Drop, chills. Pain", lexicon)
    found = [events_in(words, one, lexicon) for one in sentences(words, lexicon)]
    assert [[(e.start, e.end, e.part) for e in events] for events in found] == [
        [(0, 1, 0)], [(6, 7, 1)], [],
    ]  # fmt: skip
