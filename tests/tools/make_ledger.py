"""Make a ledger as a year of use might leave it: for trying reports, dashboards and their speed.

Nothing in it is anybody's: shares and habits are invented, and the same seed gives the same rows.
"""

import argparse
import json
import sys
import time
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine, Table, make_url

from service.clinical.guideline import Guideline, Row, Verdict
from service.content import content_folder, load
from service.ehr.prefetch import FETCHED, SENT
from service.ehr.searches import GROUPS
from service.ledger.counting.summaries import summarise
from service.ledger.schema import calls, cards, feedback, unmapped_codes
from service.ledger.store import migrate, open_to_keep
from service.web.hook import CALL_PATH

TABLES = (calls, cards, unmapped_codes, feedback)
LAST = date(2026, 10, 31)
FEEDBACK_PATH = f"{CALL_PATH}/feedback"
DAY_MS = 86_400_000
CARDS_A_CALL = 1.28  # of calls that bring a lumbar MRI: one on the indication, some on the study
OTHER_CALLS = 0.3  # for each such call: orders of something else
CANARIES = 0.005
ANSWERED = 0.42  # of shown cards
TWICE = 0.04  # of answers: said again, perhaps otherwise
LOST = 0.004  # of answered cards: their record never reached the ledger
# For each verdict: how often it is given, and how often it is accepted where it is answered.
VERDICTS = {
    Verdict.DEFERRAL: (0.36, 0.33),
    Verdict.APPROPRIATE: (0.29, 0.71),
    Verdict.FLAG: (0.16, 0.55),
    Verdict.EMERGENCY: (0.015, 0.8),
    Verdict.UNCLEAR: (0.105, 0.3),
    Verdict.INCOMPLETE: (0.07, 0.25),
    Verdict.MODIFIER: (0.0, 0.5),
}
WEEK = (1.0, 1.08, 1.05, 1.02, 0.9, 0.22, 0.15)  # Monday first
HOURS = (1, 1, 1, 1, 1, 1, 3, 12, 30, 42, 46, 40, 22, 34, 44, 41, 30, 18, 9, 6, 4, 3, 2, 1)
HOOKS = ("order-select", "order-sign")
WORDS = ("ehr_timeout", "ehr_http_403", "no_fhir_server", "ehr_circuit_open", "token_expired")
FAULTS = (
    (400, "bad_request"), (412, "missing_prerequisite"), (413, "too_long"), (500, "handler_failed"),
    (503, "overloaded"),
)  # fmt: skip
LOCAL = "urn:oid:1.2.840.114350.1.13.999.2.7.2.696580"
ELSEWHERE = (
    (LOCAL, "4711", "Patient insists"), (LOCAL, "4712", "Discussed at the spine board"),
    ("https://ehr.hospital-b.example/reasons", "other", "Other"),
)  # fmt: skip


@dataclass(frozen=True)
class Site:
    """One tenant of an issuer: how much it orders, and until when it is silent."""

    issuer: str
    tenant: str | None
    share: float
    silent_days: float  # of all days
    loud: bool  # whether silence shows emergencies


SITES = (
    Site("https://fhir.hospital-a.example/api/FHIR/R4", "north", 0.38, 0.12, True),
    Site("https://fhir.hospital-a.example/api/FHIR/R4", "south", 0.24, 0.2, True),
    Site("https://ehr.hospital-b.example/", "clinics", 0.28, 0.3, False),
    Site("https://ehr.hospital-b.example/", None, 0.1, 0.3, False),
)


@dataclass(frozen=True)
class Clinician:
    """One who orders, with habits: how many orders, how many of them early, how often persuaded."""

    name: str
    weight: float
    early: float  # times the usual share of deferrals
    persuaded: float  # times the usual share of acceptance
    answers: float  # times the usual share of answers


@dataclass
class Draw:
    """Weighted draws from a fixed list, by one random number each."""

    random: Random
    of: list[Any]
    weights: list[float]
    bounds: list[float] = field(init=False)

    def __post_init__(self) -> None:
        self.bounds = list(accumulate(self.weights))

    def __call__(self) -> Any:
        return self.of[bisect(self.bounds, self.random.random() * self.bounds[-1])]


