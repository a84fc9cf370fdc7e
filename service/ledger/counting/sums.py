"""Adds up the counts of a period: kept ones where they hold, the rest counted on the spot."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Connection

from service.ledger.counting.changes import changes
from service.ledger.counting.kinds import K, Part, Site, Table
from service.ledger.counting.summaries import DAY, MONTH, SOURCES, days_of, kept
from service.ledger.period import Period, Scope

_Parts = Collection[Part[Any]]


@dataclass
class Sums:
    """What a period has within a scope."""

    scope: Scope
    _totals: dict[str, dict[tuple[Any, ...], Counter[Any]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter))
    )
    _days: dict[str, dict[date, Counter[Any]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter))
    )

    def total(self, part: Part[K]) -> dict[Site, Counter[K]]:
        """Give the counts of the whole period, by site; the kinds as plain tuples."""
        return {Site._make(site): counts for site, counts in self._totals[part.name].items()}

    def everywhere(self, part: Part[K]) -> Counter[K]:
        """Give the counts of the whole period, of all sites together."""
        found: Counter[Any] = Counter()
        for counts in self._totals[part.name].values():
            found.update(counts)
        make = part.kind._make  # type: ignore[attr-defined]
        return Counter({make(kind): n for kind, n in found.items()})

    def by_day(self, part: Part[K]) -> Iterator[tuple[date, K, int]]:
        """Give the counts of each day, of all sites together."""
        make = part.kind._make  # type: ignore[attr-defined]
        for day, counts in sorted(self._days[part.name].items()):
            for kind, count in counts.items():
                yield day, make(kind), count

    def add(self, part: Part[Any], table: Table[Any], day: date | None = None) -> None:
        """Add a table to the whole, or to a day."""
        for site, counts in table.items():
            if self.scope.has(*site):
                to = self._totals[part.name][site] if day is None else self._days[part.name][day]
                to.update(counts)


def sums(
    connection: Connection, period: Period, scope: Scope, totals: _Parts, by_day: _Parts = ()
) -> Sums:
    """Add up some parts of a period, in all or by day; raises SQLAlchemyError."""
    made = Sums(scope)
    there = days_of(connection)
    shared = period.shared_with(there) if there else None
    if shared is None:
        return made
    late = changes(connection)
    lacking: dict[tuple[Part[Any], bool], set[date]] = {}
    for part, is_by_day in (*((one, False) for one in totals), *((one, True) for one in by_day)):
        rest = lacking[part, is_by_day] = set(shared.each)
        months = {} if is_by_day else {month.first: month for month in shared.months}
        for first, table in kept(connection, part, MONTH, months, late):
            rest -= set(months[first].each)
            made.add(part, table)
        for day, table in kept(connection, part, DAY, rest, late):
            rest.remove(day)
            made.add(part, table, day if is_by_day else None)
    _count_lacking(connection, made, lacking)
    return made


def _count_lacking(
    connection: Connection, made: Sums, lacking: Mapping[tuple[Part[Any], bool], set[date]]
) -> None:
    """Count the days of which nothing is kept: all parts of one source at once."""
    for parts, source in SOURCES:
        wanted = {key: days for key, days in lacking.items() if key[0] in parts}
        for day in sorted(set().union(*wanted.values())):
            tables = source(connection, day)
            for (part, is_by_day), days in wanted.items():
                if day in days:
                    made.add(part, tables[part.name], day if is_by_day else None)
