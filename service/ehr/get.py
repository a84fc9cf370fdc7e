"""One GET: a body that is small enough, in time, or a fixed word for why there is none."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPException

import requests
from urllib3.exceptions import HTTPError

from service.ehr.leash import Leash, open_session
from service.errors import FhirServerError

MOST_BYTES = 8 * 1024 * 1024  # of one answer, and of all pages of one search
_CHUNK = 65536
_OK = 200
_ONCE_MORE = frozenset({429, 502, 503, 504})
_BREATH_S = 0.05  # before a second try, where the server asks for no other pause
_FAILURES = (requests.RequestException, HTTPError, HTTPException, OSError, ValueError)
_USUAL_ENCODING = ("", "identity")


@dataclass(kw_only=True)
class Getter:
    """Asks one server, within one budget of bytes and on one leash.

    `retries` is how often a server that is refusing or overloaded may be asked again.
    """

    leash: Leash
    context: ssl.SSLContext
    headers: dict[str, str]
    bytes_left: int = MOST_BYTES
    retries: int = 1
    _session: requests.Session | None = field(default=None, repr=False)

    def get(self, url: str) -> tuple[bytes, dict[str, str]]:
        """Give body and headers of an answer of status 200; raises FhirServerError."""
        while True:
            pause_s: float | None
            try:
                return self.leash.run(lambda: self._once(url))
            except _Again as again:
                pause_s, reason = again.pause_s, again.reason
            except FhirServerError:
                raise
            except _FAILURES as problem:
                reason = self._reason_of(problem)
                pause_s = _BREATH_S if reason == "ehr_refused" else None
            if pause_s is None or self.retries == 0 or pause_s >= self.leash.left_s:
                raise FhirServerError(reason)
            self.retries -= 1
            time.sleep(pause_s)

    def get_alone(self, url: str) -> tuple[bytes, dict[str, str]]:
        """Give what `get` gives, where nobody else watches the deadline, and close."""
        timer = threading.Timer(self.leash.left_s, self.leash.cut)
        timer.daemon = True
        timer.start()
        try:
            return self.get(url)
        finally:
            timer.cancel()
            self.close()

    def close(self) -> None:
        """Give back the connections."""
        if self._session is not None:
            self._session.close()

    def _once(self, url: str) -> tuple[bytes, dict[str, str]]:
        if self.leash.over:
            raise FhirServerError("ehr_timeout")
        if self._session is None:
            self._session = open_session(self.context)
        with self._session.get(
            url,
            headers={**self.headers, "Accept-Encoding": "identity"},
            allow_redirects=False,
            stream=True,
            timeout=self.leash.left_s,
        ) as answer:
            if answer.status_code in _ONCE_MORE:
                raise _Again(f"ehr_http_{answer.status_code}", _pause_s(answer))
            if answer.status_code != _OK:
                raise FhirServerError(f"ehr_http_{answer.status_code}")
            if answer.headers.get("Content-Encoding", "").lower() not in _USUAL_ENCODING:
                raise FhirServerError("ehr_encoding")
            if not answer.headers.get("Content-Length", "0").strip().isdecimal():
                raise FhirServerError("ehr_connection")  # nobody can tell where it would end
            body = b"".join(self._chunks(answer))
            return body, {name.lower(): value for name, value in answer.headers.items()}

    def _chunks(self, answer: requests.Response) -> Iterator[bytes]:
        for chunk in answer.raw.stream(_CHUNK, decode_content=False):
            self.bytes_left -= len(chunk)
            if self.bytes_left < 0:
                raise FhirServerError("ehr_too_large")
            if self.leash.over:
                raise FhirServerError("ehr_timeout")
            yield chunk

    def _reason_of(self, problem: BaseException) -> str:
        """Give a fixed word for a failure; never its own words, which hold the address."""
        if self.leash.over:
            return "ehr_timeout"
        kinds = [type(one) for one in _chain(problem)]
        for kind, reason in (
            (socket.gaierror, "ehr_dns"),
            (ssl.SSLError, "ehr_tls"),
            (ConnectionRefusedError, "ehr_refused"),
            (TimeoutError, "ehr_timeout"),
        ):
            if any(issubclass(one, kind) for one in kinds):
                return reason
        return "ehr_connection"


class _Again(Exception):
    """The server asks to be asked again, after a pause; None where it named none we can keep."""

    def __init__(self, reason: str, pause_s: float | None) -> None:
        super().__init__(reason)
        self.reason, self.pause_s = reason, pause_s


def _pause_s(answer: requests.Response) -> float | None:
    """Read Retry-After in whole seconds; a date, or nonsense, is no pause that we could keep."""
    asked = answer.headers.get("Retry-After")
    if asked is None:
        return _BREATH_S
    return float(asked) if asked.isdecimal() and len(asked) < 5 else None


def _chain(problem: BaseException | None) -> Iterator[BaseException]:
    """Give an error and all that it was raised from or wraps."""
    seen: set[int] = set()
    left = [problem]
    while left:
        one = left.pop()
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            left += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
