"""Forms whose options stand behind a label, ticked or not, and questions with their answers."""

from datetime import date

import pytest

from service.clinical.text import Lexicon, read_text
from service.clinical.text.options import chosen
from service.clinical.text.words import Words, words_in

WRITTEN = date(2026, 11, 22)


def said(text: str, lexicon: Lexicon, concept: str = "saddle-anaesthesia") -> str:
    (found,) = {m.assertion for m in read_text(text, lexicon, WRITTEN) if m.concept == concept}
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[ ] normal [x] reduced", "present"), ("[x] normal [ ] reduced", "absent"),
        ("[ ] normal [ ] reduced", None), ("( ) normal (x) reduced", "present"),
        ("[ ] normal / [x] reduced", "present"), ("normal [ ] reduced [x]", "present"),
        ("normal [x], reduced [ ]", "absent"), ("\u2610 normal \u2611 reduced", "present"),
        ("___ normal _x_ reduced", "present"), ("_x_ normal ___ reduced", "absent"),
        ("reduced", "present"), ("[x] reduced", "present"), ("", None),
    ],
)  # fmt: skip
def test_of_a_function_the_ticked_quality_is_said(
    text: str, expected: str | None, lexicon: Lexicon
) -> None:
    found = [m.assertion for m in read_text(f"Saddle sensation: {text}", lexicon, WRITTEN)]
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize("label", ["Saddle numbness: ", "Saddle numbness ", "Saddle numbness? "])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[ ] no [x] yes", "present"), ("[x] no [ ] yes", "absent"), ("[x] yes [ ] no", "present"),
        ("[ ] yes [x] no", "absent"), ("[ ] yes [ ] no", "silent"), ("(x) Y ( ) N", "present"),
        ("[x]Y [ ]N", "present"), ("[ ]Y [x]N", "absent"), ("[ ] not tested [x] yes", "present"),
    ],
)  # fmt: skip
def test_of_a_symptom_the_ticked_answer_is_said(
    label: str, text: str, expected: str, lexicon: Lexicon
) -> None:
    assert said(label + text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Saddle numbness: yes [x] no [ ]", "present"),
        ("Saddle numbness: yes [ ] no [x]", "absent"),
        ("Saddle numbness: yes / no", "silent"), ("Saddle numbness: Y/N", "silent"),
        ("Saddle numbness (Y/N): N", "absent"), ("Saddle numbness (yes/no): yes", "present"),
        ("Saddle numbness Y/N: n", "absent"), ("Saddle numbness: ____", "silent"),
        ("Saddle numbness: [ ]", "silent"), ("Saddle numbness: [x]", "present"),
        ("Saddle numbness: [ ], foot drop: [x]", "silent"), ("Saddle numbness: (x)", "present"),
        ("Saddle numbness: N/A", "silent"), ("Saddle numbness: not tested", "silent"),
        ("Saddle numbness: not tested, declines", "silent"), ("Saddle numbness: NAD", "absent"),
        ("Saddle numbness: not tested today, but felt", "present"),
        ("Saddle numbness: __ yes __", "present"), ("Saddle numbness: ___ yes", "present"),
        ("Saddle numbness: ___ left", "silent"), ("Saddle numbness: ___ no _x_ yes", "present"),
        ("Saddle numbness - declined", "present"), ("Saddle numbness? Not asked.", "silent"),
        ("Saddle numbness: could not be assessed", "silent"),
        ("Saddle numbness: not present", "absent"), ("Saddle numbness: no", "absent"),
        ("Saddle numbness? No", "absent"), ("Saddle numbness? No.", "absent"),
        ("Saddle numbness? Yes", "present"), ("Saddle numbness? no, foot drop? yes", "absent"),
        ("Saddle numbness?", "possible"), ("Saddle numbness? No fever", "possible"),
        ("Saddle numbness? No pain", "possible"), ("?Saddle numbness", "possible"),
        ("Saddle numbness/foot drop: no", "absent"), ("Foot drop/saddle numbness: no", "absent"),
        ("Saddle numbness / fever / foot drop: none", "absent"),
        ("Saddle numbness, foot drop: no", "present"),
        ("Any saddle numbness?\n( ) No\n(x) Yes\n( ) Prefer not to answer", "present"),
        ("Any saddle numbness?\n(x) No\n( ) Yes\n( ) Prefer not to answer", "absent"),
        ("Saddle numbness:\n  [ ] yes\n  [x] no", "absent"),
        ("Saddle numbness\n[x] no", "present"), ("Saddle numbness:\n[x] no", "absent"),
        ("Saddle numbness:\n[x] yes", "present"),
        ("Saddle numbness: [x] yes [ ] no\n", "present"),
        ("Saddle numbness: [x] no [ ] yes\n", "absent"),
        ("Saddle numbness Y/N", "silent"), ("Saddle numbness (yes/no)", "silent"),
        ("Saddle numbness Y/N foot drop Y/N", "silent"), ("Saddle numbness y/n, fever", "silent"),
        ("Saddle numbness (Y/N), fever", "silent"), ("(saddle numbness Y/N), fever", "silent"),
        ("Saddle numbness Y/N Y", "present"), ("Saddle numbness Y / N [x] yes", "present"),
        ("Saddle numbness Y/N no", "absent"), ("Saddle numbness, Y/N", "present"),
        ("Saddle numbness Y/N - Y", "present"), ("Saddle numbness Y/N\nY", "present"),
        ("Saddle numbness (yes/no)\nYes since Friday", "present"),
        ("Saddle numbness Y/N worse since Friday", "present"),
        ("Saddle numbness Y/N patient says yes", "present"),
        ("Saddle numbness Y/N\n[x] yes", "present"), ("Saddle numbness Y/N\nFever Y/N", "silent"),
        ("Saddle numbness Y/N, back", "silent"), ("Saddle numbness Y/N foot", "present"),
        ("Saddle numbness no/no", "present"),
        ("Saddle numbness no/no, pain Y/N", "present"), ("Saddle numbness Y/N no fever", "present"),
        ("Saddle numbness: yes / yes", "silent"), ("Saddle numbness: no /", "absent"),
        ("Saddle numbness: _", "silent"),
        ("Saddle numbness: __x__ no ___ yes", "absent"),
        ("[x] no [ ] yes saddle numbness", "absent"), ("Saddle numbness: [ ] pain", "present"),
        ("Saddle numbness: [ ] yes\n[x]", "present"), ("Saddle numbness: [ ] no", "silent"),
        ("Saddle numbness: _x_ no", "absent"),
        ("Saddle numbness: yes / no [x] yes [ ] no", "present"),
        ("Saddle numbness: yes / no [ ] yes [x] no", "absent"),
        ("\n[x] no [ ] yes\nSaddle numbness", "present"),
    ],
)  # fmt: skip
def test_an_answer_is_read_however_it_is_given(text: str, expected: str, lexicon: Lexicon) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize("text", ["Physical therapy: declined", "Physical therapy: refused"])
def test_a_refusal_behind_a_label_is_one(text: str, lexicon: Lexicon) -> None:
    assert said(text, lexicon, "physical-therapy") == "refused"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Saddle numbness: [x] no [ ] yes Foot drop: [ ] no [x] yes", ("absent", "present")),
        ("Saddle numbness: [x] yes [ ] no Foot drop: [ ] yes [x] no", ("present", "absent")),
        ("Saddle numbness? Yes Foot drop? No", ("possible", "absent")),
        ("Saddle numbness? yes; foot drop? no", ("present", "absent")),
        ("[x] saddle numbness [ ] foot drop", ("present", "absent")),
        ("Symptoms: [ ] left saddle numbness [x] left foot drop", ("absent", "present")),
        ("Symptoms: [x] left foot drop [ ] saddle numbness", ("absent", "present")),
        ("Red flags: [x] saddle numbness [ ] foot drop", ("present", "absent")),
        ("Red flags: [x] none [ ] saddle numbness [ ] foot drop", ("absent", "absent")),
        ("saddle numbness [x] foot drop [ ]", ("present", "absent")),
        ("Saddle numbness: [ ]\nFoot drop: [x]", ("silent", "present")),
        ("Saddle numbness: ____ Foot drop: yes", ("silent", "present")),
        ("Saddle numbness: [ ] no\n[x] yes\nFoot drop: [x] no\n[ ] yes", ("present", "absent")),
    ],
)  # fmt: skip
def test_each_of_two_questions_has_its_own_answer(
    text: str, expected: tuple[str, str], lexicon: Lexicon
) -> None:
    assert (said(text, lexicon), said(text, lexicon, "motor-deficit")) == expected


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("Foot drop: [ ] none [x] left [ ] right", "left"),
        ("Foot drop [ ] left [x] right", "right"),
        ("Foot drop: [ ] none [ ] left [ ] right [x] both", "both"),
        ("Foot drop (left/mild): yes", "left"),
    ],
)  # fmt: skip
def test_a_side_that_is_ticked_or_in_brackets_is_the_side(
    text: str, side: str, lexicon: Lexicon
) -> None:
    found = [m for m in read_text(text, lexicon, WRITTEN) if m.concept == "motor-deficit"]
    assert [(m.assertion.value, m.side.value) for m in found] == [("present", side)]


