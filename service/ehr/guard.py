"""Keeps one failing FHIR server from holding up anything else: circuit breaker and bulkhead."""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

MOST_FETCHES = 48  # at once, of one issuer in one worker process
MOST_CALLS = 4  # at once, that wait for their fetches
FAILED_CALLS = 3  # in a row, after which the server is left alone
REST_S = 10.0  # for so long; then one call tries again
_NO_PLACE = "ehr_busy"
# What says that the server itself is in trouble, not that one search was wrong.
_TROUBLE = frozenset(
    {"ehr_timeout", "ehr_dns", "ehr_tls", "ehr_refused", "ehr_connection", "ehr_address"}
    | {f"ehr_http_{status}" for status in (429, 500, 502, 503, 504)}
)


@dataclass(kw_only=True)
class Guard:
    """Counts what one issuer's FHIR server keeps busy, and how it has answered lately."""

    fetches: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MOST_FETCHES)
    )
    calls: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(MOST_CALLS)
    )
    _failed: int = 0
    _rests_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refusal(self) -> str | None:
        """Say why a call may not fetch now; one that may has taken its place (`leave` ends it)."""
        if not self.calls.acquire(blocking=False):
            return _NO_PLACE
        with self._lock:
            now = time.monotonic()
            if self._failed < FAILED_CALLS or now >= self._rests_until:
                self._rests_until = now + REST_S  # whoever tries now, tries for the others
                return None
        self.calls.release()
        return "ehr_circuit_open"

    def leave(self, reasons: Iterable[str | None]) -> None:
        """End a call's fetching; `reasons` are those of its fetches, None for a good one.

        A fetch that got no place says nothing of the server.
        """
        found = [reason for reason in reasons if reason != _NO_PLACE]
        trouble = all(reason in _TROUBLE for reason in found)
        with self._lock:
            if found:
                self._failed = self._failed + 1 if trouble else 0
        self.calls.release()
