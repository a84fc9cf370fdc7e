"""What is counted of days that are over is kept, and tells no other figures than the rows do."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import count, cycle, product
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import STRICT, eventually
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ledgers import DAY, ISSUER, TENANT, SmallLedger
from postgres import Postgres
from sqlalchemy import Connection, delete, func, select

from service import ledger_commands
from service.cli import main
from service.ledger.counting import kinds, summaries
from service.ledger.counting.changes import changes
from service.ledger.counting.summaries import summarise
from service.ledger.feedback import FeedbackBook, Occasion, Said
from service.ledger.figures import Figures, figures
from service.ledger.keeping import prune
from service.ledger.period import Period, Scope
from service.ledger.rows import insert
from service.ledger.schema import late_changes
from service.ledger.schema import summaries as table
from service.ledger.store import migrate
from service.settings import Settings

TODAY = date(2026, 6, 20)
FIRST = date(2026, 2, 20)
PERIODS = (
    Period(first=date(2026, 3, 1), last=date(2026, 3, 31)),
    Period(first=date(2026, 2, 25), last=date(2026, 5, 7)),
    Period(first=date(2026, 1, 1), last=date(2026, 12, 31)),
)
SCOPES = (  # the first with the last period, and so on: `make prove` asks each with each
    Scope(), Scope(issuer=ISSUER), Scope(issuer=ISSUER, tenant="south", mode="live"),
    Scope(mode="silent"), Scope(recommendation="WholeSpine"),
)  # fmt: skip
ASKED = list(product(PERIODS, SCOPES) if STRICT else zip(cycle(reversed(PERIODS)), SCOPES))
EXAMPLES = 200 if STRICT else 25
UUID = "00000000-0000-8000-8000-{:012}"


class Written:
    """A ledger to which rows come as in use: by the journal and by the book of feedback."""

    def __init__(self, url: str) -> None:
        migrate(url)
        self.small = SmallLedger.open(url)
        self.engine = self.small.engine
        self.book = FeedbackBook(engine=self.engine, key=b"k" * 32, recommendations={})
        self.numbers = count()

    def clear(self) -> None:
        self.small.clear()
        with self.engine.begin() as connection:
            connection.execute(delete(table))
            connection.execute(delete(late_changes))

    def record(self, uuid: str, day: date, **of: object) -> None:
        number = next(self.numbers)
        shared = {"at": number, "day": day.isoformat(), "issuer": ISSUER, "tenant": TENANT,
                  "hook": "order-sign", "mode": "live", "clinician": "anne",
                  "content_version": "1+a"}  # fmt: skip
        shared |= {key: value for key, value in of.items() if key in shared}
        call = shared | {
            "id": f"call {number}", "endpoint": "/cds-services/lumbar-mri", "token_id": None,
            "hook_instance": None, "patient": None, "encounter": None, "drafts": 1, "orders": 1,
            "origins": json.dumps({"conditions": "ehr_timeout"}), "outcomes": None,
            "failed_questions": None, "status": 200, "reason": None,
            "duration_ms": 7.0 + number,
        }  # fmt: skip
        card = shared | {
            "uuid": uuid, "call_id": f"call {number}", "position": 0, "shown": True,
            "rule": "R60", "recommendation": "DeferSixWeeks", "indicator": "warning",
        }  # fmt: skip
        card |= {key: value for key, value in of.items() if key in card}
        with self.engine.begin() as connection:
            insert(connection, [{"calls": [call], "cards": [card]}])

    def say(self, uuid: str, day: date, outcome: str, tenant: str = TENANT) -> None:
        number = next(self.numbers)
        occasion = Occasion(
            call_id=f"said {number}", issuer=ISSUER, tenant=tenant, received_at=number, day=day
        )
        said = Said(card=uuid, outcome=outcome, outcome_at=number)
        self.book.store([said], {uuid: "R60"}, occasion)

    def agrees(self) -> None:
        """Hold the figures that rest on what is kept against those that rows tell alone."""
        told = self.figures()
        with self.engine.begin() as connection:
            kept = connection.execute(select(table)).all()
            connection.execute(delete(table))
        assert self.figures() == told
        with self.engine.begin() as connection:
            if kept:
                connection.execute(table.insert(), [row._asdict() for row in kept])

    def figures(self) -> list[Figures]:
        return [figures(self.engine, period, scope) for period, scope in ASKED]

    def kept(self) -> set[tuple[str, date]]:
        with self.engine.connect() as connection:
            return {
                (r.step, r.first) for r in connection.execute(select(table.c.step, table.c.first))
            }


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    made = Written(f"sqlite:///{tmp_path_factory.mktemp('kept')}/ledger.sqlite")
    yield made
    made.engine.dispose()


@pytest.fixture(scope="module")
def on_postgresql(cluster: Postgres) -> Iterator[Written]:
    made = Written(cluster.new_database())
    yield made
    made.engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def ledger(request: pytest.FixtureRequest) -> Written:
    made: Written = request.getfixturevalue(f"on_{request.param}")
    made.clear()
    return made


DAYS = st.integers(0, 110).map(lambda number: FIRST + timedelta(number))
CARDS = st.integers(0, 9).map(UUID.format)
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("record"), CARDS, DAYS, st.sampled_from(["DeferSixWeeks", "WholeSpine"]),
            st.sampled_from(["live", "silent"]), st.sampled_from(["north", "south"]),
        ),
        st.tuples(st.just("say"), CARDS, DAYS, st.sampled_from(["accepted", "overridden"])),
        st.just(("summarise",)),
        st.tuples(st.just("prune"), st.integers(0, 60).map(lambda n: FIRST + timedelta(n))),
    ),
    max_size=25,
)  # fmt: skip


def play(ledger: Written, steps: list[tuple]) -> None:
    ledger.clear()
    for what, *of in steps:
        if what == "record":
            uuid, day, recommendation, mode, tenant = of
            ledger.record(uuid, day, recommendation=recommendation, mode=mode,
                          shown=mode == "live", tenant=tenant)  # fmt: skip
        elif what == "say":
            ledger.say(*of)
        elif what == "prune":
            prune(ledger.engine, *of)
        else:
            summarise(ledger.engine, TODAY)
    ledger.agrees()


AN_ANSWER_OUTLIVES_ITS_CARD = [
    ("record", UUID.format(1), FIRST, "DeferSixWeeks", "live", "north"),
    ("say", UUID.format(1), FIRST + timedelta(9), "accepted"),
    ("summarise",),
    ("prune", FIRST + timedelta(5)),
]
THE_LAST_ANSWER_GOES_FIRST = [
    ("say", UUID.format(1), FIRST + timedelta(9), "accepted"),
    ("say", UUID.format(1), FIRST, "overridden"),
    ("record", UUID.format(2), TODAY, "WholeSpine", "live", "north"),
    ("summarise",),
    ("prune", FIRST + timedelta(5)),
]


@settings(deadline=None, max_examples=EXAMPLES)
@example(AN_ANSWER_OUTLIVES_ITS_CARD)
@example(THE_LAST_ANSWER_GOES_FIRST)
@given(STEPS)
def test_whatever_comes_and_when_the_figures_are_those_of_the_rows(
    on_sqlite: Written, steps: list[tuple]
) -> None:
    play(on_sqlite, steps)


def test_the_months_before_the_last_days_are_kept(ledger: Written) -> None:
    ledger.record(UUID.format(1), FIRST)
    ledger.record(UUID.format(2), TODAY)
    assert summarise(ledger.engine, TODAY) > 0
    assert summarise(ledger.engine, TODAY) == 0
    kept = ledger.kept()
    assert {first for step, first in kept if step == summaries.MONTH} == {
        date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1),
    }  # fmt: skip
    days = {first for step, first in kept if step == summaries.DAY}
    assert (min(days), max(days)) == (FIRST, TODAY - timedelta(days=3))
    ledger.agrees()


def test_what_is_kept_is_what_is_read(ledger: Written) -> None:
    """Figures that are read from what is kept, not counted beside it."""
    ledger.record(UUID.format(1), DAY)
    ledger.record(UUID.format(2), DAY + timedelta(days=40))
    summarise(ledger.engine, TODAY)
    nothing = kinds.write({})
    with ledger.engine.begin() as connection:
        connection.execute(table.update().values(counts=nothing))
    assert figures(ledger.engine, PERIODS[0], Scope()).main.calls == 0


@pytest.mark.parametrize("late", ["record", "answer", "answer before its record", "second answer"])
def test_what_comes_late_is_counted(ledger: Written, late: str) -> None:
    for number in range(3):
        ledger.record(UUID.format(number), DAY)
    ledger.record("first", FIRST)
    ledger.record("last", TODAY)
    one = UUID.format(1 if late in ("answer", "second answer") else 7)
    if late in ("answer before its record", "second answer"):
        ledger.say(one, DAY + timedelta(days=1), "accepted")
    summarise(ledger.engine, TODAY)
    if late in ("record", "answer before its record"):
        ledger.record(one, DAY)
    else:
        ledger.say(one, DAY + timedelta(days=35), "overridden")
    ledger.agrees()
    (found,) = figures(ledger.engine, PERIODS[0], Scope()).main.indication.values()
    assert (found.cards, found.outcome.accepted, found.outcome.overridden) == {
        "record": (4, 0, 0), "answer": (3, 0, 1), "answer before its record": (4, 1, 0),
        "second answer": (3, 0, 1),
    }[late]  # fmt: skip
    assert summarise(ledger.engine, TODAY) >= 2  # the day and its month
    ledger.agrees()


def test_what_is_pruned_is_in_no_figure(ledger: Written) -> None:
    ledger.record(UUID.format(1), DAY)
    ledger.record("last", TODAY)
    summarise(ledger.engine, TODAY)
    prune(ledger.engine, DAY + timedelta(days=2))
    assert figures(ledger.engine, PERIODS[0], Scope()).main.indication == {}
    ledger.agrees()


def test_another_way_of_counting_is_not_read(ledger: Written) -> None:
    ledger.record(UUID.format(1), DAY)
    ledger.record("last", TODAY)
    summarise(ledger.engine, TODAY)
    with ledger.engine.begin() as connection:
        connection.execute(table.update().values(form=0, counts=b"another way"))
    assert figures(ledger.engine, PERIODS[0], Scope()).main.calls == 1
    assert summarise(ledger.engine, TODAY) > 0
    ledger.agrees()


def test_one_recommendation_is_told_alone(ledger: Written) -> None:
    ledger.record(UUID.format(1), DAY)
    ledger.record(UUID.format(2), DAY, recommendation="WholeSpine", clinician="bert")
    ledger.say(UUID.format(2), DAY, "accepted")
    found = figures(ledger.engine, PERIODS[0], Scope(recommendation="WholeSpine"))
    assert set(found.main.indication) == set(found.over_time) == {"WholeSpine"}
    assert [one.owner.clinician for one in found.clinicians] == ["bert"]
    assert found.main.calls == 2


def test_the_command_counts_what_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    made = Written(url)
    made.record(UUID.format(1), DAY)
    monkeypatch.setenv("LUMBAR_MRI_CDS_LEDGER_URL", url)
    told = [CliRunner().invoke(main, ["ledger", "summarise"]).output for _ in range(2)]
    assert told == ["1 days and months were counted\n", "0 days and months were counted\n"]
    made.engine.dispose()


def test_a_service_counts_what_is_over_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    made = Written(url)
    made.record(UUID.format(1), DAY)
    monkeypatch.setattr(ledger_commands, "_FIRST_AFTER_S", 0)
    ledger_commands.summarise_by_and_by(Settings(ledger_url=url))
    assert eventually(lambda: made.kept() == {(summaries.DAY, DAY)})
    made.engine.dispose()


def test_every_part_is_kept(ledger: Written) -> None:
    ledger.record(UUID.format(1), DAY)
    summarise(ledger.engine, TODAY)
    with ledger.engine.connect() as connection:
        parts = connection.execute(select(func.count(table.c.part.distinct()))).scalar()
    assert parts == len(kinds.PARTS)


def test_what_another_program_wrote_is_seen_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    made = Written(url)
    made.record(UUID.format(1), DAY)
    monkeypatch.setenv("LUMBAR_MRI_CDS_LEDGER_URL", url)
    CliRunner().invoke(main, ["ledger", "summarise"])
    made.small.card()
    assert figures(made.engine, PERIODS[0], Scope()).main.indication["DeferSixWeeks"].cards == 1
    told = CliRunner().invoke(main, ["ledger", "summarise", "--anew"]).output
    assert told == "1 days and months were counted\n"
    assert figures(made.engine, PERIODS[0], Scope()).main.indication["DeferSixWeeks"].cards == 2
    made.engine.dispose()


def test_a_table_that_cannot_be_read_is_counted(ledger: Written) -> None:
    ledger.record(UUID.format(1), DAY)
    summarise(ledger.engine, TODAY)
    with ledger.engine.begin() as connection:
        connection.execute(table.update().values(counts=b"\xc1"))
    assert figures(ledger.engine, PERIODS[0], Scope()).main.calls == 1


def test_several_may_count_at_once(ledger: Written) -> None:
    for number in range(20):
        ledger.record(UUID.format(number), DAY + timedelta(days=number))
    with ThreadPoolExecutor(4) as counting:
        done = [counting.submit(summarise, ledger.engine, TODAY) for _ in range(4)]
        assert sum(one.result() for one in done) >= 20
    ledger.agrees()


def test_what_is_said_again_changes_nothing(ledger: Written) -> None:
    ledger.record(UUID.format(1), DAY)
    ledger.say(UUID.format(1), DAY, "accepted")
    with ledger.engine.connect() as connection:
        before = changes(connection)
    said = Said(card=UUID.format(2), outcome="accepted", outcome_at=5)
    occasion = Occasion(call_id="c", issuer=ISSUER, tenant=TENANT, received_at=5, day=DAY)
    for _ in range(3):
        ledger.book.store([said], {UUID.format(2): "R60"}, occasion)
    with ledger.engine.connect() as connection:
        assert changes(connection)[DAY] == before[DAY] + 1


@pytest.mark.parametrize("meanwhile", ["row", "prune"])
def test_what_changes_while_it_is_counted_is_not_believed(
    ledger: Written, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    ledger.record(UUID.format(1), DAY)
    ledger.record("last", TODAY)
    counted = summaries._count_day

    def slowly(connection: Connection, day: date) -> Mapping[str, bytes]:
        made = counted(connection, day)
        if day == DAY and meanwhile == "row":
            ledger.record(UUID.format(2), DAY)
        elif day == DAY:
            prune(ledger.engine, DAY + timedelta(days=5))
        return made

    monkeypatch.setattr(summaries, "_count_day", slowly)
    summarise(ledger.engine, TODAY)
    monkeypatch.undo()
    if meanwhile == "prune":
        ledger.record(UUID.format(3), DAY - timedelta(days=1))  # the days before are there again
    ledger.agrees()
