"""Codes and names as EHRs write them, and what each stands for."""

import pytest

from service.clinical.terminology import ICD_10_CM, Terminology, words_of
from service.web.answer import Desk

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
CPT = "http://www.ama-assn.org/go/cpt"


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
        (ICD_10_CM, "G82.229", "motor-deficit"),
        (ICD_10_CM, "C61.3", "malignancy-active"),  # of a category that has no parts
        (ICD_10_CM, "c61", "malignancy-active"),
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
    ("system", "standard", "published"),
    [(SNOMED, True, True), ("https://snomed.info/sct", True, True), (LOINC, True, True),
     ("urn:oid:2.16.840.1.113883.6.96", True, True), ("urn:oid:2.16.840.1.113883.6.1", True, True),
     (ICD_10_CM, False, True), ("urn:oid:2.16.840.1.113883.6.90", False, True), (CPT, False, True),
     ("urn:oid:1.2.3.4", False, False), ("", False, False), (None, False, False)],
)  # fmt: skip
def test_a_code_system_is_everybody_s_or_a_site_s(
    system: str | None, standard: bool, published: bool, terms: Terminology
) -> None:
    assert (terms.is_standard(system), terms.is_published(system)) == (standard, published)


@pytest.mark.parametrize(
    ("text", "alone", "beside_a_code"),
    [("Ideal body weight", {"obs-body-weight"}, set()), ("Oral temperature",
      {"obs-body-temperature"}, set()), ("Height", set(), set()),
     ("Leg strength", {"obs-muscle-strength"}, {"obs-muscle-strength"}),
     ("Leg strength, body weight", {"obs-muscle-strength", "obs-body-weight"},
      {"obs-muscle-strength"})],
)  # fmt: skip
def test_beside_a_standard_code_only_a_thing_without_any_is_named(
    text: str, alone: set[str], beside_a_code: set[str], terms: Terminology
) -> None:
    assert terms.named(text, coded=False).things == alone
    assert terms.named(text, coded=True).things == beside_a_code


def test_words_are_split_in_lower_case() -> None:
    assert words_of("Left-sided LBP, L4_5?") == ("left", "sided", "lbp", "l4", "5", "?")


@pytest.mark.parametrize(
    ("text", "sides"),
    [("left leg", {"left"}), ("Right", {"right"}), ("bilateral", {"both"}),
     ("left and right", {"left", "right"}), ("b/l", {"both"}), ("leftover", set())],
)  # fmt: skip
def test_a_side_is_read_from_words(text: str, sides: set[str], terms: Terminology) -> None:
    assert terms.sides_named(text) == sides
