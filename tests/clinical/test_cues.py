"""What a cue makes of each concept in its sentence, and how far it reaches."""

from datetime import date

import pytest

from service.clinical.text import Lexicon, read_text

WRITTEN = date(2026, 11, 22)


def said(text: str, lexicon: Lexicon) -> list[str]:
    """Give all that a text says, in its order, and what of it is new or worse."""
    return [
        f"{m.concept} {m.assertion.value}{' worse' if m.worse else ''}"
        for m in read_text(text, lexicon, WRITTEN)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No fever, foot drop", ["fever absent", "motor-deficit possible"]),
        ("No fever, cancer", ["fever absent", "malignancy-active unclear"]),
        ("No fever or foot drop since Monday", ["fever absent", "motor-deficit absent"]),
        ("No fever, foot drop since Monday", ["fever absent", "motor-deficit possible"]),
        ("No fever and foot drop since Monday", ["fever absent", "motor-deficit possible"]),
        ("No cancer and weight loss since Monday",
         ["malignancy-active absent", "unexplained-weight-loss absent"]),
        ("No cancer, weight loss since Monday",
         ["malignancy-active absent", "unexplained-weight-loss unclear"]),
        ("Denies cancer, weight loss since Monday",
         ["malignancy-active absent", "unexplained-weight-loss unclear"]),
        ("Denies fever, foot drop when walking", ["fever absent", "motor-deficit absent"]),
        ("Denies back pain with leg weakness",
         ["low-back-pain-radiculopathy absent", "leg-weakness absent"]),
        ("No issues with foot drop", ["motor-deficit absent"]),
        ("No fever, he walks with foot drop", ["fever absent", "motor-deficit present"]),
        ("Denies fever, walks because of this sudden new foot drop",
         ["fever absent", "motor-deficit possible worse"]),
        ("Laminectomy denied", ["prior-lumbar-surgery absent"]),
    ],
)  # fmt: skip
def test_a_denial_reaches_what_is_listed_and_leaves_an_urgent_thing_possible(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No fever, cancer, foot drop",
         ["fever absent", "malignancy-active absent", "motor-deficit absent"]),
        ("He smokes, no fever, foot drop", ["fever absent", "motor-deficit possible"]),
        ("He smokes, no fever, cancer, foot drop",
         ["fever absent", "malignancy-active absent", "motor-deficit absent"]),
        ("No fever, cancer, bad foot drop",
         ["fever absent", "malignancy-active absent", "motor-deficit possible"]),
        ("No fever, cancer, foot drop observed",
         ["fever absent", "malignancy-active absent", "motor-deficit possible"]),
    ],
)  # fmt: skip
def test_two_commas_make_a_list_of_bare_names(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No fever, foot drop or cancer",
         ["fever absent", "motor-deficit absent", "malignancy-active absent"]),
        ("No fever, foot drop but cancer or weight loss",
         ["fever absent", "motor-deficit possible", "malignancy-active present",
          "unexplained-weight-loss present"]),
        ("No fever, bad foot drop but cancer",
         ["fever absent", "motor-deficit possible", "malignancy-active present"]),
        ("No fever, bad foot drop, no cancer or trauma",
         ["fever absent", "motor-deficit possible", "malignancy-active absent",
          "trauma-low-energy absent"]),
    ],
)  # fmt: skip
def test_an_or_holds_a_list_together_until_the_list_ends(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Not afebrile", ["fever possible"]),
        ("He is not afebrile", ["fever possible"]),
        ("Not thought to be afebrile", ["fever possible"]),
        ("Denies fever, afebrile", ["fever absent"]),
        ("Denies fever, saddle sensation intact", ["fever absent", "saddle-anaesthesia absent"]),
        ("Denies fever, if saddle sensation intact discharge",
         ["fever absent", "saddle-anaesthesia unclear"]),
        ("If afebrile", ["fever unclear"]),
        ("Not atraumatic", ["trauma-low-energy unclear"]),
        ("No epidural collection", ["spinal-infection absent"]),
        ("Epidural collection", ["spinal-infection possible"]),
    ],
)  # fmt: skip
def test_a_denial_turns_words_for_what_is_normal_only_next_to_it(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("History of left sided partial foot drop", ["motor-deficit historical"]),
        ("History of left sided and partial foot drop", ["motor-deficit possible"]),
        ("Long ago he had a history of foot drop", ["motor-deficit historical"]),
        ("History of cancer and foot drop",
         ["malignancy-active historical", "motor-deficit possible"]),
        ("History of cancer, foot drop", ["malignancy-active historical", "motor-deficit present"]),
        ("History of cancer, osteoporosis",
         ["malignancy-active historical", "osteoporosis present"]),
        ("PMH cancer, osteoporosis, foot drop",
         ["malignancy-active historical", "osteoporosis historical", "motor-deficit present"]),
        ("Previously foot drop", ["motor-deficit historical"]),
        ("Laminectomy previously", ["prior-lumbar-surgery present"]),
        ("Previous foot drop for 3 years", ["motor-deficit historical"]),
        ("Over the past 2 weeks weight loss", ["unexplained-weight-loss present"]),
    ],
)  # fmt: skip
def test_the_past_is_said_of_an_urgent_thing_only_next_to_it(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mother had foot drop", ["motor-deficit family"]),
        ("Mother had cancer", ["malignancy-active family"]),
        ("Here with mother and foot drop", ["motor-deficit possible"]),
        ("Family history of cancer?", ["malignancy-active family"]),
    ],
)  # fmt: skip
def test_a_family_is_meant_where_it_is_named_and_a_doubt_keeps_an_urgent_thing(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Foot drop, denied", ["motor-deficit absent"]),
        ("Fever and foot drop denied", ["fever absent", "motor-deficit absent"]),
        ("Fever, foot drop denied", ["fever present", "motor-deficit absent"]),
        ("Foot drop denied fever noted", ["motor-deficit absent", "fever present"]),
        ("Fever, foot drop previously with cancer",
         ["fever present", "motor-deficit historical", "malignancy-active present"]),
        ("Foot drop previously and cancer",
         ["motor-deficit historical", "malignancy-active present"]),
        ("Possible foot drop ruled out", ["motor-deficit absent"]),
        ("Physical therapy ordered", ["physical-therapy planned"]),
        ("Foot drop ordered", ["motor-deficit present"]),
        ("Foot drop?", ["motor-deficit possible"]),
        ("Foot drop ? resolved", ["motor-deficit present"]),
        ("No numb bum after a drive, resolved", ["saddle-anaesthesia absent"]),
        ("He came in to talk about his back pain. Foot drop was denied",
         ["low-back-pain-radiculopathy present", "motor-deficit absent"]),
        ("Foot drop which was and is now and has also been clinically and fully denied",
         ["motor-deficit absent"]),
        ("Foot drop which was and is now and has also been clinically and fully largely denied",
         ["motor-deficit present"]),
    ],
)  # fmt: skip
def test_a_cue_turns_what_stands_before_it(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fever, negative foot drop", ["fever present", "motor-deficit absent"]),
        ("Back pain with negative foot drop",
         ["low-back-pain-radiculopathy present", "motor-deficit present"]),
    ],
)  # fmt: skip
def test_a_denial_opens_a_part_of_a_sentence_and_not_its_middle(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No further concern for CES", ["cauda-equina-syndrome absent"]),
        ("No active clinical concern for CES", ["cauda-equina-syndrome absent"]),
        ("No very active clinical concern for CES", ["cauda-equina-syndrome possible"]),
    ],
)  # fmt: skip
def test_a_doubt_is_denied_only_next_to_the_denial(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Denies sudden foot drop", ["motor-deficit absent"]),
        ("Today he denies sudden foot drop", ["motor-deficit absent"]),
        ("Denies that there is new foot drop", ["motor-deficit absent"]),
        ("Denies fever, new foot drop", ["fever absent", "motor-deficit possible worse"]),
        ("No fever, new foot drop", ["fever absent", "motor-deficit present worse"]),
        ("History of cancer, new foot drop",
         ["malignancy-active historical", "motor-deficit present worse"]),
        ("History of foot drop now worse",
         ["motor-deficit present worse", "pain-worse present worse"]),
        ("If fever, new foot drop", ["fever hypothetical", "motor-deficit hypothetical worse"]),
        ("Progressive leg weakness", ["leg-weakness present worse"]),
    ],
)  # fmt: skip
def test_what_is_new_ends_what_was_said_of_the_past_and_is_no_part_of_a_denial(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Discussed fever and red flags", ["fever hypothetical", "red-flags hypothetical"]),
        ("Discussed fever (+) and red flags", ["fever present", "red-flags hypothetical"]),
        ("This foot drop is a red flag", ["motor-deficit present", "red-flags present"]),
        ("It was foot drop or red flags", ["motor-deficit present", "red-flags present"]),
        ("Red flags: fever", ["red-flags silent", "fever present"]),
        ("Red flags present", ["red-flags present"]),
        ("Red flags: fever. Seen today.", ["red-flags silent", "fever present"]),
        ("Red flags: fever. No cancer.",
         ["red-flags silent", "fever present", "malignancy-active absent"]),
        ("Foot drop. Return if any of these occur.", ["motor-deficit present"]),
        ("Red flags: foot drop (+), fever. Return if any of these occur",
         ["red-flags silent", "motor-deficit present", "fever hypothetical"]),
        ("Red flags: no fever, foot drop. Return if any of these occur",
         ["red-flags silent", "fever absent", "motor-deficit hypothetical"]),
        ("Return if any of these occur: foot drop", ["motor-deficit hypothetical"]),
    ],
)  # fmt: skip
def test_advice_is_not_said_of_today(text: str, expected: list[str], lexicon: Lexicon) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("No weight loss until Monday", ["unexplained-weight-loss absent"]),
        ("Fever, no foot drop until Monday", ["fever present", "motor-deficit possible"]),
        ("Saddle sensation intact, reduced", ["saddle-anaesthesia unclear"]),
        ("Saddle sensation intact,", ["saddle-anaesthesia absent"]),
        ("Saddle sensation intact. Power reduced", ["saddle-anaesthesia absent"]),
        ("No foot drop. Rest until Monday", ["motor-deficit absent"]),
    ],
)  # fmt: skip
def test_what_is_denied_or_normal_in_part_is_kept(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Denies bowel/bladder", ["bladder-symptom absent", "fecal-incontinence absent"]),
        ("Denies bladder, fever", ["bladder-symptom absent", "fever absent"]),
        ("Denies bladder surgery", []),
        ("Denies fever/strength, cancer",
         ["fever absent", "leg-weakness absent", "malignancy-active absent"]),
        ("Bladder, fever", ["fever present"]),
    ],
)  # fmt: skip
def test_a_bare_label_is_denied_at_the_end_of_a_list(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\n- foot drop", ["motor-deficit present"]),
        ("Denies:\n- foot drop\nHas:\n- foot drop",
         ["motor-deficit absent", "motor-deficit present"]),
        ("Patient denies:\n- foot drop since Monday", ["motor-deficit absent"]),
        ("Foot drop. Foot drop. Fever.", ["motor-deficit present", "fever present"]),
        ("Foot drop and foot drop", ["motor-deficit present"]),
    ],
)  # fmt: skip
def test_a_list_says_of_each_item_what_opens_it_and_a_copy_says_nothing(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert said(text, lexicon) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Well. Weakness.", []),
        ("Well. Weakness now.", ["leg-weakness present"]),
        ("MRI and foot drop", ["motor-deficit present"]),
        ("Incontinence since Monday", ["bladder-symptom present"]),
        ("No incontinence", ["generic-normal absent"]),
    ],
)  # fmt: skip
def test_a_word_alone_or_of_something_else_names_nothing(
    text: str, expected: list[str], lexicon: Lexicon
) -> None:
    assert said(text, lexicon) == expected
