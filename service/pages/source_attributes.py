"""The source attributes of the service, as a page and as JSON."""

import base64
import hashlib
import re
from typing import Any

import msgspec
from flask import Blueprint, Response, render_template, request

from service.clinical.guideline import Guideline
from service.errors import BadHookRequest

_REGULATION = "45 CFR 170.315(b)(11)(iv)(A)"
_PAGE, _DATA = "text/html", "application/json"
_FORMATS = {"html": _PAGE, "json": _DATA}
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def source_attributes(guideline: Guideline) -> Blueprint:
    """Answer `GET /source-attributes` for this guideline."""
    pages = Blueprint("source-attributes", __name__, template_folder="templates")
    content = described(guideline)
    data = msgspec.json.encode(content)

    @pages.get("/source-attributes")
    def show() -> Response:
        """Answer in the form that is asked for."""
        if _wanted() == _DATA:
            return _headed(Response(data, mimetype=_DATA), "default-src 'none'")
        page = render_template("source-attributes.html", **content)
        return _headed(Response(page, mimetype=_PAGE), _policy(page))

    return pages


def described(guideline: Guideline) -> dict[str, Any]:
    """Say all of it in the terms of JSON, every statement with the running content version."""
    return {
        "regulation": _REGULATION,
        "contentVersion": guideline.version,
        "attributes": [
            {
                "number": number,
                "id": attribute.id,
                "name": attribute.name,
                "statement": attribute.statement.format(version=guideline.version),
                "used": attribute.used,
                "facts": [{"text": text, "url": url} for text, url in attribute.facts],
            }
            for number, attribute in enumerate(guideline.source_attributes, start=1)
        ],
    }


def _wanted() -> str:
    """Tell which form is asked for: `?format=` before `Accept`, and a page if neither says."""
    asked = request.args.get("format")
    if asked is None:
        return request.accept_mimetypes.best_match((_PAGE, _DATA), default=_PAGE)
    if asked not in _FORMATS:
        raise BadHookRequest("format", expected=" or ".join(_FORMATS))
    return _FORMATS[asked]


def _policy(page: str) -> str:
    """Allow the page its own style sheet, by its hash, and nothing else."""
    styles = (base64.b64encode(hashlib.sha256(s.encode()).digest()) for s in _STYLE.findall(page))
    hashes = " ".join(f"'sha256-{digest.decode()}'" for digest in styles)
    return (
        f"default-src 'none'; style-src {hashes}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _headed(response: Response, policy: str) -> Response:
    response.headers["Content-Security-Policy"] = policy
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.vary.add("Accept")
    return response