@dataclass
class Book:
    """The rows that were made and not yet written, by table."""

    rows: dict[str, list[tuple[Any, ...]]] = field(
        default_factory=lambda: {table.name: [] for table in TABLES}
    )
    made: int = 0  # cards

    def add(self, table: Table, *row: Any) -> None:
        self.rows[table.name].append(row)


@dataclass
class World:
    """All that does not change from day to day."""

    random: Random
    guideline: Guideline
    first: date
    days: int
    rows: dict[bool, Draw] = field(init=False)  # by whether the orderer is early
    modifiers: Draw = field(init=False)
    clinicians: dict[Site, Draw] = field(init=False)
    origins: dict[Site, Draw] = field(init=False)
    codes: dict[Site, Draw] = field(init=False)
    sites: Draw = field(init=False)
    hours: Draw = field(init=False)
    reasons: dict[str, list[tuple[str, str, str]]] = field(init=False)
    offers: dict[str, list[str]] = field(init=False)
    questions: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.sites = Draw(self.random, list(SITES), [site.share for site in SITES])
        self.hours = Draw(self.random, list(range(24)), list(HOURS))
        self.rows = {early: self._rows(2.2 if early else 0.8) for early in (True, False)}
        on_study = [row for table in self.guideline.modifiers for row in table]
        self.modifiers = Draw(self.random, on_study, [self._uneven() for _ in on_study])
        self.clinicians = {site: self._clinicians(round(300 * site.share)) for site in SITES}
        self.origins = {site: self._origins() for site in SITES}
        self.codes = {site: self._codes() for site in SITES}
        messages = self.guideline.messages
        self.reasons = {
            name: [(r["system"], r["code"], r["display"]) for r in message.override_reasons]
            for name, message in messages.items()
        }
        self.offers = {name: [s.id for s in m.suggestions] for name, m in messages.items()}
        self.questions = self.random.sample(sorted(self.guideline.criteria), 3)

    def _uneven(self) -> float:
        return self.random.random() ** 2 + 0.02

    def _rows(self, times: float) -> Draw:
        """Draw rows by the share of their verdict, the more common ones of it unevenly."""
        found = self.guideline.indication
        parts = {row.id: self._uneven() for row in found}
        sums = {v: sum(parts[r.id] for r in found if r.verdict is v) for v in Verdict}
        weights = []
        for row in found:
            share = VERDICTS[row.verdict][0] * (times if row.verdict is Verdict.DEFERRAL else 1)
            weights.append(share * parts[row.id] / sums[row.verdict])
        return Draw(self.random, list(found), weights)

    def _clinicians(self, count: int) -> Draw:
        made = [
            Clinician(
                name=f"{self.random.getrandbits(128):032x}",
                weight=self.random.paretovariate(1.3),
                early=self.random.betavariate(2, 3.5),
                persuaded=self.random.uniform(0.4, 1.5),
                answers=self.random.uniform(0.3, 1.6),
            )
            for _ in range(max(count, 2))
        ]
        return Draw(self.random, made, [min(one.weight, 12) for one in made])

    def _origins(self) -> Draw:
        """Make the few ways in which the sections of a chart reach us from one site."""
        sections = [group.value for group in GROUPS]
        whole = dict.fromkeys(sections, SENT)
        fetched = whole | dict.fromkeys(self.random.sample(sections, 3), FETCHED)
        ways, weights = [whole, fetched], [70.0, 22.0]
        for _ in range(14):
            lacking = self.random.sample(sections, self.random.choice((1, 1, 2, 3)))
            word = self.random.choice(WORDS)
            ways.append(self.random.choice((whole, fetched)) | dict.fromkeys(lacking, word))
            weights.append(self._uneven())
        texts = [json.dumps(way, sort_keys=True, separators=(",", ":")) for way in ways]
        return Draw(self.random, texts, weights)

    def _codes(self) -> Draw:
        made = [(LOCAL, f"IMG{self.random.randrange(1000, 9999)}") for _ in range(80)]
        return Draw(self.random, made, [self._uneven() for _ in made])

    def version(self, day: int) -> str:
        """Say which content ran on a day: another every three months or so, the newest now."""
        past = (self.days - 1 - day) // 97
        release = self.guideline.version
        return release if past == 0 else f"0.0.{9 - past}+{past * 7919:012x}"

    def uuid(self) -> str:
        hexed = f"{self.random.getrandbits(128):032x}"
        return f"{hexed[:8]}-{hexed[8:12]}-8{hexed[13:16]}-a{hexed[17:20]}-{hexed[20:]}"


