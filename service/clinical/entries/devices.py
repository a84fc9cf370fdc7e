"""Devices that a patient bears: Device, DeviceUseStatement."""

from collections.abc import Iterator

from service.clinical import fhir
from service.clinical.chart import Entry, Group
from service.clinical.entries.statement import Statement, from_meaning, from_notes
from service.clinical.meaning import Reader, listed, meaning, plain_concept

_GONE = frozenset({"entered-in-error", "inactive"})
_NOT_BORNE = frozenset({"entered-in-error", "stopped", "completed", "intended"})


def read_device(reader: Reader, device: fhir.Device) -> Iterator[Entry]:
    """Read a device by its type and its names."""
    if device.status in _GONE:
        return
    statement = Statement(reference=f"Device/{device.id or ''}", group=Group.DEVICES)
    names = [n.name or n.value for n in (*(device.deviceName or ()), *(device.name or ()))]
    named = [fhir.CodeableConcept(text=name) for name in (*names, device.displayName) if name]
    for concept in (*listed(device.type), *named):
        yield from from_meaning(reader, statement, meaning(reader, concept))
    yield from from_notes(reader, statement, device.note)


def read_borne(reader: Reader, borne: fhir.DeviceUseStatement) -> Iterator[Entry]:
    """Read that a patient bears a device, by the words of its reference or the device inside."""
    if borne.status in _NOT_BORNE or borne.device is None:
        return
    statement = Statement(reference=f"DeviceUseStatement/{borne.id or ''}", group=Group.DEVICES)
    concept = plain_concept(borne.device)
    shown = fhir.CodeableConcept(text=borne.device.display)
    for found in (concept, shown):
        yield from from_meaning(reader, statement, meaning(reader, found))
    yield from from_notes(reader, statement, borne.note)
