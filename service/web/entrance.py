"""Lets in as many calls at a time as can be answered in time, and turns the others away at once."""

import re
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

# Of one worker: calls that compute, wait for their turn, or for a FHIR server; and of long ones,
# which take as long to compute, their bodies. The first of these is let in however long it is.
MOST_INSIDE = 64
SPARE = 16  # threads of a worker beside these: they turn calls away, and answer for its health
_LONG = 1024 * 1024
_MOST_LONG_BYTES = 24 * 1024 * 1024
_LENGTH = re.compile(r"[0-9]{1,12}")
_RETRY_AFTER_S = 1
_TOLD_EVERY_S = 1.0
_PATIENCE_S = 0.5  # so long one waits for others who drain, and then answers without
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
        self._inside = self._long_bytes = 0
        self._turned_away = 0
        self._told_at = float("-inf")
        self._counting = threading.Lock()
        self._draining = threading.Semaphore(SPARE // 2)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, or turn a hook call away: 503, and when to try again.

        What still comes of the body of a refused one is read: left unread it ends the connection,
        on which the next call may be on its way, and hides the answer.
        """
        refused = False

        def start(status: str, *more: Any) -> Any:
            """Pass on what an answer begins with, and note whether it refuses."""
            nonlocal refused
            refused = status[0] in "45"
            return start_response(status, *more)

        answered = self._answer(environ, start)
        if refused and _has_body(environ):
            self._drain(environ)
        return answered

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = "/" + environ["PATH_INFO"].lstrip("/")
        if path != hook.CALL_PATH or environ["REQUEST_METHOD"] != "POST":
            return self._application(environ, start_response)
        length = _length(environ)
        if not self._let_in(length):
            return self._turn_away(environ, start_response)
        try:
            return self._application(environ, start_response)
        finally:
            with self._counting:
                self._inside -= 1
                self._long_bytes -= length if length >= _LONG else 0

    def _let_in(self, length: int) -> bool:
        long = length if length >= _LONG else 0
        with self._counting:
            fits = not self._long_bytes or self._long_bytes + long <= _MOST_LONG_BYTES
            if self._inside >= MOST_INSIDE or (long and not fits):
                return False
            self._inside += 1
            self._long_bytes += long
            return True

    def _turn_away(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        metrics.turned_away()
        self._tell()
        start_response(_STATUS, [*_HEADERS, *self._browsers(environ.get("HTTP_ORIGIN")).items()])
        return [_BODY]

    def _drain(self, environ: WSGIEnvironment) -> None:
        """Read what a client still sends; not if it takes threads.

        Slow ones hold those that drain for as long as they like: the others are for health.
        """
        if not self._draining.acquire(timeout=_PATIENCE_S):
            return
        try:
            body: Any = environ["wsgi.input"]
            left = 2 * _LONG
            while left > 0 and (piece := body.read(_READ_AT_ONCE)):
                left -= len(piece)
        finally:
            self._draining.release()

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
    """Give the bytes of a body by its own word; one that comes in chunks counts as long."""
    told = environ.get("CONTENT_LENGTH") or ""
    return int(told) if _LENGTH.fullmatch(told) else _LONG


def _has_body(environ: WSGIEnvironment) -> bool:
    is_told = environ.get("CONTENT_LENGTH") not in (None, "", "0")
    return is_told or "HTTP_TRANSFER_ENCODING" in environ


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