def fill(engine: Engine, wanted: int, days: int, seed: int) -> dict[str, int]:
    """Fill the empty tables of a migrated ledger; gives how many rows each got.

    `wanted` is how many cards, over so many `days` up to LAST.
    """
    world = World(Random(seed), load(content_folder()), LAST - timedelta(days - 1), days)
    made = dict.fromkeys((table.name for table in TABLES), 0)
    indexes = [index for table in TABLES for index in table.indexes]
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA synchronous=OFF")
            connection.exec_driver_sql("PRAGMA cache_size=-600000")
        # An index is made sooner of all rows at once than row by row.
        for index in indexes:
            index.drop(connection)
        for book in _books(world, wanted):
            for table in TABLES:
                rows = book.rows[table.name]
                made[table.name] += len(rows)
                _write(connection, table, rows)
        for index in indexes:
            index.create(connection)
        connection.commit()
    return made


def _books(world: World, wanted: int) -> Iterator[Book]:
    """Make the rows of one day after the other."""
    dates = [world.first + timedelta(number) for number in range(world.days)]
    growing = [WEEK[d.weekday()] * (0.8 + 0.4 * n / world.days) for n, d in enumerate(dates)]
    due = 0.0
    made = 0
    for number, day in enumerate(dates):
        due += wanted * growing[number] / sum(growing)
        goal = wanted if number == world.days - 1 else round(due)
        book = Book()
        while made + book.made < goal:
            _call(world, book, number, day)
        made += book.made
        yield book


def _call(world: World, book: Book, number: int, day: date) -> None:
    """Make one call with a lumbar MRI, what it led to, and its share of other calls."""
    random = world.random
    site = world.sites()
    at = _at(world, day)
    hook = HOOKS[random.random() < 0.45]
    mode = "silent" if number < site.silent_days * world.days else "live"
    mode = "canary" if random.random() < CANARIES else mode
    told = (site.issuer, site.tenant, hook, mode, day.isoformat(), at, world.version(number))
    if random.random() < OTHER_CALLS:
        _other_call(world, book, site, told)
    clinician = world.clinicians[site]()
    fault = random.choice(FAULTS) if random.random() < 0.004 else (200, None)
    call = _add_call(world, book, told, (clinician.name, 1, fault, world.origins[site]()))
    if fault[0] != 200:
        return
    row = world.rows[random.random() < clinician.early]()
    _card(world, book, (row, 0, clinician, call, site), told)
    extra = random.random()
    for position in range(1, 2 + (extra < 0.03) if extra < CARDS_A_CALL - 1 else 1):
        _card(world, book, (world.modifiers(), position, clinician, call, site), told)


def _at(world: World, day: date) -> int:
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
    return midnight + world.hours() * 3_600_000 + int(world.random.random() * 3_600_000)


def _add_call(world: World, book: Book, told: tuple[Any, ...], of: tuple[Any, ...]) -> str:
    issuer, tenant, hook, mode, day, at, version = told
    clinician, orders, (status, reason), origins = of
    random = world.random
    call, hexed = world.uuid(), f"{random.getrandbits(256):064x}"
    failed = [random.choice(world.questions)] if random.random() < 0.0003 else None
    duration = (
        4 + random.expovariate(1 / 6) + (random.gammavariate(2, 120) if FETCHED in origins else 0)
    )
    book.add(
        calls, call, at, day, CALL_PATH, issuer, tenant, None, hook, world.uuid(), mode,
        hexed[:32], hexed[32:], clinician, 1 + (random.random() < 0.15), orders,
        (origins or None) if status == 200 else None, json.dumps(failed) if failed else None, None,
        version, status, reason, round(duration, 1),
    )  # fmt: skip
    return call


def _other_call(world: World, book: Book, site: Site, told: tuple[Any, ...]) -> None:
    """Make a call with orders of something else, now and then imaging that nobody mapped."""
    clinician = world.clinicians[site]().name
    call = _add_call(world, book, told, (clinician, 0, (200, None), ""))
    if world.random.random() < 0.06:
        system, code = world.codes[site]()
        issuer, tenant, _, mode, day, _, _ = told
        book.add(unmapped_codes, call, system, code, day, issuer, tenant, mode)


