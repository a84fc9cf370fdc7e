"""The floor of any service here: the same server with the same options gives the body back.

As it came, or after decoding every resource in it into the structs that the service reads.
"""

import sys
from collections.abc import Callable

from flask import Flask, Response, request

from benchmarks.in_process import decode
from service.serving import server_options


def create_echo() -> Flask:
    """Build an application that answers a call with its own bytes."""
    return _application(lambda body: None)


def create_floor() -> Flask:
    """Build an application that decodes a call, and then answers with its bytes."""
    return _application(decode)


def _application(work: Callable[[bytes], object]) -> Flask:
    app = Flask(__name__)

    @app.post("/cds-services/lumbar-mri")
    def echo() -> Response:
        body = request.get_data()
        work(body)
        return Response(body, content_type="application/json")

    @app.get("/health/ready")
    def ready() -> Response:
        return Response(b"{}", content_type="application/json")

    return app


def main(kind: str, port: int, workers: int) -> None:
    """Serve an `echo` or a `floor` on loopback until it is told to end."""
    from granian.server import Server

    target = f"benchmarks.echo:create_{kind}"
    Server(target, address="127.0.0.1", port=port, workers=workers, **server_options()).serve()


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
