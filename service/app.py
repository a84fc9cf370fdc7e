"""Builds and wires the service, once."""

import gc
from typing import TYPE_CHECKING

import msgspec
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from service.content import content_folder, load
from service.errors import BadHookRequest, MissingPrerequisite, NotAuthorized
from service.logs import begin, log
from service.pages.source_attributes import source_attributes
from service.settings import Settings, from_environment
from service.web import hook
from service.web.answer import Desk, answer, today
from service.web.arrangement import arrange
from service.web.auth import Caller, Door
from service.web.canaries import prove
from service.web.openapi import description
from service.web.record import CallRecord
from service.web.scrape import metrics

if TYPE_CHECKING:
    from sqlalchemy import Engine

_UNKNOWN = "unknown"
_RECORDED = (hook.DISCOVERY_PATH, _UNKNOWN)  # endpoints whose calls are worth a line


def open_desk(settings: Settings) -> Desk:
    """Load the content and make the arrangements; raises BadContent or BadSetting."""
    guideline = load(content_folder())
    # The content is never freed: left out of every later search for garbage, it costs no call.
    gc.collect()
    gc.freeze()
    return Desk(
        settings=settings,
        anyone=arrange(settings.client, guideline, settings),
        arrangements={
            issuer.iss: arrange(issuer, guideline, settings) for issuer in settings.issuers
        },
    )


