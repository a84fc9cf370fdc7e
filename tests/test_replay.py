"""A token counts once: for all workers, through restarts, on SQLite and on PostgreSQL."""

import logging
import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from attacks import Keys, issuers, made_keys
from flask.testing import FlaskClient
from house import House, accepted, production, refused, watched
from postgres import Postgres
from sqlalchemy import Engine, event, func, insert, inspect, select
from sqlalchemy.exc import OperationalError
from uses import KEY, used_at

from service.app import create_app
from service.errors import BadSetting, StoreDown
from service.ledger.replay import SeenTokens
from service.ledger.schema import metadata, seen_tokens
from service.ledger.store import is_up_to_date, migrate, open_store
from service.settings import Settings

NOW = 1_800_000_000.0
AT_ONCE = 16
PROCESSES = 4
DOWN_S = 5.0  # at most so long a store that is down holds up a call
REST_S = 5
SPAWNED = multiprocessing.get_context("spawn")
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)


@pytest.fixture(params=["sqlite", POSTGRESQL])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.sqlite"
    return request.getfixturevalue("cluster").new_database()


@pytest.fixture
def url(empty_url: str) -> str:
    migrate(empty_url)
    return empty_url


@pytest.fixture
def postgresql_url(cluster: Postgres) -> str:
    made = cluster.new_database()
    migrate(made)
    return made


OPENED: list[Engine] = []


@pytest.fixture(autouse=True)
def _close() -> Iterator[None]:
    yield
    while OPENED:
        OPENED.pop().dispose()


def opened(url: str) -> Engine:
    OPENED.append(open_store(url))
    return OPENED[-1]


def seen(url: str) -> SeenTokens:
    return SeenTokens(engine=opened(url), key=KEY)


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(seen_tokens)).scalar_one()


def test_a_token_counts_once_in_every_worker(url: str) -> None:
    one, other = seen(url), seen(url)
    assert one.first_use("a", "id", NOW + 300, NOW)
    assert not one.first_use("a", "id", NOW + 300, NOW)
    assert not other.first_use("a", "id", NOW + 300, NOW + 299)
    assert other.first_use("a", "another", NOW + 300, NOW)


def test_the_same_id_of_another_issuer_is_another_token(url: str) -> None:
    tokens = seen(url)
    for issuer, token_id in (("a", "bc"), ("ab", "c"), ("", "abc"), ("1:a", "bc"), ("a", "bc ")):
        assert tokens.first_use(issuer, token_id, NOW + 300, NOW)
        assert not tokens.first_use(issuer, token_id, NOW + 300, NOW)


def test_neither_issuer_nor_id_can_be_read_from_the_ledger(url: str) -> None:
    tokens = seen(url)
    tokens.first_use("https://ehr.example.org/", "Zebulon-4711", NOW + 300, NOW)
    with tokens.engine.connect() as connection:
        ((token, expires_at),) = connection.execute(select(seen_tokens)).all()
    assert len(token) == 32
    assert NOW + 300 < expires_at <= NOW + 302


