"""What is counted for those who watch over the service: by fixed words only, nothing of a chart."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Any

from service.logs import log
from service.metrics.folder import FOLDER, forget_the_dead, shared_by_workers
from service.metrics.meters import Meters, ledger, meters

__all__ = (
    *("begin", "count", "expect", "exposition", "feedback", "ledger_state", "lost"),
    "shared_by_workers",
    "turned_away",
)

_OUTCOMES = frozenset({"accepted", "overridden", "unknown_card", "not_stored"})
_FHIR_STATUS = "ehr_http_"
_STATUSES = frozenset(f"{_FHIR_STATUS}{status.value}" for status in HTTPStatus)
_NONE, _OTHER, _CANARY = "none", "other", "canary"
_FIRST_REFUSAL = 400
_HOOKS, _STATUSES_SHOWN = ("order-select", "order-sign"), (200, 500)


def begin(content_version: str) -> None:
    """Begin to count in this process, and tell which release and content it serves."""
    with _never_in_the_way():
        meters().info.labels(version("lumbar-mri-cds"), content_version).set(1)


def expect(issuer: str | None, mode: str, recommendations: Iterable[str]) -> None:
    """Show what may come from one issuer as not yet come: its first time is then seen as a rise."""
    with _never_in_the_way():
        named, counted = issuer or _NONE, meters()
        counted.unknown_codes.labels(named)
        for hook in _HOOKS:
            for status in _STATUSES_SHOWN:
                counted.calls.labels(named, hook, status)
            for recommendation in recommendations:
                counted.advice.labels(named, hook, mode, recommendation)


def count(record: Mapping[str, Any]) -> None:
    """Count a call that has ended, by its record; raises nothing.

    A canary's call counts as a call and as a canary's, and in nothing else. `duration_ms` is in
    milliseconds; advice is counted only where it was given, a section wherever it was asked for.
    """
    with _never_in_the_way():
        counted, issuer, status = meters(), record.get("issuer") or _NONE, record["status"]
        hook = record.get("hook") or _NONE
        if record.get("mode") == _CANARY:
            counted.calls.labels(issuer, _CANARY, status).inc()
            for recommendation in record["recommendations"] or [_NONE]:
                counted.canary.labels(recommendation).inc()
            return
        counted.calls.labels(issuer, hook, status).inc()
        counted.seconds.labels(hook).observe(record["duration_ms"] / 1000)
        if status >= _FIRST_REFUSAL:
            counted.refused.labels(record.get("reason") or _OTHER).inc()
        else:
            for recommendation in record["recommendations"]:
                mode = record.get("mode") or "live"
                counted.advice.labels(issuer, hook, mode, recommendation).inc()
        _count_chart(counted, issuer, record)


def turned_away() -> None:
    """Count a call that came while too many others were inside: nobody knows whose."""
    with _never_in_the_way():
        counted = meters()
        counted.calls.labels(_NONE, _NONE, HTTPStatus.SERVICE_UNAVAILABLE.value).inc()
        counted.refused.labels("overloaded").inc()


def _count_chart(counted: Meters, issuer: str, record: Mapping[str, Any]) -> None:
    """Count where sections were read from, codes that nobody knows, and questions that failed."""
    for section, origin in record["origins"].items():
        counted.sections.labels(issuer, section, _bounded(origin)).inc()
    if record.get("unmapped_codes"):
        counted.unknown_codes.labels(issuer).inc(len(record["unmapped_codes"]))
    for criterion in record["failed_questions"]:
        counted.failed.labels(criterion).inc()


def _bounded(origin: str) -> str:
    """Keep a server from making up statuses, each of which would be counted on its own."""
    made_up = origin.startswith(_FHIR_STATUS) and origin not in _STATUSES
    return f"{_FHIR_STATUS}{_OTHER}" if made_up else origin


def feedback(issuer: str | None, outcome: str, count: int = 1) -> None:
    """Count what became of cards: accepted, overridden, unknown_card or not_stored."""
    with _never_in_the_way():
        known = outcome if outcome in _OUTCOMES else _OTHER
        meters().feedback.labels(issuer or _NONE, known).inc(count)


def ledger_state(up: bool, waiting: int, spooled_bytes: int) -> None:
    """Tell whether this process reaches the ledger, and what of its own records waits for it."""
    with _never_in_the_way():
        state = ledger()
        state.up.set(up)
        state.waiting.set(waiting)
        state.spooled.set(spooled_bytes)


def lost(records: int) -> None:
    """Count records that the ledger will never hold."""
    with _never_in_the_way():
        meters().lost.inc(records)


def exposition() -> tuple[bytes, str]:
    """Write all that was counted, by every worker, as text; give it with its media type."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry, folder = meters().registry, os.environ.get(FOLDER)
    if folder:
        forget_the_dead(Path(folder))
        registry = CollectorRegistry()
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST


@contextmanager
def _never_in_the_way() -> Iterator[None]:
    """Let nothing that goes wrong with counting take an answer away."""
    try:
        yield
    except Exception as problem:
        log.error("metrics failed", error=type(problem).__name__)
