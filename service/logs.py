"""One line of JSON for each thing worth telling, and never a value from a chart in it."""

import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

NAME = "lumbar-mri-cds"
# Libraries that tell how the process begins and ends; all others are heard by name and level only,
# since their words may hold an address, and with it a patient's id.
_TRUSTED = ("_granian", "granian", "alembic")
# These write whole addresses at the level of debugging.
_NEVER_BELOW_CRITICAL = ("urllib3", "requests", "sqlalchemy", "asyncio")

structlog.configure(
    processors=[
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
for _name in _NEVER_BELOW_CRITICAL:
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
log: structlog.stdlib.BoundLogger = structlog.get_logger(NAME)


def begin(level: str) -> None:
    """Send every line to standard error as JSON, one line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[
                structlog.stdlib.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _only_the_name,
            ],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=True),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _TRUSTED:  # a server that has set up its own lines speaks in ours from here on
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    threading.excepthook = _unseen
    sys.unraisablehook = _unseen


def _unseen(failure: Any) -> None:
    """Tell of an error that nobody else will see its kind; Python itself would print its words."""
    kind = failure.exc_type
    log.error("unseen failure", error=kind.__name__ if kind else None)


def _only_the_name(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> Mapping[str, Any]:
    """Keep of a library's line who said it, and of an error its kind."""
    record = event["_record"]
    kept = {key: event[key] for key in ("_record", "_from_structlog", "level", "timestamp")}
    if record.name.startswith(_TRUSTED) and not record.exc_info:
        return {**kept, "event": event["event"], "logger": record.name}
    kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
    record.exc_info = record.exc_text = None
    return {**kept, "event": "library", "logger": record.name, **({"error": kind} if kind else {})}
