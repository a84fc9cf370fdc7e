"""Many clients at once, each of which calls again as soon as it is answered."""

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from house import CALL_PATH


@dataclass(frozen=True, kw_only=True)
class Given:
    """One answer: its status, the seconds that it took, its headers in lower case."""

    status: int
    took_s: float
    headers: dict[str, str]


def call_at_once(address: str, body: bytes, connections: int, seconds: float) -> list[Given]:
    """Call over so many connections for so long; an answer that breaks off is an error."""
    return asyncio.run(_all(address, body, connections, time.monotonic() + seconds))


async def _all(address: str, body: bytes, connections: int, until: float) -> list[Given]:
    given: list[Given] = []
    clients = (_one(address, body, until, given) for _ in range(connections))
    await asyncio.gather(*clients)
    return given


async def _one(address: str, body: bytes, until: float, given: list[Given]) -> None:
    parts = urlsplit(address)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = (
        f"POST {CALL_PATH} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    while time.monotonic() < until:
        begun = time.monotonic()
        writer.write(head + body)
        await writer.drain()
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines) if k}
        await reader.readexactly(int(headers["content-length"]))
        took = time.monotonic() - begun
        given.append(Given(status=int(first.split()[1]), took_s=took, headers=headers))
    writer.close()
