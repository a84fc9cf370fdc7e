"""A small ledger for tests, filled by hand: each row says only what its test is about."""

import json
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

from sqlalchemy import Engine, delete, event, insert

from service.ledger.counting.of_calls import CALL_ENDPOINT
from service.ledger.schema import calls, cards, feedback, unmapped_codes
from service.ledger.store import open_store

DAY = date(2026, 3, 10)
ISSUER = "https://ehr.example.org/"
TENANT = "north"
_DEFER, _RULE = "DeferSixWeeks", "R60"


@dataclass
class SmallLedger:
    """Adds rows to a ledger; whatever is not said is an order of one clinician, live, on DAY."""

    engine: Engine
    numbers: count = field(default_factory=lambda: count(1))

    @classmethod
    def open(cls, url: str) -> "SmallLedger":
        """Open a migrated ledger; a file is not waited for until it is on the disk."""
        engine = open_store(url)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", lambda one, _: one.execute("PRAGMA synchronous=OFF"))
        return cls(engine)

    def clear(self) -> None:
        with self.engine.begin() as connection:
            for table in (calls, cards, feedback, unmapped_codes):
                connection.execute(delete(table))

    def _insert(self, table: Any, row: dict[str, Any]) -> None:
        with self.engine.begin() as connection:
            connection.execute(insert(table), [row])

    def call(self, **given: Any) -> str:
        number = next(self.numbers)
        row = {
            "id": f"call-{number}", "at": number, "day": DAY, "endpoint": CALL_ENDPOINT,
            "issuer": ISSUER, "tenant": TENANT, "token_id": None, "hook": "order-sign",
            "hook_instance": None, "mode": "live", "patient": None, "encounter": None,
            "clinician": "anne", "drafts": 1, "orders": 1, "origins": None,
            "failed_questions": None, "outcomes": None, "content_version": "1.0.0+a",
            "status": 200, "reason": None, "duration_ms": 10.0,
        }  # fmt: skip
        for name in ("origins", "failed_questions"):
            if name in given:
                given[name] = json.dumps(given[name])
        self._insert(calls, row | given)
        return str(row["id"])

    def card(self, **given: Any) -> str:
        number = next(self.numbers)
        row = {
            "uuid": f"card-{number}", "call_id": "call", "at": number, "day": DAY,
            "issuer": ISSUER, "tenant": TENANT, "hook": "order-sign", "mode": "live",
            "clinician": "anne", "position": 0, "shown": True, "rule": _RULE,
            "recommendation": _DEFER, "indicator": "warning", "content_version": "1.0.0+a",
        }  # fmt: skip
        self._insert(cards, row | given)
        return str((row | given)["uuid"])

    def say(self, card: str, outcome: str, at: int = 1000, **given: Any) -> None:
        number = next(self.numbers)
        row = {
            "id": f"said-{number}", "call_id": "call", "card": card, "issuer": ISSUER,
            "tenant": TENANT, "rule": _RULE, "recommendation": _DEFER, "received_at": at,
            "day": DAY, "outcome": outcome, "outcome_at": at, "time_doubtful": False,
            "suggestions": None, "reason_system": None, "reason_code": None,
            "reason_display": None, "comment": None,
        }  # fmt: skip
        if "suggestions" in given:
            given["suggestions"] = json.dumps(given["suggestions"])
        self._insert(feedback, row | given)

    def unmapped(self, code: str, **given: Any) -> None:
        row = {
            "call_id": f"call-{next(self.numbers)}", "system": "urn:oid:1.2.3", "code": code,
            "day": DAY, "issuer": ISSUER, "tenant": TENANT, "mode": "live",
        }  # fmt: skip
        self._insert(unmapped_codes, row | given)
