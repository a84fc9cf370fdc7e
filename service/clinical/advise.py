"""The line on one screen: records are read, findings noted, the order rated, the card written."""

from dataclasses import dataclass
from typing import Any

from service.clinical.assessment import Assessment, rate
from service.clinical.cards import Card, write
from service.clinical.chart import Chart
from service.clinical.findings import evaluate
from service.clinical.guideline import Guideline
from service.clinical.meaning import Calendar
from service.clinical.order import Order
from service.clinical.ratings import keep_rating, rating_action
from service.clinical.read import Records, read
from service.clinical.suggestions import Issue


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """What is said about one order, and everything it was said from."""

    order: Order
    chart: Chart
    assessment: Assessment
    cards: tuple[Card, ...]
    rating: dict[str, Any] | None = None  # the action that writes the rating on the order


def advise(
    records: Records, order: Order, guideline: Guideline, calendar: Calendar, issue: Issue
) -> Advice:
    """Judge one order from one record, as of one day."""
    chart = read(records, order, guideline.reading, calendar)
    findings = evaluate(chart, order, guideline)
    assessment = rate(findings, guideline)
    cards = write(assessment, chart, order, guideline, issue)
    rating = rating_action(assessment, order, guideline, issue, cards[0]["uuid"])
    keep_rating(cards, rating)
    return Advice(order=order, chart=chart, assessment=assessment, cards=cards, rating=rating)
