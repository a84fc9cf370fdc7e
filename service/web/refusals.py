"""Every refusal, in one place: its status, an OperationOutcome, and a fixed word for the record."""

import msgspec
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from service import metrics
from service.errors import BadHookRequest, MissingPrerequisite, NotAuthorized, StoreDown
from service.logs import log
from service.web import hook

_RETRY_AFTER_S = 10


def answer_errors(app: Flask) -> None:
    """Turn each error into its status with an OperationOutcome, in this one place."""

    @app.errorhandler(BadHookRequest)
    def bad(problem: BadHookRequest) -> Response:
        g.kept.reason = "bad_request"
        return refused(
            problem.status,
            "invalid",
            str(problem),
            problem.field,
        )

    @app.errorhandler(MissingPrerequisite)
    def missing(problem: MissingPrerequisite) -> Response:
        g.kept.reason = "missing_prerequisite"
        return refused(412, "required", str(problem))

    @app.errorhandler(StoreDown)
    def not_stored(_problem: StoreDown) -> Response:
        g.kept.reason = "ledger_down"
        metrics.feedback(g.kept.issuer, "not_stored")
        log.error("feedback not stored")
        response = refused(503, "transient", "not stored; try again")
        response.headers["Retry-After"] = str(_RETRY_AFTER_S)
        return response

    @app.errorhandler(NotAuthorized)
    def stranger(problem: NotAuthorized) -> Response:
        g.kept.reason = problem.reason
        # One answer for all, so that nobody learns how far a forged token came.
        response = refused(401, "login", "not authorized")
        response.headers["WWW-Authenticate"] = "Bearer"
        return response

    for status, code in ((404, "not-found"), (405, "not-supported"), (413, "too-long")):
        app.register_error_handler(status, _refuser(status, code))
    _answer_other_errors(app)


def _answer_other_errors(app: Flask) -> None:
    @app.errorhandler(HTTPException)
    def unfit(problem: HTTPException) -> Response:
        g.kept.reason = "request_unreadable"
        return refused(problem.code or 400, "invalid", "the request cannot be read")

    @app.errorhandler(Exception)
    def failed(problem: Exception) -> Response:
        # The kind of the error only: its words may hold a value from the chart.
        g.kept.reason = "handler_failed"
        log.error("handler failed", error=type(problem).__name__)
        return refused(500, "exception", "The service failed. No advice was given on this order.")


def _refuser(status: int, code: str):  # type: ignore[no-untyped-def]
    def refuse(problem: Exception) -> Response:
        g.kept.reason = code.replace("-", "_")
        response = refused(status, code, code.replace("-", " "))
        allowed = getattr(problem, "valid_methods", None)
        if allowed:
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    return refuse


def json_answer(content: bytes, status: int = 200) -> Response:
    """Answer with JSON."""
    return Response(content, status=status, mimetype="application/json")


def refused(status: int, code: str, text: str, expression: str | None = None) -> Response:
    """Answer with an OperationOutcome that names at most a place."""
    return json_answer(msgspec.json.encode(hook.outcome(code, text, expression)), status)


def unreadable() -> Response | None:
    """Refuse what is no JSON in UTF-8 by its own word, or is packed."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset not in ("utf-8", "utf8"):
        g.kept.reason = "not_supported"
        return refused(415, "not-supported", "Content-Type must be application/json in UTF-8")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        g.kept.reason = "not_supported"
        return refused(415, "not-supported", "Content-Encoding must be identity")
    return None
