"""Whether the EHR's FHIR server may be asked, for this call: the server, the token, the patient."""

import re
from dataclasses import dataclass, field
from typing import Any

from service.addresses import normalised
from service.clients import Client

_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_BEARER = "bearer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Secret:
    """A value that shows itself only when asked to."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return "***"


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """What a call says of its FHIR server, as sent: nothing of it is trusted yet."""

    fhir_server: Any = None
    authorization: Any = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """A FHIR server that may be asked: its registered address, and the token of this call."""

    base: str
    token: Secret | None
    expires_in_s: float | None


def well_formed(token: object) -> bool:
    """Whether something can be a token, and harm nothing as a header."""
    return isinstance(token, str) and _TOKEN.fullmatch(token) is not None


def grant(offer: Offer, client: Client, patient_id: str) -> Access | str:
    """Give access to a registered server, or a fixed word for why there is none."""
    if offer.fhir_server is None and offer.authorization is None:
        return "no_fhir_server"
    base = normalised(offer.fhir_server)
    if base is None or base not in client.fhir_servers:
        return "fhir_server_not_registered"
    if offer.authorization is None:
        return Access(base=base, token=None, expires_in_s=None)
    if not isinstance(offer.authorization, dict):
        return "token_malformed"
    return _with_token(base, offer.authorization, patient_id)


def _with_token(base: str, authorization: dict[str, Any], patient_id: str) -> Access | str:
    token = authorization.get("access_token")
    kind = authorization.get("token_type", _BEARER)
    left_s = authorization.get("expires_in")
    whose = authorization.get("patient")
    if not isinstance(token, str) or not well_formed(token):
        return "token_malformed"
    if not isinstance(kind, str) or kind.lower() != _BEARER:
        return "token_malformed"
    if left_s is not None and (isinstance(left_s, bool) or not isinstance(left_s, int | float)):
        return "token_malformed"
    if left_s is not None and not left_s > 0:
        return "token_expired"
    if whose is not None and whose not in (patient_id, f"Patient/{patient_id}"):
        return "token_of_another_patient"
    return Access(base=base, token=Secret(value=token), expires_in_s=left_s)
