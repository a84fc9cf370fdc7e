"""The entries taken from one resource after the other, whichever of them fails."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from service.clinical.chart import Entry
from service.clinical.entries import READERS
from service.clinical.meaning import Reader, status_code
from service.errors import UNFORESEEN

_STATUSES = ("status", "clinicalStatus", "verificationStatus")
_STATUSES_OF = {kind: tuple(n for n in _STATUSES if hasattr(kind, n)) for kind in READERS}


@dataclass(slots=True)
class Taken:
    """The entries read so far, and the types of what could not be read by a fault of ours."""

    entries: list[Entry] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def take(self, make: Callable[[Reader, Any], Iterable[Entry]], reader: Reader, it: Any) -> bool:
        """Read one resource, and say whether that went well; entries before a fault are kept."""
        try:
            self.entries.extend(make(reader, it))
        except UNFORESEEN:
            self.failed.append(type(it).__name__)
            return False
        return True


def of_known_status(reader: Reader, resource: Any) -> bool:
    """Whether every status that was sent is one, and says which."""
    known = reader.reading.statuses
    for name in _STATUSES_OF[type(resource)]:
        status = getattr(resource, name)
        if type(status) is str and status in known:
            continue  # the usual case first, since most records hold nothing else
        if status and (status_code(status) or "").lower() not in known:
            return False
    return True
