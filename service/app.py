"""Builds and wires the service, once."""

import gc
import signal
from datetime import date
from functools import partial
from multiprocessing.util import Finalize

import msgspec
from flask import Flask, Response, g, request

from service import metrics
from service.content import content_folder, load
from service.errors import StoreDown
from service.ledger.ledger import Ledger, open_ledger
from service.ledger.store import is_up_to_date
from service.logs import begin, log
from service.pages.dashboard import dashboard
from service.pages.order_entry import order_entry
from service.pages.source_attributes import source_attributes
from service.settings import Settings, from_environment
from service.web import hook
from service.web.answer import Desk, answer, today
from service.web.arrangement import arrange
from service.web.auth import Caller, Door
from service.web.canaries import prove
from service.web.ending import is_announced
from service.web.entrance import Entrance, browser_headers
from service.web.explain import explanations
from service.web.feedback import MOST_BYTES, Reception
from service.web.openapi import description
from service.web.record import CallRecord
from service.web.refusals import answer_errors, json_answer, unreadable
from service.web.scrape import scrape

_GARBAGE = 20_000  # objects made before garbage is looked for: about what a long chart makes
_UNKNOWN = "unknown"
_RECORDED = (hook.DISCOVERY_PATH, _UNKNOWN)  # endpoints whose calls are worth a line
_AUDITED = (hook.CALL_PATH, hook.FEEDBACK_PATH)  # those whose calls the ledger keeps


