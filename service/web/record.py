"""What is kept of each call: who asked, what was read from where, what was advised; no chart."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from service.logs import log
from service.metrics import count

_LONGEST_ID = 64


@dataclass(kw_only=True)
class CallRecord:
    """The audit record of one call, filled in as the call goes on.

    `patient` is a keyed hash, another one for each issuer; `hook_instance` is kept only if it is a
    UUID, since nothing else in it could be trusted to name nobody. `origins` says for each
    section of the chart where it was read from, or by a fixed word why it was not.
    """

    endpoint: str
    request_id: str = field(default_factory=lambda: str(uuid4()))
    begun: float = field(default_factory=time.monotonic)
    issuer: str | None = None
    tenant: str | None = None
    token_id: str | None = None
    hook: str | None = None
    hook_instance: str | None = None
    patient: str | None = None
    drafts: int = 0
    orders: int = 0
    origins: Mapping[str, str] = field(default_factory=dict)
    rules: list[str] = field(default_factory=list)
    recommendations: list[str] = field(default_factory=list)
    cards: list[str] = field(default_factory=list)  # their UUIDs
    failed_questions: list[str] = field(default_factory=list)
    content_version: str | None = None
    status: int = 0
    reason: str | None = None  # a fixed word for why a call was refused, or what was wrong

    def write(self) -> None:
        """Write the one line of this call, and count it; one that needs a person is an error."""
        kept = self.as_dict()
        count(kept)
        told = {name: value for name, value in kept.items() if value not in (None, [], {})}
        level = "error" if self.failed_questions or self.status >= 500 else "info"
        getattr(log, level)("call", **told)

    def as_dict(self) -> dict[str, Any]:
        """Give the record's fields, and how long the call took in milliseconds."""
        kept = {name: value for name, value in vars(self).items() if name != "begun"}
        return {**kept, "duration_ms": round((time.monotonic() - self.begun) * 1000, 1)}


def instance_of(given: str) -> str | None:
    """Give a hook instance in its one form if it is a UUID of any version, else None."""
    try:
        return str(UUID(given)) if len(given) <= _LONGEST_ID else None
    except ValueError:
        return None


def pseudonym(key: bytes, issuer: str | None, patient_id: str) -> str:
    """Hash a patient's id with a key, so that two issuers' patients can never be matched."""
    named = f"patient|{issuer or ''}|{patient_id}".encode()
    return hmac.new(key, named, hashlib.sha256).hexdigest()[:32]
