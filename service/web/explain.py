"""What the sandbox tells of a call beside its cards: why each row did or did not match."""

from collections.abc import Callable
from typing import Any

import msgspec
from flask import Response, request

from service.clinical.advise import Advice
from service.clinical.explanation import Cell, explain
from service.clinical.guideline import Guideline
from service.web.answer import Desk, advices, today
from service.web.arrangement import without_servers
from service.web.refusals import json_answer, unreadable


def explanations(desk: Desk) -> Callable[[], Response]:
    """Answer of the call in a request, row by row; it is kept nowhere and asks no FHIR server."""
    arranged = without_servers(desk.anyone)

    def answer() -> Response:
        """Go through the tables for each lumbar MRI of the call."""
        refusal = unreadable()
        if refusal is not None:
            return refusal
        body = request.get_data(cache=False)
        given = advices(body, desk, today(arranged.zone), arranged)
        told = [_order(advice, desk.guideline) for advice in given]
        return json_answer(msgspec.json.encode({"orders": told}))

    return answer


def _order(advice: Advice, guideline: Guideline) -> dict[str, Any]:
    found = advice.assessment.findings.by_criterion
    rows = [
        {
            "table": one.row.table,
            "row": one.row.id,
            "rule": one.row.rule,
            "recommendation": one.row.recommendation,
            "verdict": one.verdict,
            "cells": [_cell(cell, guideline) for cell in one.cells],
        }
        for one in explain(guideline, found)
    ]
    return {"order": advice.order.reference, "rows": rows}


def _cell(cell: Cell, guideline: Guideline) -> dict[str, str]:
    return {
        "criterion": cell.criterion,
        "asks": guideline.criteria[cell.criterion].asks,
        "wanted": cell.wanted,
        "status": cell.status,
    }
