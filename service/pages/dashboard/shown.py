"""What the dashboard shows: sections of the report, of figures that are read for one of them."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine

from service.clinical.guideline import Guideline
from service.errors import BadSetting
from service.ledger.counting import kinds
from service.ledger.counting.kinds import Part
from service.ledger.figures import ALL, callers, figures
from service.ledger.store import open_to_read
from service.pages.counted.ink import Table
from service.pages.dashboard.asked import Asked
from service.pages.report import Report, report
from service.settings import Settings

_IN_ALL = 2  # pages of a worker: one is made, one waits; the threads are for calls
_WAITS_S = 2.0  # so long a page waits for the one before it


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """A page of the dashboard, and which counts it needs beside those of the main numbers."""

    id: str
    name: str
    parts: frozenset[Part[Any]]


SECTIONS = (
    Section(id="advice", name="Advice", parts=frozenset()),
    Section(id="answers", name="Answers", parts=frozenset({kinds.LOST})),
    Section(id="calls", name="Service", parts=frozenset(kinds.OF_CALLS) & ALL),
    Section(id="practice", name="Clinicians", parts=frozenset({kinds.ORDERS})),
)


class Busy(Exception):
    """Others wait for their page already, or the one before takes too long."""


@dataclass(kw_only=True)
class Shown:
    """Reads the ledger, one page at a time; few may wait, since threads of calls do."""

    settings: Settings
    guideline: Guideline
    _seats: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_IN_ALL))
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _engine: Engine | None = None

    def page(self, section: str, wanted: Asked) -> tuple[Report, Mapping[str, list[str]]]:
        """Make the report of what is asked for, whole in one section, and name who called.

        Raises BadSetting without a ledger, SQLAlchemyError, or Busy.
        """
        with self._alone() as engine:
            called = callers(engine, wanted.period)
            return self._report(engine, section, wanted), self._to_choose(called, wanted)

    def table(self, section: str, name: str, wanted: Asked) -> Table | None:
        """Give one table of a section by its name, None if it has none; raises as a page does."""
        with self._alone() as engine:
            made = self._report(engine, section, wanted)
        tables = (made.main, made.content, *(block.table for block in made.section(section).blocks))
        return next((table for table in tables if table.id == name), None)

    def _report(self, engine: Engine, section: str, wanted: Asked) -> Report:
        """Where small counts are hidden all are read: one is hidden for what another would tell."""
        smallest = self.settings.smallest_cell
        parts = next(one.parts for one in SECTIONS if one.id == section) if smallest == 1 else ALL
        found = figures(engine, wanted.period, wanted.scope, parts)
        return report(found, self.guideline, smallest)

    def _to_choose(
        self, called: Iterable[tuple[str | None, str | None]], wanted: Asked
    ) -> Mapping[str, list[str]]:
        """Give the issuers that may be asked for, each with its tenants."""
        known: dict[str, set[str]] = {one.iss: set(one.tenants) for one in self.settings.issuers}
        for issuer, tenant in (*called, (wanted.scope.issuer, wanted.scope.tenant)):
            if issuer is not None:
                known.setdefault(issuer, set()).update(filter(None, [tenant]))
        return {issuer: sorted(known[issuer]) for issuer in sorted(known)}

    def recommendations(self) -> list[tuple[str, str]]:
        """Give the recommendations of the content, by title."""
        return sorted(self.guideline.titles.items(), key=lambda one: one[1])

    @contextmanager
    def _alone(self) -> Iterator[Engine]:
        if not self._seats.acquire(blocking=False):
            raise Busy
        try:
            if not self._turn.acquire(timeout=_WAITS_S):
                raise Busy
            try:
                yield self._opened()
            finally:
                self._turn.release()
        finally:
            self._seats.release()

    def _opened(self) -> Engine:
        if self.settings.ledger_url is None:
            raise BadSetting("ledger_url", expected="a ledger")
        if self._engine is None:
            self._engine = open_to_read(self.settings.ledger_url.get_secret_value())
        return self._engine
