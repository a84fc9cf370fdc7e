"""The floor of any service here: the same server with the same options gives the body back."""

import sys

from flask import Flask, Response, request

from service.serving import _THREADS_A_WORKER, _WAITING_A_WORKER


def create_app() -> Flask:
    """Build an application that answers a call with its own bytes."""
    app = Flask(__name__)

    @app.post("/cds-services/lumbar-mri")
    def echo() -> Response:
        return Response(request.get_data(), content_type="application/json")

    @app.get("/health/ready")
    def ready() -> Response:
        return Response(b"{}", content_type="application/json")

    return app


def main(port: int, workers: int) -> None:
    """Serve on loopback until it is told to end."""
    from granian.constants import Interfaces
    from granian.server import Server

    Server(
        "benchmarks.echo:create_app",
        factory=True,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        websockets=False,
        blocking_threads=_THREADS_A_WORKER,
        backpressure=_WAITING_A_WORKER,
        log_access=False,
    ).serve()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
