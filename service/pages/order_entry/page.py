"""The order-entry page, its data and its files, under a policy that lets nothing else in."""

from collections.abc import Callable
from datetime import date

import msgspec
from flask import Blueprint, Response, current_app, render_template

from service.pages.order_entry.patients import every_order, every_patient

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)

_STATIC = "/order-entry/static"


def order_entry(
    version: str, today: Callable[[], date], explain: Callable[[], Response]
) -> Blueprint:
    """Answer `GET /` and what that page asks for; `explain` answers of the call in the request.

    `version` is that of the content. The charts are dated anew for each reader, by `today`.
    """
    pages = Blueprint("order-entry", __name__, "static", _STATIC, "templates")

    @pages.get("/")
    def show() -> str:
        """Answer the page itself, which asks for the rest."""
        dashboard = "/dashboard" if "dashboard" in current_app.blueprints else None
        return render_template("order-entry.html", version=version, dashboard=dashboard)

    @pages.get("/order-entry/data")
    def data() -> Response:
        """Answer the patients with their charts as of today, and what can be ordered."""
        day = today()
        told = {"asOf": day.isoformat(), "patients": every_patient(day), **every_order()}
        return Response(msgspec.json.encode(told), mimetype="application/json")

    @pages.post("/order-entry/explain")
    def explained() -> Response:
        """Answer why each row of each table did or did not match the call."""
        return explain()

    @pages.after_request
    def guard(response: Response) -> Response:
        """Let the browser load from here only, and run nothing that stands in the page."""
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    return pages