def create_app(settings: Settings | None = None) -> Flask:
    """Build the WSGI application; raises BadContent or BadSetting.

    Without settings it is a worker's, which reads its own and whose log is a service's.
    """
    is_worker = settings is None
    if settings is None:
        settings = from_environment()
        begin(settings.log_level)
    desk = open_desk(settings)
    if is_worker:
        prove(content_folder(), desk.guideline)
    store = _store(settings)
    door = _door(settings, store)
    app = Flask("service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    _keep_records(app)
    _answer_calls(app, desk, door)
    _answer_operators(app, desk, store)
    app.register_blueprint(source_attributes(desk.guideline))
    app.register_blueprint(metrics(settings, desk.guideline))
    _answer_errors(app)
    _let_browsers_in(app, settings)
    return app


def _store(settings: Settings) -> "Engine | None":
    """Open the ledger, where there is anything to remember: the sandbox knows no callers."""
    if settings.open_to_anyone:
        return None
    from service.ledger.store import open_store

    return open_store(settings.ledger_url.get_secret_value())


def _door(settings: Settings, store: "Engine | None") -> Door:
    door = Door(settings=settings, seen=None)
    if store is not None:
        from service.ledger.replay import SeenTokens

        door.seen = SeenTokens(engine=store, key=settings.card_key.get_secret_value())
    door.open()
    return door


def _keep_records(app: Flask) -> None:
    """Keep one record of every call, and write it whatever becomes of the call."""

    @app.before_request
    def begin() -> None:
        # The route, never the address itself: anything may stand in an address.
        g.kept = CallRecord(endpoint=str(request.url_rule or _UNKNOWN))

    @app.after_request
    def end(response: Response) -> Response:
        g.kept.status = response.status_code
        response.headers["X-Request-Id"] = g.kept.request_id
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if g.kept.endpoint.startswith(_RECORDED) and request.method != "OPTIONS":
            g.kept.write()
        return response


def _answer_calls(app: Flask, desk: Desk, door: Door) -> None:
    """Answer what EHRs ask: the description of the service, and the call itself."""
    discovery = msgspec.json.encode(hook.discovery(desk.guideline))

    @app.get(hook.DISCOVERY_PATH)
    def describe() -> Response:
        _admit(door, hook.DISCOVERY_PATH)
        return _json(discovery)

    @app.post(hook.CALL_PATH)
    def call() -> Response:
        arranged = desk.arrangement(_admit(door, hook.CALL_PATH))
        refusal = _unreadable()
        if refusal is not None:
            g.kept.reason = "not_supported"
            return refusal
        body = request.get_data(cache=False)
        return _json(answer(body, desk, today(arranged.zone), arranged, g.kept))


def _admit(door: Door, path: str) -> Caller:
    """Let the caller in, and keep who it is; raises NotAuthorized."""
    caller = door.admit(request.headers.get("Authorization"), path)
    kept: CallRecord = g.kept
    kept.issuer, kept.tenant, kept.token_id = caller.issuer, caller.tenant, caller.token_id
    if caller.replay_unchecked:
        kept.reason = "replay_unchecked"
        log.error("replay store down")
    return caller


def _unreadable() -> Response | None:
    """Refuse what is no JSON in UTF-8 by its own word, or is packed."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if request.mimetype != "application/json" or charset not in ("utf-8", "utf8"):
        return _refused(415, "not-supported", "Content-Type must be application/json in UTF-8")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        return _refused(415, "not-supported", "Content-Encoding must be identity")
    return None


def _answer_operators(app: Flask, desk: Desk, store: "Engine | None") -> None:
    """Answer what operators and integrators ask: does it live, is it ready, how is it called."""
    openapi = msgspec.json.encode(description(desk.settings))

    @app.get("/health/live")
    def live() -> Response:
        return _json(msgspec.json.encode({"status": "ok", "content": desk.guideline.version}))

    @app.get("/health/ready")
    def ready() -> Response:
        # A store that is down is told, and is no reason to stop advising: cards do not wait for it.
        told = {"status": "ok", "content": desk.guideline.version, "ledger": _state(store)}
        return _json(msgspec.json.encode(told))

    @app.get("/openapi.json")
    def describe_http() -> Response:
        return _json(openapi)


def _state(store: "Engine | None") -> str:
    if store is None:
        return "none"
    from service.ledger.store import is_up_to_date

    return "ok" if is_up_to_date(store) else "down"


def _let_browsers_in(app: Flask, settings: Settings) -> None:
    """Let pages of other origins call the hook addresses: any in the sandbox, else those named."""

    @app.after_request
    def allow(response: Response) -> Response:
        if not request.path.startswith(hook.DISCOVERY_PATH):
            return response
        origin = request.headers.get("Origin")
        if settings.open_to_anyone:
            response.headers["Access-Control-Allow-Origin"] = "*"
        elif origin and origin in settings.browser_origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Vary"] = "Origin"
        else:
            return response
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        return response


def _answer_errors(app: Flask) -> None:
    """Turn each error into its status with an OperationOutcome, in this one place."""

    @app.errorhandler(BadHookRequest)
    def bad(problem: BadHookRequest) -> Response:
        g.kept.reason = "bad_request"
        return _refused(
            problem.status,
            "invalid",
            f"{problem.field}: expected {problem.expected}",
            problem.field,
        )

    @app.errorhandler(MissingPrerequisite)
    def missing(problem: MissingPrerequisite) -> Response:
        g.kept.reason = "missing_prerequisite"
        return _refused(412, "required", f"prefetch needed: {', '.join(problem.keys)}")

    @app.errorhandler(NotAuthorized)
    def stranger(problem: NotAuthorized) -> Response:
        g.kept.reason = problem.reason
        # One answer for all, so that nobody learns how far a forged token came.
        response = _refused(401, "login", "not authorized")
        response.headers["WWW-Authenticate"] = "Bearer"
        return response

    for status, code in ((404, "not-found"), (405, "not-supported"), (413, "too-long")):
        app.register_error_handler(status, _refuser(status, code))

    @app.errorhandler(HTTPException)
    def unfit(problem: HTTPException) -> Response:
        return _refused(problem.code or 400, "invalid", "the request cannot be read")

    @app.errorhandler(Exception)
    def failed(problem: Exception) -> Response:
        # The kind of the error only: its words may hold a value from the chart.
        g.kept.reason = "handler_failed"
        log.error("handler failed", error=type(problem).__name__)
        return _refused(500, "exception", "The service failed. No advice was given on this order.")


def _refuser(status: int, code: str):  # type: ignore[no-untyped-def]
    def refuse(problem: Exception) -> Response:
        g.kept.reason = code.replace("-", "_")
        response = _refused(status, code, code.replace("-", " "))
        allowed = getattr(problem, "valid_methods", None)
        if allowed:
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response

    return refuse


def _json(content: bytes, status: int = 200) -> Response:
    return Response(content, status=status, mimetype="application/json")


def _refused(status: int, code: str, text: str, expression: str | None = None) -> Response:
    return _json(msgspec.json.encode(hook.outcome(code, text, expression)), status)
