"""The FHIR data types that are read, each as a typed struct that names only the fields read."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

# `gc=False`: nothing in these can point back to them, so the search for garbage leaves them out.
Text = str | None


class Coding(Struct, frozen=True, gc=False):
    """One code in one code system."""

    system: Text = None
    code: Text = None
    display: Text = None


class Reference(Struct, frozen=True, gc=False):
    """A pointer to another resource."""

    reference: Text = None
    display: Text = None
    type: Text = None


class CodeableConcept(Struct, frozen=True, gc=False):
    """Codes and words for one thing; hashable, since what it stands for is looked up by it."""

    coding: tuple[Coding, ...] | None = None
    text: Text = None


class CodeableReference(CodeableConcept, frozen=True):
    """A concept or a reference, as R5 holds them one level deeper; R4's two forms fit as well."""

    concept: CodeableConcept | None = None
    reference: Reference | Text = None
    display: Text = None
    value: tuple[CodeableReference, ...] | None = None


class Quantity(Struct, gc=False):
    """A measured number with its unit."""

    value: float | None = None
    comparator: Text = None
    unit: Text = None
    code: Text = None


class Ratio(Struct, gc=False):
    """One number of another: a grade of five."""

    numerator: Quantity | None = None
    denominator: Quantity | None = None


class Range(Struct, gc=False):
    """From one number to another."""

    low: Quantity | None = None
    high: Quantity | None = None


class Period(Struct, gc=False):
    """From when to when; no end means "still so"."""

    start: Text = None
    end: Text = None


class Annotation(Struct, gc=False):
    """A note."""

    text: Text = None
    time: Text = None


class Contained(Struct):
    """A resource inside another: what is read of it is what its code says."""

    resourceType: Text = None  # noqa: N815
    id: Text = None
    code: Any = None


Concepts = list[CodeableConcept] | CodeableConcept | None
References = list[Reference] | Reference | None
Notes = list[Annotation] | None
