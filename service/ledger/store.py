"""Opens the database of the ledger and brings its tables up to date."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    ExceptionContext,
    Select,
    column,
    create_engine,
    event,
    func,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, DisconnectionError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from service.errors import BadSetting, StoreDown
from service.ledger.schema import REVISION

if TYPE_CHECKING:
    from alembic.config import Config

_VERSION: Select[Any] = select(column("version_num")).select_from(text("alembic_version"))
_MIGRATIONS = Path(__file__).with_name("migrations")
_BUSY_MS = 1500  # so long a call waits for another writer
_READ_CACHE_KIB = 2 * 1024
_CONNECT_S = 2  # so long PostgreSQL is waited for
_HANGS_S, _READS_S = 2.0, 60.0  # so long it may answer nothing to a call, and to a report
_DRIVERS = ("sqlite", "postgresql", "postgresql+psycopg")
_UNLIMITED = -1
_NO_POOL: Mapping[str, Any] = {"poolclass": NullPool}  # a report's cache is not kept
_BUSY = "locked"  # in the words of SQLite for a file that another one writes
_IN_MEMORY = (None, "", ":memory:")
_ONE_AT_A_TIME = 7_061_938_445  # any number that nobody else locks in our database


def open_store(url: str, *, durable: bool = False, lock_ms: int = _BUSY_MS) -> Engine:
    """Open the database; raises BadSetting for an address that is none, or that does not last.

    What is committed to a `durable` one is on the disk, even if the power fails the moment after.
    Another writer is waited for `lock_ms` milliseconds.
    Nothing is connected to yet: a store that is down, or hangs, shows when it is used.
    """
    address = _address(url)
    if address.drivername == "sqlite":
        # To open a file costs more than to write a record: its connections are kept. One that is
        # not there at once is no reason to wait.
        pool = {"max_overflow": _UNLIMITED}
        return _sqlite(address, "FULL" if durable else "NORMAL", lock_ms, pool)
    limits = f"-c statement_timeout={_BUSY_MS} -c lock_timeout={lock_ms}"
    return _postgresql(address, limits, patience_s=_HANGS_S)


def open_to_keep(url: str) -> Engine:
    """Open the database for what nobody waits for, however long it takes; raises BadSetting."""
    address = _address(url)
    return _sqlite(address) if address.drivername == "sqlite" else _postgresql(address)


def open_to_read(url: str, *, cache_kib: int = _READ_CACHE_KIB) -> Engine:
    """Open the database for a report, which changes nothing and may take a minute a question.

    A large file is read sooner with more of a cache: memory that a process which goes on keeps.
    Raises BadSetting for an address that is none, or a file that is not there.
    """
    address = _address(url)
    if address.drivername != "sqlite":
        return _postgresql(address, patience_s=_READS_S)
    if not Path(address.database or "").is_file():
        raise BadSetting("ledger_url", expected="a ledger that is there: see `serve`, `migrate`")
    engine = _sqlite(address)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA query_only=ON")
        connection.execute(f"PRAGMA cache_size=-{cache_kib}")

    return engine


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise BadSetting("ledger_url", expected="a database address") from None
    if address.drivername not in _DRIVERS:
        raise BadSetting("ledger_url", expected="sqlite:///FILE or postgresql://…")
    if address.drivername == "sqlite" and (address.database in _IN_MEMORY or address.query):
        raise BadSetting("ledger_url", expected="sqlite:///FILE, which lasts and can be shared")
    return address


def _postgresql(address: URL, options: str = "", *, patience_s: float | None = None) -> Engine:
    try:
        engine = create_engine(
            address.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            pool_pre_ping=True,
            pool_timeout=_CONNECT_S,
            connect_args={"connect_timeout": _CONNECT_S, "options": options},
        )
    except ImportError:
        expected = "sqlite:///FILE, or the extra `postgresql` to be installed"
        raise BadSetting("ledger_url", expected=expected) from None

    if patience_s is not None:
        from service.ledger.patience import impatient

        event.listen(engine, "do_connect", impatient(patience_s))
    return engine


def _sqlite(
    address: URL,
    synchronous: str = "NORMAL",
    lock_ms: int = _BUSY_MS,
    pool: Mapping[str, Any] = _NO_POOL,
) -> Engine:
    try:
        Path(address.database or "").parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise BadSetting("ledger_url", expected="a file in a folder that can be made") from None
    engine = create_engine(address, hide_parameters=True, **pool)
    file = Path(address.database or "")

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, record: Any) -> None:
        connection.execute(f"PRAGMA busy_timeout={lock_ms}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={synchronous}")
        record.info["file"] = _identity(file)

    @event.listens_for(engine, "checkout")
    def _look(_connection: Any, record: Any, _used: Any) -> None:
        # What is kept may lead to a file that was taken away or restored from a copy since.
        if record.info["file"] != _identity(file):
            raise DisconnectionError

    @event.listens_for(engine, "handle_error")
    def _let_go(failed: ExceptionContext) -> None:
        # One that was opened to a file that nobody may write to would stay as it is.
        if isinstance(failed.sqlalchemy_exception, OperationalError):
            failed.is_disconnect = _BUSY not in str(failed.original_exception)

    return engine


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


@contextmanager
def at_one_moment(engine: Engine) -> Iterator[Connection]:
    """Give a connection to which the ledger does not change; raises SQLAlchemyError."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")  # the driver itself begins at a change only
        yield connection


def migrate(url: str) -> None:
    """Bring the tables to the newest version; safe to repeat, on PostgreSQL even at once.

    Raises StoreDown with the kind of the problem, also for tables of a newer release.
    """
    from alembic import command  # not needed to serve
    from alembic.util.exc import CommandError

    engine = open_to_keep(url)
    is_file = engine.dialect.name == "sqlite"
    try:
        with engine.begin() as connection:
            if not is_file:
                connection.execute(select(func.pg_advisory_xact_lock(_ONE_AT_A_TIME)))
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except (SQLAlchemyError, CommandError, OSError) as problem:
        raise StoreDown(type(problem).__name__) from problem
    finally:
        engine.dispose()


def is_up_to_date(engine: Engine) -> bool:
    """Whether the database can be reached and its tables are of the version that is needed."""
    try:
        with engine.connect() as connection:
            return connection.execute(_VERSION).scalar() == REVISION
    except (SQLAlchemyError, OSError):
        return False


def _config() -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config
