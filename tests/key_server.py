"""A key server on loopback that can answer well, badly, slowly or without end."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class KeyServer:
    """Its address, how it behaves just now, what it was asked, and how much it could send."""

    url: str = ""
    behave: Behaviour = lambda asked: asked.send_error(404)
    asked: list[str] = field(default_factory=list)
    sent: int = 0
    closing: threading.Event = field(default_factory=threading.Event)

    def publish(self, keys: Any, **headers: str) -> None:
        """Answer with a key set from now on."""
        self.behave = answering(json.dumps(keys).encode(), **headers)


@contextmanager
def key_server() -> Iterator[KeyServer]:
    known = KeyServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.asked.append(self.path)
            try:
                known.behave(self)
            except OSError:
                self.close_connection = True  # whoever asked has gone

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.known = known
    known.url = f"http://127.0.0.1:{server.server_port}/jwks"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield known
    finally:
        known.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def answering(body: bytes, status: int = 200, **headers: str) -> Behaviour:
    def behave(asked: BaseHTTPRequestHandler) -> None:
        asked.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            asked.send_header(name.replace("_", "-"), value)
        asked.end_headers()
        asked.wfile.write(body)

    return behave


def silent(asked: BaseHTTPRequestHandler) -> None:
    asked.server.known.closing.wait(20)


def dripping(asked: BaseHTTPRequestHandler) -> None:
    """Send one more byte now and then, so that no single wait ever takes long."""
    asked.send_response(200)
    asked.end_headers()
    while not asked.server.known.closing.wait(0.1):
        asked.wfile.write(b" ")


def dripping_headers(asked: BaseHTTPRequestHandler) -> None:
    asked.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not asked.server.known.closing.wait(0.1):
        asked.wfile.write(b"x")


def endless(asked: BaseHTTPRequestHandler) -> None:
    """Send 50 MB, as fast as they are taken."""
    asked.send_response(200)
    asked.end_headers()
    for _ in range(50):
        asked.wfile.write(b" " * 1_000_000)
        asked.server.known.sent += 1_000_000


def cut_short(asked: BaseHTTPRequestHandler) -> None:
    asked.send_response(200)
    asked.send_header("Content-Length", "1000")
    asked.end_headers()
    asked.wfile.write(b'{"keys": [')
