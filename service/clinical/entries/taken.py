"""The entries taken from one resource after the other, whichever of them fails."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import cache
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


@cache
def _statuses_of(kind: Hashable) -> tuple[str, ...]:
    return tuple(name for name in _STATUSES if hasattr(kind, name))


def of_known_status(reader: Reader, resource: Any) -> bool:
    """Whether every status that was sent is one, and says which."""
    known = reader.reading.statuses
    for name in _statuses_of(type(resource)):  # type: ignore[arg-type]
        status = getattr(resource, name)
        if type(status) is str and status in known:
            continue  # the usual case first, since most records hold nothing else
        if status and (status_code(status) or "").lower() not in known:
            return False
    return True
