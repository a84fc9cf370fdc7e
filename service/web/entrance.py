"""Lets in as many calls at a time as can be answered in time, and turns the others away at once."""

import threading
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import msgspec

from service import metrics
from service.logs import log
from service.settings import Settings
from service.web import hook

# Of one worker: calls that compute, wait for their turn, or for a FHIR server; and their bodies,
# since a call takes as long to compute as it is long. The first is let in however long it is.
MOST_INSIDE = 64
_MOST_BYTES_INSIDE = 24 * 1024 * 1024
_RETRY_AFTER_S = 1
_TOLD_EVERY_S = 1.0
_READ_AT_ONCE = 64 * 1024
_BODY = msgspec.json.encode(hook.outcome("throttled", "too many calls at once; try again"))
_STATUS = f"{HTTPStatus.SERVICE_UNAVAILABLE.value} {HTTPStatus.SERVICE_UNAVAILABLE.phrase}"
_HEADERS = [
    ("Content-Type", "application/json"),
    ("Content-Length", str(len(_BODY))),
    ("Retry-After", str(_RETRY_AFTER_S)),
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
]


class Entrance:
    """Stands before the application, and counts the hook calls inside.

    What is turned away costs no more than its reading: under the load that this is for, whatever it
    cost would be taken from the calls that were let in.
    """

    def __init__(
        self,
        application: WSGIApplication,
        browsers: Callable[[str | None], dict[str, str]],
    ) -> None:
        """Stand before an application; `browsers` gives the headers for a page of some origin."""
        self._application = application
        self._browsers = browsers
        self._inside = self._bytes_inside = 0
        self._turned_away = 0
        self._told_at = float("-inf")
        self._counting = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a request, or turn a hook call away: 503, and when to try again."""
        if environ["PATH_INFO"] != hook.CALL_PATH or environ["REQUEST_METHOD"] != "POST":
            return self._application(environ, start)
        length = _length(environ)
        if not self._let_in(length):
            return self._turn_away(environ, start)
        try:
            return self._application(environ, start)
        finally:
            with self._counting:
                self._inside -= 1
                self._bytes_inside -= length

    def _let_in(self, length: int) -> bool:
        with self._counting:
            fits = self._bytes_inside + length <= _MOST_BYTES_INSIDE and self._inside < MOST_INSIDE
            if self._inside and not fits:
                return False
            self._inside += 1
            self._bytes_inside += length
            return True

    def _turn_away(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        body: Any = environ["wsgi.input"]
        while body.read(_READ_AT_ONCE):
            continue  # a client that is still sending would miss the answer
        metrics.turned_away()
        self._tell()
        start(_STATUS, [*_HEADERS, *self._browsers(environ.get("HTTP_ORIGIN")).items()])
        return [_BODY]

    def _tell(self) -> None:
        """Say how many were turned away, once a second."""
        with self._counting:
            self._turned_away += 1
            now = time.monotonic()
            if now - self._told_at < _TOLD_EVERY_S:
                return
            self._told_at, count, self._turned_away = now, self._turned_away, 0
        log.error("calls turned away", count=count)


def _length(environ: WSGIEnvironment) -> int:
    """Give the bytes of a body by its own word; 0 where it has none, or none that is a number."""
    told = environ.get("CONTENT_LENGTH") or ""
    return int(told) if told.isascii() and told.isdigit() else 0


def browser_headers(settings: Settings, origin: str | None) -> dict[str, str]:
    """Give the headers that let a page call: of any origin in the sandbox, else of those named."""
    if settings.open_to_anyone:
        named = {"Access-Control-Allow-Origin": "*"}
    elif origin and origin in settings.browser_origins:
        named = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    else:
        return {}
    return {
        **named,
        "Access-Control-Allow-Headers": "Authorization, Content-Type",
        "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    }
