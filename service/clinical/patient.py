"""Whose a resource is: the patient's of the call, another's, or one that nobody can tell."""

import re
from dataclasses import dataclass
from enum import StrEnum

from service.addresses import normalised
from service.clinical import fhir

_VERSION = re.compile(r"/_history/[A-Za-z0-9.\-_]+$")
_RELATIVE = re.compile(r"(?P<kind>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9.\-_]+)")
_ABSOLUTE = re.compile(r"(?P<base>https?://[^/?#]+(?:/[^/?#]+)*)/(?P<kind>[A-Z][A-Za-z]+)/"
                       r"(?P<id>[A-Za-z0-9.\-_]+)")  # fmt: skip
_BY_UUID = ("urn:uuid:", "urn:oid:")
_PATIENT = "Patient"


class Whose(StrEnum):
    """Whose a resource is."""

    PATIENT = "the patient's"
    ANOTHER = "another's"  # never used
    UNKNOWN = "unknown"  # may alarm, never reassures


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """The patient of a call: the id, the EHR's base address, and the ids of merged records."""

    id: str
    fhir_server: str | None = None
    merged: frozenset[str] = frozenset()  # ids that this patient's record replaces
    linked: frozenset[str] = frozenset()  # ids that the record names without saying "the same"

    def whose(self, reference: fhir.Reference | None) -> Whose:
        """Say whose a resource is by its subject; ids are compared letter by letter."""
        pointed = reference.reference if reference else None
        if not reference or not pointed or reference.type not in (None, _PATIENT):
            return Whose.UNKNOWN
        if pointed == f"{_PATIENT}/{self.id}" and self.id:
            return Whose.PATIENT
        if self.id and pointed in [before + self.id for before in _BY_UUID]:
            return Whose.PATIENT
        pointed = _VERSION.sub("", pointed)
        found = _RELATIVE.fullmatch(pointed) or self._absolute(pointed)
        if found is None:
            return Whose.UNKNOWN
        if "base" in found.groupdict() and not self._same_server(found["base"]):
            return Whose.ANOTHER
        return self._named(found["kind"], found["id"])

    def _absolute(self, pointed: str) -> re.Match[str] | None:
        return _ABSOLUTE.fullmatch(pointed)

    def _same_server(self, base: str) -> bool:
        """Whether an address is the EHR's, however its host is spelt.

        Where the call names no server, any may be it.
        """
        if self.fhir_server is None:
            return True
        ours = normalised(self.fhir_server)
        return base == self.fhir_server.rstrip("/") or (
            ours is not None and ours == normalised(base)
        )

    def _named(self, kind: str, some_id: str) -> Whose:
        if kind == _PATIENT and (some_id == self.id or some_id in self.merged):
            return Whose.PATIENT
        if kind == _PATIENT and some_id in self.linked:
            return Whose.UNKNOWN
        return Whose.ANOTHER

    def of_record(self, patient: fhir.Patient) -> "Identity":
        """Add what the patient's own record says of merged and linked records."""
        merged, linked = set(self.merged), set(self.linked)
        for link in patient.link or ():
            pointed = (link.other.reference if link.other else None) or ""
            found = _RELATIVE.fullmatch(_VERSION.sub("", pointed)) or self._absolute(pointed)
            elsewhere = (
                found and "base" in found.groupdict() and not self._same_server(found["base"])
            )
            if found and not elsewhere and found["kind"] == _PATIENT:
                (merged if link.type == "replaces" else linked).add(found["id"])
        return Identity(
            id=self.id,
            fhir_server=self.fhir_server,
            merged=frozenset(merged),
            linked=frozenset(linked - merged),
        )