def _card(world: World, book: Book, of: tuple[Any, ...], told: tuple[Any, ...]) -> None:
    row, position, clinician, call, site = of
    issuer, tenant, hook, mode, day, at, version = told
    shown = mode != "silent" or (site.loud and row.indicator == "critical")
    card = world.uuid()
    book.made += 1
    answered = shown and world.random.random() < ANSWERED * clinician.answers
    if answered:
        _answer(world, book, (card, row, clinician), told)
    if not (answered and world.random.random() < LOST):
        book.add(
            cards, card, call, at, day, issuer, tenant, hook, mode, clinician.name, position,
            shown, row.rule, row.recommendation, row.indicator, version,
        )  # fmt: skip


def _answer(world: World, book: Book, of: tuple[Any, ...], told: tuple[Any, ...]) -> None:
    """Make a call to the feedback address that says what became of a card; some say it twice."""
    card, row, clinician = of
    issuer, tenant, _, mode, day, at, version = told
    random = world.random
    for _ in range(1 + (random.random() < TWICE)):
        at += int(random.expovariate(1 / 90_000)) + 2_000
        when = date.fromisoformat(day) + timedelta(at // DAY_MS - told[5] // DAY_MS)
        call = world.uuid()
        outcome = _outcome(world, row, clinician)
        book.add(
            calls, call, at, when.isoformat(), FEEDBACK_PATH, issuer, tenant, None, None, None,
            "canary" if mode == "canary" else "live", None, None, None, 0, 0, None, None,
            json.dumps([outcome[0]]), version, 200, None, round(2 + random.expovariate(1 / 3), 1),
        )  # fmt: skip
        doubtful = random.random() < 0.01
        said_at = at - DAY_MS * 800 if doubtful else at - int(random.random() * 4_000)
        book.add(
            feedback, f"{random.getrandbits(256):064x}", call, card, issuer, tenant, row.rule,
            row.recommendation, at, when.isoformat(), outcome[0], said_at, doubtful, *outcome[1:],
        )  # fmt: skip


def _outcome(world: World, row: Row, clinician: Clinician) -> tuple[Any, ...]:
    """Say what became of a card: outcome, suggestions, reason (system, code, display), comment."""
    random = world.random
    offers = world.offers[row.card]
    if offers and random.random() < min(0.97, VERDICTS[row.verdict][1] * clinician.persuaded):
        known = random.choice(offers) if random.random() < 0.99 else None
        return ("accepted", json.dumps([known]), None, None, None, None)
    reasons = world.reasons[row.card]
    if not reasons or random.random() < 0.12:
        reason: tuple[str | None, ...] = (None, None, None)
    else:
        reason = random.choice(ELSEWHERE if random.random() < 0.08 else reasons)
    comment = "Talked it over with the patient" if random.random() < 0.1 else None
    return ("overridden", None, *reason, comment)


def _write(connection: Connection, table: Table, rows: list[tuple[Any, ...]]) -> None:
    """Insert whole rows; days are texts, which both databases take for dates."""
    if not rows:
        return
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    columns = ", ".join(column.name for column in table.columns)
    marks = ", ".join([mark] * len(table.columns))
    connection.exec_driver_sql(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", rows)


def main() -> None:
    """Make one, and say how large it became."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cards", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("where", help="a file, or the address of a database: postgresql://…")
    given = parser.parse_args()
    url = given.where if "://" in given.where else f"sqlite:///{given.where}"
    begun = time.monotonic()
    migrate(url)
    engine = open_to_keep(url)
    made = fill(engine, given.cards, given.days, given.seed)
    filled = time.monotonic()
    counted = summarise(engine, LAST + timedelta(days=60))
    engine.dispose()
    told = ", ".join(f"{count} {name}" for name, count in made.items())
    sys.stdout.write(
        f"{make_url(url).database}: {told}; {filled - begun:.1f} s; "
        f"{counted} days and months counted; {time.monotonic() - filled:.1f} s\n"
    )


if __name__ == "__main__":
    main()
