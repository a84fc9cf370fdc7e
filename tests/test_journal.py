"""Records are taken at once, stored once each, and spooled while the ledger is in trouble."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import eventually
from sqlalchemy import Engine, func, select

from service.ledger.journal import Journal
from service.ledger.rows import from_line, to_line
from service.ledger.schema import calls, cards, unmapped_codes
from service.ledger.spool import Spool, SpoolFull
from service.ledger.store import migrate, open_store

DAY = "2026-11-26"
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)


def record(name: str, **call: Any) -> dict[str, list[dict[str, Any]]]:
    shared = {"day": DAY, "issuer": None, "tenant": None, "mode": "live"}
    row = {
        "id": name, "at": 1, "endpoint": "/x", "token_id": None, "hook": "order-sign",
        "hook_instance": None, "patient": None, "encounter": None, "clinician": None, "drafts": 1,
        "orders": 1, "origins": None, "failed_questions": None, "outcomes": None,
        "content_version": "1", "status": 200, "reason": None, "duration_ms": 1.5,
    }  # fmt: skip
    card = {
        "uuid": f"card-{name}", "rule": "R60", "recommendation": "DeferSixWeeks",
        "indicator": "warning", "shown": True, "position": 0, "call_id": name, "at": 1,
        "hook": "order-sign", "clinician": None, "content_version": "1",
    }  # fmt: skip
    code = {"system": "s", "code": "c", "call_id": name}
    return {
        "calls": [{**row, **shared, **call}],
        "cards": [{**card, **shared}],
        "unmapped_codes": [{**code, **shared}],
    }


@pytest.fixture(params=["sqlite", POSTGRESQL])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("cluster").new_database()
    opened = open_store(url)
    yield opened
    opened.dispose()


def url_of(engine: Engine) -> str:
    return engine.url.render_as_string(hide_password=False)


def journal(engine: Engine, folder: Path, **changes: Any) -> Journal:
    spool = Spool(folder=folder / "spool", most_bytes=changes.pop("most_bytes", 1_000_000))
    return Journal(engine=engine, spool=spool, **changes)


def count(engine: Engine, table: Any = calls) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_what_is_kept_is_stored_in_every_table(engine: Engine, tmp_path: Path) -> None:
    migrate(url_of(engine))
    kept = journal(engine, tmp_path)
    for number in range(1200):  # more than one transaction
        kept.keep(record(str(number)))
    kept.end()
    assert [count(engine, table) for table in (calls, cards, unmapped_codes)] == [1200] * 3
    assert (kept.state().up, kept.state().waiting, kept.state().spooled_bytes) == (True, 0, 0)


def test_a_record_that_comes_again_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    migrate(url_of(engine))
    kept = journal(engine, tmp_path)
    for name in ("1", "1", "2"):
        kept.keep(record(name))
    kept.end()
    assert (count(engine), count(engine, cards)) == (2, 2)


def test_what_the_ledger_does_not_take_is_spooled_and_stored_when_it_does(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables are not there yet: an upgrade whose migration comes late."""
    monkeypatch.setattr("service.ledger.journal._REST_S", 0.3)
    kept = journal(engine, tmp_path)
    for number in range(10):
        kept.keep(record(str(number)))
    assert eventually(lambda: kept.state().spooled_bytes and not kept.state().waiting)
    assert not kept.state().up
    migrate(url_of(engine))
    assert eventually(lambda: count(engine) == 10)
    assert eventually(lambda: kept.state().up and not kept.state().spooled_bytes)
    kept.end()


def test_what_another_process_spooled_is_stored(engine: Engine, tmp_path: Path) -> None:
    dead = Spool(folder=tmp_path / "spool", most_bytes=1_000_000)
    dead.add([to_line(record(str(number))) for number in range(3)])
    dead.release()  # as the system does for a process that was killed
    migrate(url_of(engine))
    kept = journal(engine, tmp_path)
    kept.begin()
    assert eventually(lambda: count(engine) == 3)
    assert eventually(lambda: not list((tmp_path / "spool").iterdir()))
    kept.end()


def test_a_line_that_was_not_written_to_its_end_is_counted_as_lost(
    engine: Engine, tmp_path: Path
) -> None:
    migrate(url_of(engine))
    (tmp_path / "spool").mkdir()
    whole = to_line(record("1"))
    (tmp_path / "spool" / "x.jsonl").write_bytes(whole + b"\n" + whole[:100])
    lost: list[int] = []
    kept = journal(engine, tmp_path, lost=lost.append)
    kept.begin()
    assert eventually(lambda: lost) == [1]
    assert count(engine) == 1
    kept.end()


