"""The entries taken from one resource after the other, whichever of them fails."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from service.clinical.chart import Entry
from service.clinical.meaning import Reader, status_code
from service.errors import UNFORESEEN

_STATUSES = ("status", "clinicalStatus", "verificationStatus")


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
    given = (getattr(resource, name, None) for name in _STATUSES)
    return all(
        (status_code(status) or "").lower() in reader.reading.statuses for status in given if status
    )