def open_desk(settings: Settings) -> Desk:
    """Load the content and make the arrangements; raises BadContent or BadSetting."""
    guideline = load(content_folder())
    # The content is never freed: left out of every later search for garbage, it costs no call.
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE)
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
        # Until it serves, and the server listens for it, a worker that is told to end does so.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        settings = from_environment()
        begin(settings.log_level)
    desk = open_desk(settings)
    if is_worker:
        prove(content_folder(), desk.guideline)
    recommendations = {row.rule: row.recommendation for row in desk.guideline.rows}
    ledger = open_ledger(settings, recommendations)
    door = Door(settings=settings, seen=ledger.seen if ledger else None)
    door.open()
    app = Flask("service", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    _keep_records(app, desk, ledger)
    _answer_calls(app, desk, door)
    _take_feedback(app, desk, door, ledger)
    _answer_operators(app, desk, ledger)
    app.register_blueprint(source_attributes(desk.guideline))
    if settings.open_to_anyone:
        page = order_entry(desk.guideline.version, lambda: today(desk.zone), explanations(desk))
        app.register_blueprint(page)
    board = dashboard(settings, desk.guideline, lambda: today(desk.zone))
    if board is not None:
        app.register_blueprint(board)
    app.register_blueprint(scrape(settings, desk.guideline))
    answer_errors(app)
    _let_browsers_in(app, settings)
    app.wsgi_app = Entrance(app.wsgi_app, partial(browser_headers, settings))  # type: ignore[method-assign]
    return app


def _keep_records(app: Flask, desk: Desk, ledger: Ledger | None) -> None:
    """Keep one record of every call, and write it whatever becomes of the call."""
    if ledger is not None:
        app.extensions["ledger"] = ledger
        ledger.journal.begin()
        # Unlike atexit's, these are called in the workers too, which are processes of that library.
        Finalize(None, ledger.close, exitpriority=1)

    @app.before_request
    def begin() -> None:
        # The route, never the address itself: anything may stand in an address.
        g.kept = CallRecord(endpoint=str(request.url_rule or _UNKNOWN))

    @app.after_request
    def end(response: Response) -> Response:
        kept: CallRecord = g.kept
        kept.status = response.status_code
        if kept.status != 200:
            kept.cards = []  # whatever was written, none was given out
        response.headers["X-Request-Id"] = kept.request_id
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if kept.endpoint.startswith(_RECORDED) and request.method != "OPTIONS":
            kept.write()
        if ledger is not None and _is_kept(kept):
            _keep(ledger, kept, today(desk.zone))
        return response


def _is_kept(kept: CallRecord) -> bool:
    """Whether the ledger keeps a call; others stand in the log alone.

    Who was not let in cannot fill it, and a canary, which calls all day, is no part of any figure.
    """
    return kept.endpoint in _AUDITED and kept.was_let_in and kept.mode != "canary"


def _keep(ledger: Ledger, kept: CallRecord, day: date) -> None:
    """Hand a record to the ledger; whatever fails there takes no answer away."""
    try:
        ledger.journal.keep(kept.rows(day))
    except Exception as problem:
        log.error("record not kept", error=type(problem).__name__)
        metrics.lost(1)


def _answer_calls(app: Flask, desk: Desk, door: Door) -> None:
    """Answer what EHRs ask: the description of the service, and the call itself."""
    discovery = msgspec.json.encode(hook.discovery(desk.guideline))

    @app.get(hook.DISCOVERY_PATH)
    def describe() -> Response:
        _admit(door, hook.DISCOVERY_PATH)
        return json_answer(discovery)

    @app.post(hook.CALL_PATH)
    def call() -> Response:
        arranged = desk.arrangement(_admit(door, hook.CALL_PATH))
        refusal = unreadable()
        if refusal is not None:
            return refusal
        body = request.get_data(cache=False)
        return json_answer(answer(body, desk, today(arranged.zone), arranged, g.kept))


def _take_feedback(app: Flask, desk: Desk, door: Door, ledger: Ledger | None) -> None:
    """Take what EHRs say became of the cards; it is acknowledged when it is stored."""
    reception = Reception(book=ledger.book, guideline=desk.guideline) if ledger else None

    @app.post(hook.FEEDBACK_PATH)
    def feedback() -> Response:
        arranged = desk.arrangement(_admit(door, hook.FEEDBACK_PATH))
        request.max_content_length = MOST_BYTES
        refusal = unreadable()
        if refusal is not None:
            return refusal
        body = request.get_data(cache=False)
        if reception is None:
            raise StoreDown
        reception.take(body, g.kept, today(arranged.zone))
        for outcome, count in g.kept.outcomes.items():
            metrics.feedback(g.kept.issuer, outcome, count)
        return json_answer(b"{}")


def _admit(door: Door, path: str) -> Caller:
    """Let the caller in, and keep who it is; raises NotAuthorized."""
    caller = door.admit(request.headers.get("Authorization"), path)
    kept: CallRecord = g.kept
    kept.issuer, kept.tenant, kept.token_id = caller.issuer, caller.tenant, caller.token_id
    kept.was_let_in = True
    if caller.replay_unchecked:
        kept.reason = "replay_unchecked"
        log.error("replay store down")
    return caller


def _answer_operators(app: Flask, desk: Desk, ledger: Ledger | None) -> None:
    """Answer what operators and integrators ask: does it live, is it ready, how is it called."""
    openapi = msgspec.json.encode(description(desk.settings))

    @app.get("/health/live")
    def live() -> Response:
        return json_answer(msgspec.json.encode({"status": "ok", "content": desk.guideline.version}))

    @app.get("/health/ready")
    def ready() -> Response:
        if is_announced():
            return json_answer(msgspec.json.encode({"status": "ending"}), 503)
        # A store that is down is told, and is no reason to stop advising: cards do not wait for it.
        told = {"status": "ok", "content": desk.guideline.version, "ledger": _state(ledger)}
        return json_answer(msgspec.json.encode(told))

    @app.get("/openapi.json")
    def describe_http() -> Response:
        return json_answer(openapi)


def _state(ledger: Ledger | None) -> str:
    if ledger is None:
        return "none"
    return "ok" if is_up_to_date(ledger.engine) else "down"


def _let_browsers_in(app: Flask, settings: Settings) -> None:
    """Let pages of other origins call the hook addresses."""

    @app.after_request
    def allow(response: Response) -> Response:
        if request.path.startswith(hook.DISCOVERY_PATH):
            response.headers.update(browser_headers(settings, request.headers.get("Origin")))
        return response