@pytest.mark.postgresql
def test_a_record_that_cannot_be_stored_does_not_hold_up_the_others(
    cluster: Any, tmp_path: Path
) -> None:
    url = cluster.new_database()
    migrate(url)
    engine, lost = open_store(url), []
    kept = journal(engine, tmp_path, lost=lost.append)
    for name in ("1", "2", "3"):
        kept.keep(record(name, reason="x" * 65 if name == "2" else None))
    assert eventually(lambda: count(engine) == 2)
    kept.end()
    assert lost == [1]
    engine.dispose()


@pytest.mark.parametrize("is_migrated", [True, False])
def test_a_record_that_no_reader_could_read_does_not_hold_up_the_others(
    engine: Engine, tmp_path: Path, is_migrated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.ledger.journal._REST_S", 0.3)
    if is_migrated:
        migrate(url_of(engine))
    lost: list[int] = []
    kept = journal(engine, tmp_path, lost=lost.append)
    for name in ("1", "2", "3"):
        kept.keep(record(name, token_id="\ud800" if name == "2" else None))
    assert eventually(lambda: lost) == [1]
    migrate(url_of(engine))
    assert eventually(lambda: count(engine) == 2)
    kept.end()


@pytest.mark.timed
def test_where_nothing_can_be_written_records_wait_and_the_last_are_told_as_lost(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.ledger.journal._REST_S", 0.3)
    monkeypatch.setattr("service.ledger.journal._LOOK_EVERY_S", 0.2)
    lost: list[int] = []
    kept = journal(engine, tmp_path, most_bytes=0, most_waiting=50, lost=lost.append)
    took = []
    for number in range(700):
        begun = time.perf_counter()
        kept.keep(record(str(number)))
        took.append(time.perf_counter() - begun)
    assert sorted(took)[int(len(took) * 0.99)] < 0.05
    assert kept.state().waiting <= 50 + 500
    assert sum(lost) >= 150
    migrate(url_of(engine))
    assert eventually(lambda: count(engine) + sum(lost) == 700)
    kept.end()


def test_at_the_end_everything_is_stored_or_spooled(engine: Engine, tmp_path: Path) -> None:
    kept = journal(engine, tmp_path)
    for number in range(20):
        kept.keep(record(str(number)))
    kept.end()
    (file,) = (tmp_path / "spool").glob("*.jsonl")
    assert len(file.read_bytes().splitlines()) == 20


def test_a_full_spool_takes_nothing_and_keeps_what_it_has(tmp_path: Path) -> None:
    spool = Spool(folder=tmp_path, most_bytes=100)
    spool.add([b"x" * 60])
    with pytest.raises(SpoolFull):
        spool.add([b"y" * 60])
    spool.release()
    with spool.oldest() as found:
        assert found
        assert list(found[1]) == [b"x" * 60 + b"\n"]


def hold(folder: str, written: Any, done: Any) -> None:
    spool = Spool(folder=Path(folder), most_bytes=1000)
    spool.add([b"mine"])
    written.set()
    done.wait(20)
    os._exit(1)  # without any farewell


def test_a_file_that_another_process_writes_is_left_alone_until_it_dies(tmp_path: Path) -> None:
    spawned = multiprocessing.get_context("spawn")
    written, done = spawned.Event(), spawned.Event()
    other = spawned.Process(target=hold, args=(str(tmp_path), written, done))
    other.start()
    assert written.wait(20)
    spool = Spool(folder=tmp_path, most_bytes=1000)
    with spool.oldest() as found:
        assert found is None
    done.set()
    other.join(20)
    with spool.oldest() as found:
        assert found
        assert list(found[1]) == [b"mine\n"]


def test_a_line_that_is_no_record_is_none() -> None:
    for line in (b"", b"{", b"[]", b'{"other": []}', b'{"calls": 1}', b"\xff"):
        assert from_line(line) is None
    assert from_line(to_line(record("1"))) == record("1")


@pytest.mark.parametrize(
    ("change", "is_read"),
    [
        ({"of_a_later_release": 1}, True),
        ({"reason": None}, True),
        ({"duration_ms": 2}, True),
        ({"at": 10**30}, False),
        ({"at": "1"}, False),
        ({"day": 5}, False),
        ({"day": "yesterday"}, False),
        ({"reason": {"a": 1}}, False),
        ({"status": None}, False),
    ],
)
def test_a_row_that_no_table_would_take_is_no_record(change: dict[str, Any], is_read: bool) -> None:
    assert (from_line(to_line(record("1", **change))) == record("1", **change)) is (
        is_read and "of_a_later_release" not in change
    )
    assert (from_line(to_line(record("1", **change))) is not None) is is_read
