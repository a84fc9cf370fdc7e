"""The addresses of the dashboard: its pages, its tables as files, and the door before them."""

import re
from collections.abc import Callable
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
)
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

from service.clinical.guideline import Guideline
from service.errors import BadSetting
from service.ledger.period import MODES
from service.logs import log
from service.pages import csv_files
from service.pages.dashboard.asked import Asked, NotAsked, asked, presets
from service.pages.dashboard.login import PATH, Login, form_token, is_ours
from service.pages.dashboard.shown import SECTIONS, Busy, Shown
from service.pages.report import headline_numbers
from service.settings import Settings

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
_RETRY_AFTER_S = {429: 60, 503: 10}


def dashboard(
    settings: Settings, guideline: Guideline, today: Callable[[], date]
) -> Blueprint | None:
    """Answer `GET /dashboard` and what belongs to it; None where it may not be.

    It is open in the sandbox on loopback alone; elsewhere it asks for the password of the
    settings, and without one there is no such address.
    """
    secret = settings.dashboard_password_hash
    if secret is None and not settings.serves_itself_only:
        return None
    pages = Blueprint(
        "dashboard", __name__, static_folder=Path(__file__).parents[1] / "static",
        static_url_path=f"{PATH}/static", template_folder="templates",
    )  # fmt: skip
    login = Login(settings, secret.get_secret_value()) if secret else None
    shown = Shown(settings=settings, guideline=guideline)
    guard = _inside(login)
    _show_pages(pages, shown, today, guard)
    if login is not None:
        pages.record_once(lambda state: login.prepare(state.app, by_tls=settings.tls_ends_at_proxy))
        _answer_logins(pages, login)
    _tell_troubles(pages)
    return pages


def _inside(login: Login | None) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make what lets readers through to a page: those who logged in, or whoever sits here."""

    def guard(view: Callable[..., Any]) -> Callable[..., Any]:
        """Put the door before a page."""

        @wraps(view)
        def guarded(**given: str) -> Any:
            """Show the page, or the door."""
            if login is None and not _is_called_by_own_name():
                abort(403)
            if login is not None and not login.is_inside:
                return redirect(f"{PATH}/login", 303)
            return view(**given)

        return guarded

    return guard


def _is_called_by_own_name() -> bool:
    """Whether the address is a loopback one: a page elsewhere could name us otherwise."""
    try:
        return urlsplit(f"//{request.host}").hostname in _OWN_HOSTS
    except ValueError:
        return False


def _show_pages(
    pages: Blueprint,
    shown: Shown,
    today: Callable[[], date],
    guard: Callable[[Callable[..., Any]], Callable[..., Any]],
) -> None:
    any_section = f"<any({','.join(one.id for one in SECTIONS)}):section>"

    @pages.get(PATH)
    @pages.get(f"{PATH}/{any_section}")
    @guard
    def show(section: str = SECTIONS[0].id) -> str:
        """Answer one section, with the main numbers above it."""
        day = today()
        return _page(shown, section, asked(request.args, day), day)

    @pages.get(f"{PATH}/{any_section}/<name>.csv")
    @guard
    def table(section: str, name: str) -> Response:
        """Answer one table of it as a file."""
        wanted = asked(request.args, today())
        found = shown.table(section, name, wanted) or abort(404)
        response = Response(csv_files.lines(found), content_type="text/csv; charset=utf-8")
        response.headers.set("Content-Disposition", "attachment", filename=_named(name, wanted))
        return response


def _named(table: str, wanted: Asked) -> str:
    """Name a file so that a part is not taken for the whole."""
    scope = wanted.scope
    parts = (scope.issuer, scope.tenant, scope.recommendation, scope.mode)
    told = [re.sub(r"\W+", "-", one, flags=re.ASCII) for one in parts if one and one != "all"]
    return "-".join([table, *told, f"{wanted.period.first}-{wanted.period.last}.csv"])


def _page(shown: Shown, section: str, wanted: Asked, day: date) -> str:
    made, callers = shown.page(section, wanted)
    return render_template(
        "dashboard.html",
        report=made,
        section=made.section(section),
        sections=SECTIONS,
        headlines=headline_numbers(made.main),
        asked=wanted,
        presets=list(presets(wanted, day)),
        callers=callers,
        recommendations=shown.recommendations(),
        modes=MODES,
        path=PATH,
        order_entry="/" if "order-entry" in current_app.blueprints else None,
        files=lambda name: f"{PATH}/{section}/{name}.csv?{wanted.address}",
        version=shown.guideline.version,
        token=form_token() if shown.settings.dashboard_password_hash else None,
    )


def _answer_logins(pages: Blueprint, login: Login) -> None:
    @pages.get(f"{PATH}/login")
    def ask() -> str:
        """Ask for the password."""
        return render_template("login.html", path=PATH, token=form_token(), trouble=None)

    @pages.post(f"{PATH}/login")
    def enter() -> AnyResponse:
        """Let in who gives the right one."""
        if not is_ours(request.form.get("token")):
            return _asked_again("The form was too old. Try again.", 400)
        if not login.may_try():
            log.error("dashboard login", outcome="too many attempts")
            return _asked_again("Too many attempts. Wait a minute.", 429)
        if not login.let_in(request.form.get("password", "")):
            log.error("dashboard login", outcome="refused")
            return _asked_again("That is not the password.", 403)
        log.info("dashboard login", outcome="let in")
        return redirect(PATH, 303)

    @pages.post(f"{PATH}/logout")
    def leave() -> AnyResponse:
        """End the session."""
        if not is_ours(request.form.get("token")):
            abort(400)
        login.leave()
        return redirect(f"{PATH}/login", 303)


def _asked_again(trouble: str, status: int) -> Response:
    page = render_template("login.html", path=PATH, token=form_token(), trouble=trouble)
    return _told(page, status)


def _told(page: str, status: int) -> Response:
    response: Response = make_response(page, status)
    if status in _RETRY_AFTER_S:
        response.headers["Retry-After"] = str(_RETRY_AFTER_S[status])
    return response


def _tell_troubles(pages: Blueprint) -> None:
    """Say in words what keeps a page from being shown, and let it load from here only."""

    def told(title: str, status: int, trouble: str) -> Response:
        """Give a page with a trouble in it."""
        page = render_template("trouble.html", path=PATH, title=title, trouble=trouble)
        return _told(page, status)

    @pages.errorhandler(NotAsked)
    def not_understood(problem: NotAsked) -> Response:
        """Say what cannot be asked."""
        return told("This cannot be shown", 400, str(problem))

    @pages.errorhandler(BadSetting)
    @pages.errorhandler(SQLAlchemyError)
    def unread(problem: Exception) -> Response:
        """Say that there is no ledger to read."""
        log.error("dashboard without ledger", error=type(problem).__name__)
        return told("The ledger cannot be read now", 503, "Cards do not need it. Try again soon.")

    @pages.errorhandler(Busy)
    def busy(_problem: Busy) -> Response:
        """Say that one page is made at a time."""
        return told("Somebody else is looking", 503, "One page is made at a time. Try again.")

    @pages.after_request
    def keep_in(response: Response) -> Response:
        """Let the browser load from here only."""
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