def test_of_many_uses_at_once_in_several_processes_one_is_the_first(url: str) -> None:
    with ProcessPoolExecutor(PROCESSES, mp_context=SPAWNED) as pool:
        for warm_up_s in (4.0, 0.3, 0.3):
            begin = time.time() + warm_up_s
            asked = [
                pool.submit(used_at, url, begin, AT_ONCE // PROCESSES) for _ in range(PROCESSES)
            ]
            given = [first for one in asked for first in one.result()]
            assert len(given) == AT_ONCE
            assert given.count(True) == (1 if warm_up_s > 1 else 0)


def test_what_has_expired_is_swept_and_nothing_else(url: str) -> None:
    tokens = seen(url)
    for number in range(5):
        assert tokens.first_use("a", f"short-{number}", NOW + 60, NOW)
    assert tokens.first_use("a", "long", NOW + 3600, NOW)
    assert tokens.first_use("a", "later", NOW + 3600, NOW + 62)
    assert count(tokens.engine) == 2
    assert not tokens.first_use("a", "long", NOW + 3600, NOW + 3599)
    assert tokens.first_use("a", "last", NOW + 9000, NOW + 3700)
    assert count(tokens.engine) == 1


def test_it_is_swept_once_a_minute_and_not_at_every_call(url: str) -> None:
    tokens = seen(url)
    tokens.first_use("a", "first", NOW, NOW)
    for number in range(5):
        tokens.first_use("a", str(number), NOW + number, NOW + 50)
    assert count(tokens.engine) == 6
    tokens.first_use("a", "later", NOW + 300, NOW + 61)
    assert count(tokens.engine) == 1


@pytest.mark.postgresql
def test_a_sweep_never_waits_for_rows_that_others_hold(postgresql_url: str) -> None:
    tokens = seen(postgresql_url)
    expired = [{"token": bytes([number]) * 32, "expires_at": int(NOW) - 9} for number in range(3)]
    with tokens.engine.begin() as connection:
        connection.execute(insert(seen_tokens), expired)
    with tokens.engine.begin() as other:
        held = seen_tokens.c.token == expired[0]["token"]
        other.execute(select(seen_tokens).where(held).with_for_update())
        begun = time.perf_counter()
        assert tokens.first_use("a", "id", NOW + 300, NOW)
        assert time.perf_counter() - begun < 1
    assert not tokens.first_use("a", "id", NOW + 300, NOW)
    assert count(tokens.engine) == 2


def test_a_sweep_that_fails_undoes_no_use_and_is_told(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = seen(url)

    @event.listens_for(tokens.engine, "before_cursor_execute")
    def _fail(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("DELETE"):
            raise OperationalError(statement, None, RuntimeError())

    assert tokens.first_use("a", "id", NOW + 300, NOW)
    assert "ledger not swept" in caplog.text
    assert not tokens.first_use("a", "id", NOW + 300, NOW)


def is_down(tokens: SeenTokens) -> bool:
    begun = time.perf_counter()
    with pytest.raises(StoreDown):
        tokens.first_use("a", "id", NOW + 300, NOW)
    return time.perf_counter() - begun < DOWN_S and not is_up_to_date(tokens.engine)


def test_a_store_without_tables_is_down(empty_url: str) -> None:
    assert is_down(seen(empty_url))
    migrate(empty_url)
    assert seen(empty_url).first_use("a", "id", NOW + 300, NOW)


def test_a_file_that_is_no_database_is_down(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_bytes(b"no database" * 1000)
    assert is_down(seen(f"sqlite:///{tmp_path}/ledger"))


def test_a_folder_in_place_of_the_file_is_down(tmp_path: Path) -> None:
    assert is_down(seen(f"sqlite:///{tmp_path}"))


def test_a_file_that_another_holds_is_down_after_a_while(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    migrate(url)
    tokens = seen(url)
    with tokens.engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        begun = time.perf_counter()
        with pytest.raises(StoreDown):
            tokens.first_use("a", "id", NOW + 300, NOW)
        assert time.perf_counter() - begun < DOWN_S
    assert tokens.first_use("a", "id", NOW + 300, NOW)


@pytest.mark.timed
def test_a_call_that_goes_on_without_the_answer_hardly_waits_for_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    migrate(url)
    tokens = seen(url)
    OPENED.append(open_store(url, lock_ms=45))
    tokens.hasty = OPENED[-1]
    with tokens.engine.connect() as other:
        other.exec_driver_sql("BEGIN IMMEDIATE")
        took = []
        for number in range(200):
            begun = time.perf_counter()
            with pytest.raises(StoreDown):
                tokens.first_use("a", f"id-{number}", NOW + 300, NOW, needed=False)
            took.append(time.perf_counter() - begun)
        assert not tokens.first_use("a", "id-7", NOW + 300, NOW, needed=False)  # remembered here
    assert sum(one > 0.04 for one in took) <= 1  # the first; what it found out, the others know
    until = time.monotonic() + DOWN_S
    while True:  # what was asked meanwhile is still being answered
        try:
            assert tokens.first_use("a", f"id-{time.monotonic()}", NOW + 300, NOW, needed=False)
        except StoreDown:
            assert time.monotonic() < until
            time.sleep(0.05)
        else:
            break
    assert not tokens.first_use("a", "id-7", NOW + 300, NOW, needed=False)


@pytest.fixture
def used_before(postgresql_url: str) -> SeenTokens:
    """Give a store on PostgreSQL that remembers one token."""
    tokens = seen(postgresql_url)
    assert tokens.first_use("a", "before", NOW + 300, NOW)
    return tokens


def is_back(tokens: SeenTokens) -> bool:
    """Whether a store, once it has rested, still remembers what it did, and takes in more."""
    later = NOW + REST_S
    remembers = not tokens.first_use("a", "before", NOW + 300, later)
    return remembers and tokens.first_use("a", "id", NOW + 300, later)


@pytest.mark.postgresql
def test_a_server_that_stopped_is_down_until_it_is_back(
    cluster: Postgres, used_before: SeenTokens
) -> None:
    cluster.stop()
    assert is_down(used_before)
    cluster.start()
    assert is_back(used_before)


@pytest.mark.postgresql
def test_a_server_that_hangs_is_down_and_holds_up_nobody(
    cluster: Postgres, used_before: SeenTokens
) -> None:
    with ThreadPoolExecutor(1) as pool:
        cluster.pause()
        try:
            assert pool.submit(is_down, used_before).result(timeout=2 * DOWN_S)
        finally:
            cluster.resume()
    begun = time.perf_counter()
    with pytest.raises(StoreDown):  # nobody else waits for it
        used_before.first_use("a", "before", NOW + 300, NOW + REST_S - 1)
    assert time.perf_counter() - begun < 1  # to wait is to wait for seconds
    assert is_back(used_before)


def test_to_migrate_again_changes_nothing(url: str) -> None:
    tokens = seen(url)
    assert is_up_to_date(tokens.engine)
    tokens.first_use("a", "id", NOW + 300, NOW)
    migrate(url)
    assert is_up_to_date(tokens.engine)
    assert not tokens.first_use("a", "id", NOW + 300, NOW)


@pytest.mark.postgresql
def test_several_may_migrate_a_shared_database_at_once(cluster: Postgres) -> None:
    url = cluster.new_database()
    with ProcessPoolExecutor(PROCESSES, mp_context=SPAWNED) as pool:
        list(pool.map(migrate, [url] * PROCESSES))
    assert is_up_to_date(opened(url))


def test_the_migrations_make_the_tables_that_the_code_describes(url: str) -> None:
    engine = opened(url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        made = set(inspect(connection).get_table_names())
    assert made == {*metadata.tables, "alembic_version"}


WRONG = [
    "", "nonsense", "mysql://h/d", "sqlite://", "sqlite:///:memory:",
    "sqlite:///file:x?mode=memory&uri=true", "sqlite+odd:///f",
    "postgresql+odd://h/d", "postgresql://h:port/d",
]  # fmt: skip


@pytest.mark.parametrize("given", WRONG)
def test_an_address_that_is_no_lasting_database_is_a_wrong_setting(given: str) -> None:
    with pytest.raises(BadSetting) as problem:
        open_store(given)
    assert problem.value.key == "ledger_url"


def test_a_folder_that_cannot_be_made_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadSetting):
        open_store(f"sqlite:///{tmp_path}/file/ledger.sqlite")


def test_postgresql_without_its_driver_is_a_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("psycopg", "service.ledger.patience"):
        monkeypatch.setitem(sys.modules, module, None)
    for use in (open_store, migrate):
        with pytest.raises(BadSetting):
            use("postgresql://localhost/d")


@pytest.fixture(scope="module")
def keys() -> Keys:
    return made_keys()


def house_with_broken_store(keys: Keys, folder: Path, **issuer: Any) -> House:
    registered = [{**one, **issuer} for one in issuers(keys, folder, jku=False)]
    settings = Settings(**production(folder, registered))
    house = House(keys=keys, settings=settings, client=FlaskClient(lambda *_: None))
    house.client = create_app(settings).test_client()
    return house


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    return [record.msg for record in caplog.records if isinstance(record.msg, dict)]


def test_while_the_store_is_down_advice_goes_on_and_an_alarm_is_raised(
    keys: Keys, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    house = house_with_broken_store(keys, tmp_path)
    assert house.client.get("/health/ready").json["ledger"] == "down"
    with watched(house):
        for _ in range(2):
            assert accepted(house.bearer())
        bearer = f"Bearer {house.token()}"
        assert accepted(house.post(bearer))
        assert refused(house.post(bearer))  # the process itself remembers it
    told = lines(caplog)
    assert [one["level"] for one in told if one["event"] == "replay store down"] == ["error"] * 3
    reasons = [one["reason"] for one in told if one["event"] == "call"]
    assert reasons == [*["replay_unchecked"] * 3, "used_before"]


def test_an_issuer_may_rather_be_refused_while_the_store_is_down(
    keys: Keys, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    house = house_with_broken_store(keys, tmp_path, replay_store_down="refuse")
    with watched(house):
        assert refused(house.bearer())
        assert not house.computed
    (told,) = (one for one in lines(caplog) if one["event"] == "call")
    assert told["reason"] == "replay_store_down"


def test_a_forged_token_is_refused_while_the_store_is_down(keys: Keys, tmp_path: Path) -> None:
    house = house_with_broken_store(keys, tmp_path)
    house.keys = made_keys()
    with watched(house):
        assert refused(house.bearer())
        assert not house.computed
