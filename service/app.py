"""Builds and wires the service, once."""

import gc
import logging
from zoneinfo import ZoneInfo

import msgspec
from flask import Flask, Response, request

from service.content import content_folder, load
from service.errors import BadHookRequest, MissingPrerequisite
from service.pages.source_attributes import source_attributes
from service.settings import Settings, from_environment
from service.web import hook
from service.web.answer import Desk, answer, today

log = logging.getLogger("lumbar-mri-cds")


def open_desk(settings: Settings) -> Desk:
    """Load the content and the time zone; raises BadContent."""
    guideline = load(content_folder())
    # The content is never freed: left out of every later search for garbage, it costs no call.
    gc.collect()
    gc.freeze()
    return Desk(guideline=guideline, settings=settings, zone=ZoneInfo(settings.time_zone))


def create_app(settings: Settings | None = None) -> Flask:
    """Build the WSGI application."""
    desk = open_desk(settings or from_environment())
    app = Flask("service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = desk.settings.max_body_bytes
    description = msgspec.json.encode(hook.discovery(desk.guideline))

    @app.get("/cds-services")
    def describe() -> Response:
        return _json(description)

    @app.post(f"/cds-services/{hook.SERVICE_ID}")
    def call() -> Response:
        if request.mimetype != "application/json":
            return _refused(415, "not-supported", "Content-Type must be application/json")
        return _json(answer(request.get_data(), desk, today(desk.zone)))

    @app.get("/health/live")
    @app.get("/health/ready")
    def health() -> Response:
        return _json(msgspec.json.encode({"status": "ok", "content": desk.guideline.version}))

    app.register_blueprint(source_attributes(desk.guideline))
    _answer_errors(app)
    return app


def _answer_errors(app: Flask) -> None:
    """Turn each error into its status with an OperationOutcome, in this one place."""

    @app.after_request
    def allow_browsers(response: Response) -> Response:
        if request.path.startswith("/cds-services"):
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
            response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(BadHookRequest)
    def bad(problem: BadHookRequest) -> Response:
        return _refused(
            problem.status,
            "invalid",
            f"{problem.field}: expected {problem.expected}",
            problem.field,
        )

    @app.errorhandler(MissingPrerequisite)
    def missing(problem: MissingPrerequisite) -> Response:
        return _refused(412, "required", f"prefetch needed: {', '.join(problem.keys)}")

    for status, code in ((404, "not-found"), (405, "not-supported"), (413, "too-long")):
        app.register_error_handler(status, _refuser(status, code))

    @app.errorhandler(Exception)
    def failed(problem: Exception) -> Response:
        # The kind of the error only: its words may hold a value from the chart.
        log.error("handler failed: %s", type(problem).__name__)
        return _refused(500, "exception", "The service failed. No advice was given on this order.")


def _refuser(status: int, code: str):  # type: ignore[no-untyped-def]
    def refuse(_problem: Exception) -> Response:
        return _refused(status, code, code.replace("-", " "))

    return refuse


def _json(content: bytes, status: int = 200) -> Response:
    return Response(content, status=status, mimetype="application/json")


def _refused(status: int, code: str, text: str, expression: str | None = None) -> Response:
    return _json(msgspec.json.encode(hook.outcome(code, text, expression)), status)
