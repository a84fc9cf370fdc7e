"""The step `gather`: what the EHR sent with its call, sorted by the section it fills."""

from collections.abc import Mapping

from service.clinical.chart import Group
from service.clinical.patient import Identity
from service.clinical.read import Record, Records

# Sites type prefetch keys by hand and name them in their own way.
_OTHER_NAMES = {
    "medications": Group.MEDICATION_REQUESTS,
    "medicationrequests": Group.MEDICATION_REQUESTS,
    "problems": Group.CONDITIONS,
    "obs": Group.OBSERVATIONS,
}
_NAMES = {
    "medications": Group.MEDICATION_REQUESTS,
    "medicationrequests": Group.MEDICATION_REQUESTS,
    "problems": Group.CONDITIONS,
    "obs": Group.OBSERVATIONS,
}
_NAMES = {group.value.lower(): group for group in Group if group is not Group.ORDER} | _OTHER_NAMES


def gather(patient: Identity, prefetch: Mapping[str, bytes]) -> Records:
    """Sort what was sent by the section it was asked for; a key that is not there was not sent."""
    pieces = tuple(
        Record(
            key=key,
            group=_NAMES.get(key.lower()),
            json=None if bytes(json).strip() == b"null" else bytes(json),
        )
        for key, json in prefetch.items()
    )
    return Records(patient=patient, pieces=pieces)
