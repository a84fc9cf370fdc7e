"""Keeps one failing FHIR server from holding up anything else: circuit breaker and bulkhead."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

MOST_FETCHES = 48  # at once, of one issuer in one worker process
MOST_CALLS = 4  # at once, that wait for their fetches
FAILED_CALLS = 3  # in a row, after which the server is left alone
REST_S = 10.0  # for so long; then one call tries again
_FETCHES_THAT_TELL = 2
_NO_PLACE = "ehr_busy"
# What says that the server itself is in trouble, not that one search was wrong.
_TROUBLE = frozenset(
    {"ehr_timeout", "ehr_dns", "ehr_tls", "ehr_refused", "ehr_connection", "ehr_address"}
    | {f"ehr_http_{status}" for status in (429, 500, 502, 503, 504)}
)


@dataclass(kw_only=True)
class Guard:
    """Counts what one issuer's FHIR servers keep busy, and how each has answered lately."""

    fetches: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MOST_FETCHES)
    )
    calls: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MOST_CALLS)
    )
    _failed: dict[str, int] = field(default_factory=dict)  # calls in a row, by server
    _rests_until: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refusal(self, base: str = "") -> str | None:
        """Say why a call may not fetch from a server now.

        One that may has taken its place; `leave` ends it.
        """
        if not self.calls.acquire(blocking=False):
            return _NO_PLACE
        with self._lock:
            now = time.monotonic()
            rests = self._failed.get(base, 0) >= FAILED_CALLS
            if not rests or now >= self._rests_until[base]:
                self._rests_until[base] = now + REST_S  # whoever tries now, tries for the others
                return None
        self.calls.release()
        return "ehr_circuit_open"

    def leave(self, reasons: Iterable[str | None], base: str = "") -> None:
        """End a call's fetching; `reasons` are those of its fetches, None for a good one.

        A fetch that got no place says nothing of the server, nor does one failure alone: a single
        slow search shall not hide what the others would find.
        """
        found = [reason for reason in reasons if reason != _NO_PLACE]
        trouble = len(found) >= _FETCHES_THAT_TELL and all(one in _TROUBLE for one in found)
        with self._lock:
            if trouble:
                self._failed[base] = self._failed.get(base, 0) + 1
            elif any(one not in _TROUBLE for one in found):
                self._failed[base] = 0
        self.calls.release()
