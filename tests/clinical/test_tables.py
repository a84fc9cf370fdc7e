"""Tables that lost their lines: answers behind their labels without a mark between."""

from datetime import date

import pytest

from service.clinical.text import Lexicon, read_text
from service.clinical.text.tables import with_colons
from service.clinical.text.words import Words, words_in

WRITTEN = date(2026, 11, 22)


def split(text: str, lexicon: Lexicon) -> Words:
    return words_in(text, lexicon.joined, lexicon.spellings)


@pytest.mark.parametrize(
    ("text", "saddle", "foot"),
    [
        ("Saddle numbness no\nFoot drop yes", "absent", "present"),
        ("Saddle numbness No\nFoot drop Yes\nFever No", "absent", "present"),
        ("saddle numbness n\nfoot drop y", "absent", "present"),
        ("Saddle numbness | No\nFoot drop | Yes", "absent", "present"),
        ("| Saddle numbness | No |\n| Foot drop | Yes |", "absent", "present"),
        ("- Saddle numbness yes\n- Foot drop no", "present", "absent"),
        ("Saddle numbness yes.\nFoot drop never.", "present", "absent"),
        ("Any numbness in the saddle area No\nFoot drop or tripping Yes", "absent", "present"),
        ("Pacemaker no\nSaddle numbness no\n\nFoot drop, new", "absent", "present"),
        ("Saddle numbness no\nFoot drop L, new", "absent", "present"),
        ("Saddle numbness No Foot drop Yes Fever No", "absent", "present"),
        ("Saddle numbness no, foot drop yes", "absent", "present"),
        ("Fever no saddle numbness no foot drop no", "absent", "absent"),
        ("No saddle numbness yes foot drop", "absent", "present"),
        ("Fever Y/N foot drop yes saddle numbness no", "absent", "present"),
        ("Saddle numbness no\nNew foot drop", "absent", "present"),
        # Prose is none.
        ("Saddle numbness yes, foot drop no better", "present", "present"),
        ("Saddle numbness yes foot drop no improvement", "present", "present"),
        ("foot drop no\nbetter, saddle numbness no\nworse", "possible", "present"),
        ("Saddle numbness, foot drop no\nbetter", "present", "present"),
        ("Reports saddle numbness no foot drop", "present", "absent"),
        ("Reports saddle numbness no foot drop no fever", "present", "absent"),
        ("Reports saddle numbness no\nfoot drop", "present", "absent"),
        ("saddle numbness no\nfoot drop", "present", "absent"),
        ("Has saddle numbness and has no\nfoot drop", "present", "absent"),
        ("He is numb in the saddle, and he has no\nfoot drop no", "present", "absent"),
        ("saddle numbness no fever no\nfoot drop", "present", "absent"),
    ],
)  # fmt: skip
def test_an_answer_is_that_of_the_label_before_it(
    text: str, saddle: str, foot: str, lexicon: Lexicon
) -> None:
    said = {m.concept: m.assertion.value for m in read_text(text, lexicon, WRITTEN)}
    assert (said["saddle-anaesthesia"], said["motor-deficit"]) == (saddle, foot)


@pytest.mark.parametrize(
    "text",
    ["Saddle numbness no", "Saddle numbness no.", "Saddle numbness | N", "- Saddle numbness no",
     "| Saddle numbness | no |", "Well.\nSaddle numbness no"],
)  # fmt: skip
def test_a_name_and_its_answer_are_a_table(text: str, lexicon: Lexicon) -> None:
    assert [m.assertion.value for m in read_text(text, lexicon, WRITTEN)] == ["absent"]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Fever no\nPain yes", "fever : no ; \n pain : yes"),
        ("Fever | no\n| Pain | yes |", "fever : no ; \n | pain : yes |"),
        ("Fever no CES yes", "fever : no ; ces : yes"),
        ("Fever no, CES yes, pain better", "fever : no , ces : yes , pain better"),
        ("a b c d e f g fever no", None), ("Fever no\npain", None),
        ("Fever no\nPain", "fever : no ; \n pain"),
        ("a b c d e f g h CES no\nFever no", "a b c d e f g h ces : no ; \n fever : no"),
        ("No CES yes\nNo fever yes\nwell", "no ces : yes ; \n no fever : yes ; \n well"),
        ("Saddle N/T no\nFever no", "saddle n_t : no ; \n fever : no"),
        ("well, no CES yes\nFever no", "well , no ces : yes ; \n fever : no"),
        ("so CES no, foot drop yes", "so ces : no , foot drop : yes"),
        ("so fever no\nwell today\nso CES no", None),
        ("well today\nFever no\nCES yes", "well today \n fever : no ; \n ces : yes"),
        ("a b c d e f g h no\nCES no", "a b c d e f g h : no ; \n ces : no"),
        ("a b c d e f g h i no\nNone", None), ("and no\nhas no", None), ("no\nno", None),
        ("Fever: no", None), ("no fever", None), ("fever no pain", None), ("", None), ("no", None),
        ("CES no yes", None), ("| no\n| no", None), ("so no more\nno less", None),
        ("the fever no", None), ("Better no\nCES no", "better : no ; \n ces : no"),
    ],
)  # fmt: skip
def test_a_colon_stands_before_each_answer(text: str, tokens: str | None, lexicon: Lexicon) -> None:
    words = split(text, lexicon)
    found = with_colons(words, lexicon)
    assert found is words if tokens is None else " ".join(found.tokens) == tokens


def test_what_is_put_in_stands_where_the_answer_does(lexicon: Lexicon) -> None:
    found = with_colons(split("FEVER NO CES | YES", lexicon), lexicon)
    assert found.tokens == ["fever", ":", "no", ";", "ces", ":", "yes"]
    assert found.starts == [0, 6, 6, 9, 9, 15, 15]
    assert found.ends == [5, 6, 8, 9, 12, 15, 18]
    assert found.shouted


def test_a_text_of_a_thousand_answers_is_a_form_and_one_of_more_is_none(lexicon: Lexicon) -> None:
    rows = "Fever no\n" * 999
    most, more = split(f"{rows}CES yes", lexicon), split(f"{rows}CES yes no", lexicon)
    assert with_colons(most, lexicon).tokens.count(":") == 1000
    assert with_colons(more, lexicon) is more