def rewritten(text: str, lexicon: Lexicon) -> Words:
    return chosen(words_in(text, lexicon.joined, lexicon.spellings), lexicon)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Numbness Y/N Y, pain", "numbness : y , pain"),
        ("Numbness Y/N, pain", "numbness : _ , pain"),
        ("(Y/N): yes", ": yes"), ("Numbness? No.", "numbness : no ."),
        ("Numbness [x] no [ ] yes", "numbness : no"), ("Numbness: [ ] no", "numbness : _"),
        ("Numbness: [ ] no pain", "numbness : _ ; pain"), ("Numbness:\n[x] no", "numbness : no"),
        ("?\n[x] no", ": no"), ("___ [x] no [ ] yes", ": no"),
        ("\n[x] no [ ] yes\nNumbness?", "\n [x] no [ ] yes \n numbness ?"),
        ("Numbness: yes / no [x] yes [ ] no", "numbness : yes"),
        ("Numbness: [ ] no [x] left leg only", "numbness : left leg only"),
        ("Numbness: [ ] no [x] left leg only mild", "numbness : [ ] no [x] left leg only mild"),
    ],
)  # fmt: skip
def test_of_what_can_be_ticked_the_rest_is_left_out(
    text: str, tokens: str, lexicon: Lexicon
) -> None:
    assert " ".join(rewritten(text, lexicon).tokens) == tokens


