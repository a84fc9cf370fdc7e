"""Clients that never come to an end: half send their headers by the byte, half their body.

Run as `python slow_clients.py PORT COUNT`: it keeps COUNT of each kind connected, tells on
standard output when nearly all of them are for the first time, and at the end of its input how
many are then.
"""

import asyncio
import os
import ssl
import sys
from contextlib import suppress

HEADERS = b"POST /cds-services/lumbar-mri HTTP/1.1\r\nHost: cds.example.org\r\n"
BODY = HEADERS + b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{"
A_BYTE_EACH_S = 1.0
COME_WITHIN_S = 5.0  # not all at once: slow headers are hung up on after as long, each in its turn
NEARLY_ALL = 0.9  # some are just coming back


class Crowd:
    """How many of them are connected."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connected = 0
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE

    async def drip(self, after_s: float, begun: bytes, more: bytes) -> None:
        """Begin a request, go on by the byte, and begin again as soon as the proxy hangs up."""
        await asyncio.sleep(after_s)
        while True:
            with suppress(OSError, ssl.SSLError):
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", self.port, ssl=self.context
                )
                self.connected += 1
                try:
                    writer.write(begun)
                    while not reader.at_eof():
                        await writer.drain()
                        await asyncio.sleep(A_BYTE_EACH_S)
                        writer.write(more)
                finally:
                    self.connected -= 1
                    writer.close()
            await asyncio.sleep(0.05)


async def main(port: int, count: int) -> None:
    crowd = Crowd(port)
    kinds = [(HEADERS + b"X: ", b"x"), (BODY, b" ")]
    drips = [
        asyncio.ensure_future(crowd.drip(COME_WITHIN_S * number / count, *kind))
        for kind in kinds
        for number in range(count)
    ]
    while crowd.connected < NEARLY_ALL * len(drips):
        await asyncio.sleep(0.05)
    print("here", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(crowd.connected, flush=True)
    for one in drips:
        one.cancel()


if __name__ == "__main__":
    os.nice(10)  # in life they stand elsewhere, and take no time of this machine
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
