"""Forms that are filled in: what each says of the concepts in its sentence."""

import pytest

from service.clinical.text import Lexicon
from service.clinical.text.forms import filled_in, ticked
from service.clinical.text.words import events_in, sentences, words_in

Said = tuple[dict[str, str], set[int]]


def filled(text: str, lexicon: Lexicon) -> list[Said]:
    """Give for each sentence what is said of each phrase, and the tokens that are answers."""
    words = words_in(text, lexicon.joined, lexicon.spellings)
    parts = sentences(words, lexicon)
    told: list[Said] = []
    for part in parts:
        events = events_in(words, part, lexicon)
        form = filled_in(words, part, events, lexicon, ticked(parts))
        said = {
            " ".join(words.tokens[events[n].start : events[n].end]): f"{assertion}"
            for n, assertion in form.said.items()
        }
        told.append((said, set(form.answers)))
    return told


@pytest.mark.parametrize(
    ("text", "said", "answers"),
    [
        # Answers.
        ("Fever: no", {"fever": "absent"}, {2}), ("Fever=yes", {"fever": "present"}, {2}),
        ("Fever:", {}, set()), ("Fever: 39", {}, set()), ("Fever: no foot drop", {}, set()),
        ("Foot drop: 4, fever: no", {"fever": "absent"}, {7}),
        ("Fever today, foot drop: no", {"foot drop": "absent"}, {6}),
        ("Fever: no foot drop: no", {"fever": "absent", "foot drop": "absent"}, {2, 6}),
        ("Fever: no foot drop: yes", {"fever": "absent", "foot drop": "present"}, {2, 6}),
        ("Foot drop/fever: no", {"foot drop": "absent", "fever": "absent"}, {5}),
        ("Foot drop / chills: no, fever: yes",
         {"foot drop": "absent", "chills": "absent", "fever": "present"}, {5, 9}),
        # Signs at the head of a word.
        ("Fever -foot drop", {"foot drop": "absent"}, set()),
        ("Fever +foot drop", {"foot drop": "present"}, set()),
        ("Fever 5-foot drop", {}, set()), ("Fever x-foot drop", {}, set()),
        ("Fever - foot drop", {}, set()), ("Fever -5 foot drop", {}, set()), ("Fever -", {}, set()),
        ("-fever", {}, set()), ("+fever", {"fever": "present"}, set()),
        ("-fever/+foot drop", {"fever": "absent", "foot drop": "present"}, set()),
        ("-fever -foot drop", {"fever": "absent", "foot drop": "absent"}, set()),
        ("(-fever)", {"fever": "absent"}, set()), ("pain,-fever", {"fever": "absent"}, set()),
        ("and +fever", {"fever": "present"}, set()),
        ("Plantars -upgoing", {}, set()), ("Left -upgoing", {}, set()),
        # Signs behind a word, and how far.
        ("Fever (-), foot drop (+)", {"fever": "absent", "foot drop": "present"}, set()),
        ("Fever (-), foot drop left (+)", {"fever": "absent", "foot drop": "present"}, set()),
        ("Fever (-), foot drop left side (+)", {"fever": "absent", "foot drop": "present"}, set()),
        ("Fever (-), foot drop of left side (+)", {"fever": "absent"}, set()),
        # One sign before a list.
        ("(-) fever, foot drop", {"fever": "absent", "foot drop": "possible"}, set()),
        ("(-) fever foot drop", {"fever": "absent", "foot drop": "absent"}, set()),
        ("(-) fever, osteoporosis", {"fever": "absent", "osteoporosis": "unclear"}, set()),
        ("(+) fever, foot drop", {"fever": "present", "foot drop": "present"}, set()),
        # Boxes.
        ("[ ] fever, foot drop", {"fever": "silent", "foot drop": "silent"}, set()),
        ("[x] fever, foot drop", {"fever": "present", "foot drop": "present"}, set()),
        ("[ ] fever, foot drop [x] chills",
         {"fever": "absent", "foot drop": "absent", "chills": "present"}, set()),
        ("✓ fever", {"fever": "present"}, set()), ("☐ fever ☑ chills",
        {"fever": "absent", "chills": "present"}, set()),
    ],
)  # fmt: skip
def test_a_form_says_so_of_each_phrase(
    text: str, said: dict[str, str], answers: set[int], lexicon: Lexicon
) -> None:
    assert filled(text, lexicon) == [(said, answers)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("+fever. Foot drop", [{"fever": "present"}, {}]),
        ("+fever. -foot drop", [{"fever": "present"}, {}]),
        ("(-) fever. Foot drop (+)", [{"fever": "absent"}, {"foot drop": "present"}]),
        ("Now +fever. -foot drop", [{"fever": "present"}, {}]),
        ("+fever. Foot drop (-)", [{"fever": "present"}, {"foot drop": "absent"}]),
        ("(-) fever. (+) foot drop", [{"fever": "absent"}, {"foot drop": "present"}]),
        ("[ ] fever\n[x] foot drop", [{"fever": "absent"}, {"foot drop": "present"}]),
        ("[x] fever\n\n[ ] foot drop", [{"fever": "present"}, {"foot drop": "silent"}]),
    ],
)  # fmt: skip
def test_a_form_ends_with_its_sentence_and_its_boxes_with_their_paragraph(
    text: str, said: list[dict[str, str]], lexicon: Lexicon
) -> None:
    assert [one for one, _ in filled(text, lexicon)] == said
