"""A FHIR server on loopback that gives one chart, until it is told to misbehave on some path."""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

LOOPBACK = "127.0.0.1"
BEGIN_OF_TLS = b"\x16\x03"
MOST_S = 20  # so long a misbehaving answer goes on at most


@dataclass(kw_only=True)
class Exchange:
    """One request to the server, and the connection on which it is answered, or not."""

    sock: socket.socket
    path: str
    headers: dict[str, str]
    server: "FaultServer"
    number: int  # of the requests for what is misbehaved on, from 1

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)
        self.server.sent += len(data)

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        """Answer as a server should."""
        usual = {"Content_Type": "application/fhir+json", "Content_Length": str(len(body))}
        lines = [f"HTTP/1.1 {status} Answer"]
        lines += [f"{name.replace('_', '-')}: {text}" for name, text in (usual | headers).items()]
        self.send("\r\n".join([*lines, "", ""]).encode() + body)

    def give(self, content: Any, **headers: str) -> None:
        """Answer with JSON."""
        self.answer(json.dumps(content).encode(), **headers)

    def rest(self, seconds: float = MOST_S) -> bool:
        """Do nothing for some time; true if the server closes meanwhile."""
        return self.server.closing.wait(seconds)

    def drip(self, data: Iterable[int], every_s: float) -> None:
        """Send byte by byte, so that no single wait ever takes long."""
        for byte in data:
            self.send(bytes([byte]))
            if self.rest(every_s):
                return

    def reset(self) -> None:
        """End the connection by a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()


Behaviour = Callable[[Exchange], None]


@dataclass(kw_only=True)
class FaultServer:
    """Its chart, how it misbehaves and on which paths, and what it was asked."""

    port: int
    scheme: str = "http"
    chart: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    behave: Behaviour | None = None
    on: str = ""  # what a path begins with, after the base, to be misbehaved on
    asked: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    connections: int = 0
    sent: int = 0
    misbehaved: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def base(self) -> str:
        return f"{self.scheme}://{LOOPBACK}:{self.port}/fhir"

    def hold(self, *resources: dict[str, Any]) -> None:
        """Hold a chart from now on."""
        self.chart = {}
        for resource in resources:
            self.chart.setdefault(resource["resourceType"], []).append(resource)

    def begin(self, behave: Behaviour | None = None, on: str = "") -> None:
        """Forget what was asked; misbehave from now on, or no longer."""
        self.behave, self.on = behave, on
        self.asked, self.authorizations = [], []
        self.connections = self.sent = self.misbehaved = 0

    def take(self, sock: socket.socket, path: str, headers: dict[str, str]) -> None:
        """Answer one request."""
        inside = path.removeprefix("/fhir").removeprefix("/")
        self.asked.append(inside)
        self.authorizations.append(headers.get("authorization", ""))
        wrong = self.behave is not None and inside.startswith(self.on)
        self.misbehaved += wrong
        exchange = Exchange(
            sock=sock, path=inside, headers=headers, server=self, number=self.misbehaved
        )
        if wrong and self.behave is not None:
            self.behave(exchange)
        else:
            self.behave_well(exchange)

    def behave_well(self, asked: Exchange) -> None:
        """Give the resources of one kind, or one patient."""
        found = urlsplit(asked.path)
        kind, _, some_id = found.path.partition("/")
        if not some_id:
            whose = parse_qs(found.query).get("patient", [""])[0]
            held = [r for r in self.chart.get(kind, ()) if subject_of(r) in ("", whose)]
            asked.give(searchset(*held))
            return
        held = [r for r in self.chart.get(kind, ()) if r["id"] == some_id]
        asked.give(held[0]) if held else asked.answer(b"", status=404)


def subject_of(resource: dict[str, Any]) -> str:
    return str(resource.get("subject", {}).get("reference", "")).removeprefix("Patient/")


def searchset(*resources: Any, **more: Any) -> dict[str, Any]:
    entries = [{"resource": resource} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", **more, "entry": entries}


@contextmanager
def listening(backlog: int = 64) -> Iterator[socket.socket]:
    """Listen on a free port of loopback; nobody accepts."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen(backlog)
        yield listener


@contextmanager
def black_hole() -> Iterator[int]:
    """Give a port of loopback whose listener has no room for another connection."""
    with listening(backlog=0) as listener, contextlib.ExitStack() as kept:
        for _ in range(4):
            filler = kept.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@contextmanager
def fault_server(context: ssl.SSLContext | None = None) -> Iterator[FaultServer]:
    """Run a server on loopback until the end of the block; with TLS if there is a context."""
    with listening() as listener:
        port = listener.getsockname()[1]
        server = FaultServer(port=port, scheme="https" if context else "http")
        acceptor = threading.Thread(target=accept, args=(listener, server, context), daemon=True)
        acceptor.start()
        try:
            yield server
        finally:
            server.closing.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(5)
            assert not acceptor.is_alive()


def accept(listener: socket.socket, server: FaultServer, context: ssl.SSLContext | None) -> None:
    while not server.closing.is_set():
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        server.connections += 1
        threading.Thread(target=serve, args=(sock, server, context), daemon=True).start()


def serve(sock: socket.socket, server: FaultServer, context: ssl.SSLContext | None) -> None:
    """Serve one connection until either side ends it."""
    sock.settimeout(MOST_S)
    try:
        if context is not None:
            sock = context.wrap_socket(sock, server_side=True)
        while not server.closing.is_set():
            request = read_request(sock)
            if request is None:
                return
            server.take(sock, *request)
    except (OSError, ValueError):
        return  # whoever asked has gone
    finally:
        sock.close()


def read_request(sock: socket.socket) -> tuple[str, dict[str, str]] | None:
    """Read one GET: its path, and its headers in lower case."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        more = sock.recv(65536)
        if not more:
            return None
        raw += more
        if raw.startswith(BEGIN_OF_TLS):
            sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return None
    first, *lines = raw.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return first.split(" ")[1], {name.lower(): text.strip() for name, _, text in pairs}
