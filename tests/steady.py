"""Calls at a steady rate, whatever becomes of those before: as hospitals call."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests

A_SECOND = 50
CALLERS = 16
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, kw_only=True)
class Answered:
    """One call: when it was due, began and ended, and its status, or None where none came."""

    due: float
    begun: float
    ended: float
    status: int | None

    @property
    def took_s(self) -> float:
        """How long it took since it was due: what one call holds up counts for the next."""
        return self.ended - self.due


@contextmanager
def steady_calls(url: str, body: bytes, verify: str | bool = True) -> Iterator[list[Answered]]:
    """Call at a steady rate, over connections that are kept, until the end of the block."""
    answered: list[Answered] = []
    first, ended = time.monotonic(), threading.Event()

    def go_on(number: int) -> None:
        session = requests.Session()
        due = first + number / A_SECOND
        while not ended.is_set():
            time.sleep(max(0.0, due - time.monotonic()))
            begun = time.monotonic()
            try:
                given = session.post(url, body, headers=_JSON, timeout=20, verify=verify)
                status: int | None = given.status_code
            except requests.RequestException:
                status = None
            answered.append(Answered(due=due, begun=begun, ended=time.monotonic(), status=status))
            due += CALLERS / A_SECOND

    threads = [threading.Thread(target=go_on, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    try:
        yield answered
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def rate(answered: list[Answered]) -> float:
    """Give the calls a second that were answered."""
    return len(answered) / (answered[-1].ended - answered[0].begun)