def test_what_is_put_in_stands_before_what_follows_it(lexicon: Lexicon) -> None:
    found = rewritten("SADDLE NUMBNESS [X] NO [ ] YES PAIN", lexicon)
    assert found.tokens == ["saddle", "numbness", ":", "no", ";", "pain"]
    assert found.starts == [0, 7, 16, 20, 31, 31]
    assert found.ends == [6, 15, 16, 30, 31, 35]
    assert found.shouted


def test_what_stands_behind_no_label_is_left_as_it_is(lexicon: Lexicon) -> None:
    words = words_in("Saddle numbness, not tested", lexicon.joined, lexicon.spellings)
    assert chosen(words, lexicon) is words


def test_the_phrase_is_shown_as_it_was_written(lexicon: Lexicon) -> None:
    (found,) = read_text("Well. Saddle Sensation: [ ] normal [x] reduced", lexicon, WRITTEN)
    assert found.phrase == "Saddle Sensation: [ ] normal [x] reduced"
    assert found.words == "Saddle Sensation: [ ] normal [x] reduced"
    (found,) = read_text("Saddle numbness: yes [ ] no [x] Well.", lexicon, WRITTEN)
    assert found.phrase == "Saddle numbness: yes [ ] no [x]"
    (*_, found) = read_text("Fever. [x] no [ ] yes, foot drop", lexicon, WRITTEN)
    assert (found.phrase, found.words) == ("[x] no [ ] yes, foot drop", "foot drop")
