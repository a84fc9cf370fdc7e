"""Codes and names as EHRs write them, and what each stands for."""

import pytest

from service.clinical.terminology import ICD_10_CM, Terminology
from service.web.answer import Desk

SNOMED = "http://snomed.info/sct"


@pytest.fixture(scope="module")
def terms(desk: Desk) -> Terminology:
    return desk.guideline.reading.terms


@pytest.mark.parametrize(
    ("system", "code", "concept"),
    [
        (ICD_10_CM, "G83.4", "cauda-equina-syndrome"),
        (ICD_10_CM, "G834", "cauda-equina-syndrome"),
        (ICD_10_CM, " g83.4 ", "cauda-equina-syndrome"),
        ("urn:oid:2.16.840.1.113883.6.90", "G83.4", "cauda-equina-syndrome"),
        (ICD_10_CM, "C50.9199", "malignancy-active"),  # younger than the shipped release
        (SNOMED, "192970008", "cauda-equina-syndrome"),
        (SNOMED, "192970008 ", "cauda-equina-syndrome"),
        ("urn:oid:2.16.840.1.113883.6.96", "192970008", "cauda-equina-syndrome"),
    ],
)
def test_a_code_is_known_however_it_is_written(
    system: str, code: str, concept: str, terms: Terminology
) -> None:
    assert concept in terms.concepts_of(system, code)


@pytest.mark.parametrize(
    ("system", "code"),
    [(ICD_10_CM, "J06.9"), (ICD_10_CM, "G8"), (ICD_10_CM, ""), (SNOMED, "G83.4"),
     (None, "G83.4"), ("http://local", "192970008"), (ICD_10_CM, "C44.91"), (SNOMED, None)],
)  # fmt: skip
def test_another_code_stands_for_nothing_here(
    system: str | None, code: str | None, terms: Terminology
) -> None:
    assert not terms.concepts_of(system, code) & {"cauda-equina-syndrome", "malignancy-active"}


@pytest.mark.parametrize(
    ("text", "sides"),
    [("left leg", {"left"}), ("Right", {"right"}), ("bilateral", {"both"}),
     ("left and right", {"left", "right"}), ("b/l", {"both"}), ("leftover", set())],
)  # fmt: skip
def test_a_side_is_read_from_words(text: str, sides: set[str], terms: Terminology) -> None:
    assert terms.sides_named(text) == sides
