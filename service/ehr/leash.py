"""HTTP connections on a leash: only to addresses that were checked, and cut at the deadline."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from service.addresses import Network, may_be_called
from service.errors import FhirServerError

_NEXT_ADDRESS_AFTER_S = 0.4  # so long one of several addresses of a name is waited for
_here = threading.local()
Work = TypeVar("Work")


@dataclass(kw_only=True)
class Leash:
    """What one fetch may do: until when, and to which addresses that are not public.

    `deadline` is a moment of `time.monotonic()`.
    """

    deadline: float
    networks: tuple[Network, ...]
    _sockets: list[socket.socket] = field(default_factory=list)
    _cut: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def left_s(self) -> float:
        """The seconds that are left; never less than a moment, so that it can be waited for."""
        return max(self.deadline - time.monotonic(), 0.001)

    @property
    def over(self) -> bool:
        """Whether the time is over."""
        return self._cut or time.monotonic() >= self.deadline

    def run(self, work: Callable[[], Work]) -> Work:
        """Do some work in this thread on this leash."""
        _here.leash = self
        try:
            return work()
        finally:
            _here.leash = None

    def connect(self, host: str, port: int) -> socket.socket:
        """Resolve a name once, refuse it if it leads anywhere forbidden, and connect to that."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        if not found or not all(may_be_called(str(one[4][0]), self.networks) for one in found):
            raise FhirServerError("ehr_address")
        for family, kind, protocol, _, address in found[:-1]:
            try:
                return self._connected(family, kind, protocol, address, _NEXT_ADDRESS_AFTER_S)
            except OSError:
                continue
        family, kind, protocol, _, address = found[-1]
        return self._connected(family, kind, protocol, address, self.left_s)

    def _connected(
        self, family: int, kind: int, protocol: int, address: Any, most_s: float
    ) -> socket.socket:
        one = socket.socket(family, kind, protocol)
        try:
            self.hold(one)
            one.settimeout(min(most_s, self.left_s))
            one.connect(address)
            one.settimeout(self.left_s)
        except BaseException:
            one.close()
            raise
        return one

    def hold(self, one: socket.socket) -> None:
        """Take a connection on the leash; raises TimeoutError where that was cut already."""
        with self._lock:
            if self._cut:
                raise TimeoutError
            self._sockets.append(one)

    def cut(self) -> None:
        """End whatever still runs: a server that sends a byte now and then would go on for ever."""
        with self._lock:
            self._cut = True
            for one in self._sockets:
                try:
                    # The connection below TLS: TLS itself is in the hands of another thread.
                    socket.socket.shutdown(one, socket.SHUT_RDWR)
                except OSError:
                    continue  # it was closed already


class _Leashed:
    """A connection that asks the leash of its thread for its socket."""

    def _new_conn(self: Any) -> socket.socket:
        leash: Leash = _here.leash
        return leash.connect(self._dns_host, self.port)


class _Connection(_Leashed, HTTPConnection):
    pass


class _SafeConnection(_Leashed, HTTPSConnection):
    def connect(self) -> None:
        """Connect, and put what TLS made of the socket on the leash in its place."""
        super().connect()
        leash: Leash = _here.leash
        if self.sock is None:
            raise OSError
        leash.hold(self.sock)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SafePool(HTTPSConnectionPool):
    ConnectionCls = _SafeConnection


class _Adapter(HTTPAdapter):
    """Connects on a leash, with one TLS context for all, and never by a proxy."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools whose connections are on a leash."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._context)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SafePool}

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave the certificates to the context: it verifies, and was loaded once."""

    def build_connection_pool_key_attributes(
        self, request: Any, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """Give the TLS context, and nothing that would load certificates anew."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._context}


class _Session(requests.Session):
    """A session to which no answer is a redirect: not even its body is read."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Give no address, whatever an answer says."""


def open_session(context: ssl.SSLContext) -> requests.Session:
    """Open a session for one fetch: no proxy, no netrc, no cookie, no redirect."""
    session = _Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(context))
    return session


def tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Build the TLS context of a client: version 1.2 or later, certificate and name verified."""
    context = ssl.create_default_context(cafile=ca_file or certifi.where())
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
