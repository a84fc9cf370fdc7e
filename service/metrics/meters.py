"""The counters and clocks, made once in a process and not before it counts."""

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from service.metrics.folder import take_room

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS_S = (
    *(0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15),
    *(0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0),
)
_PREFIX = "lumbar_mri_cds_"


class Meters(NamedTuple):
    """Every counter and clock, in a registry of their own."""

    registry: "CollectorRegistry"
    info: "Gauge"
    calls: "Counter"
    seconds: "Histogram"
    advice: "Counter"
    sections: "Counter"
    unknown_codes: "Counter"
    refused: "Counter"
    failed: "Counter"
    canary: "Counter"
    feedback: "Counter"
    lost: "Counter"


class Ledger(NamedTuple):
    """The state of the ledger; there is none before it is told."""

    up: "Gauge"
    waiting: "Gauge"
    spooled: "Gauge"


@cache
def meters() -> Meters:
    """Make the counters, once: not before a process counts, so that only workers leave files."""
    take_room()
    import prometheus_client as library

    library.disable_created_metrics()  # type: ignore[no-untyped-call]
    registry = library.CollectorRegistry()

    def _counter(name: str, told: str, *labels: str) -> "Counter":
        return library.Counter(f"{_PREFIX}{name}", told, labels, registry=registry)

    return Meters(
        registry=registry,
        info=_info(registry),
        calls=_counter("calls", "Calls answered.", "issuer", "hook", "status"),
        seconds=_seconds(registry),
        advice=_counter("advice", "Orders advised on.", "issuer", "hook", "mode", "recommendation"),
        sections=_counter(
            "sections", "Sections, by where they came from.", "issuer", "section", "origin"
        ),
        unknown_codes=_counter("unknown_order_codes", "Order codes that nobody knows.", "issuer"),
        refused=_counter("refused", "Calls refused, by why.", "reason"),
        failed=_counter("failed_criteria", "What failed by a fault of ours.", "criterion"),
        canary=_counter("canary_calls", "Orders of a canary advised on.", "recommendation"),
        feedback=_counter("feedback", "What became of cards.", "issuer", "outcome"),
        lost=_counter("ledger_lost", "Records that the ledger will never hold."),
    )


def _info(registry: "CollectorRegistry") -> "Gauge":
    from prometheus_client import Gauge

    return Gauge(
        f"{_PREFIX}info",
        "The release and the content that are served.",
        ("version", "content_version"),
        registry=registry,
        multiprocess_mode="livemax",
    )


def _seconds(registry: "CollectorRegistry") -> "Histogram":
    from prometheus_client import Histogram

    told = "How long a call took."
    return Histogram(
        f"{_PREFIX}call_seconds", told, ("hook",), registry=registry, buckets=_BUCKETS_S
    )


@cache
def ledger() -> Ledger:
    """Make what tells of the ledger, once: not before there is anything to tell."""
    registry = meters().registry
    from prometheus_client import Gauge

    def _gauge(name: str, told: str, over_workers: Any) -> Gauge:
        named = f"{_PREFIX}ledger_{name}"
        return Gauge(named, told, registry=registry, multiprocess_mode=over_workers)

    return Ledger(
        up=_gauge("up", "Whether every worker reaches the ledger.", "livemin"),
        waiting=_gauge("waiting", "Records that wait in memory.", "livesum"),
        spooled=_gauge("spooled_bytes", "Records that wait in files, in bytes.", "livemax"),
    )
