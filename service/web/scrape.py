"""The address at which a monitoring system reads what was counted."""

import hmac

from flask import Blueprint, Response, abort, request

from service.clinical.guideline import Guideline
from service.errors import NotAuthorized
from service.metrics import begin, expect, exposition
from service.settings import Settings


def scrape(settings: Settings, guideline: Guideline) -> Blueprint:
    """Give `GET /metrics`: open in the sandbox, else to whoever shows the token of the settings.

    In production without that setting there is no such address (404).
    """
    pages = Blueprint("metrics", "service")
    begin(guideline.version)
    recommendations = sorted({row.recommendation for row in guideline.indication})
    for issuer in settings.issuers:
        expect(issuer.iss, issuer.mode, recommendations)
    if settings.open_to_anyone:
        expect(None, settings.client.mode, recommendations)

    @pages.get("/metrics")
    def read() -> Response:
        """Give what was counted, or refuse."""
        if not settings.open_to_anyone:
            _admit(settings, request.headers.get("Authorization", ""))
        text, kind = exposition()
        return Response(text, content_type=kind)

    return pages


def _admit(settings: Settings, authorization: str) -> None:
    """Let in who shows the token; raises NotAuthorized, or NotFound where there is none."""
    if settings.metrics_token is None:
        abort(404)
    kind, _, given = authorization.partition(" ")
    expected = settings.metrics_token.get_secret_value().encode()
    genuine = hmac.compare_digest(given.encode(), expected)
    if not genuine or kind.lower() != "bearer":
        raise NotAuthorized("metrics_token")
