"""Opens the database of the ledger and brings its tables up to date."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from service.errors import BadSetting

_MIGRATIONS = Path(__file__).with_name("migrations")
_BUSY_MS = 5000  # so long SQLite waits for another writer
_CONNECT_S = 2  # so long PostgreSQL is waited for
_BACKENDS = ("sqlite", "postgresql")


def open_store(url: str) -> Engine:
    """Open the database; raises BadSetting for an address that is none.

    Nothing is connected to yet: a store that is down shows when it is used.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        raise BadSetting("ledger_url", expected="a database address") from None
    if address.get_backend_name() not in _BACKENDS:
        raise BadSetting("ledger_url", expected="sqlite:///FILE or postgresql://…")
    if address.get_backend_name() == "sqlite":
        return _sqlite(url, address.database)
    if address.drivername == "postgresql":
        address = address.set(drivername="postgresql+psycopg")
    return create_engine(
        address,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=_CONNECT_S,
        connect_args={"connect_timeout": _CONNECT_S, "options": f"-c statement_timeout={_BUSY_MS}"},
    )


def _sqlite(url: str, file: str | None) -> Engine:
    if file and file != ":memory:":
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    # One connection a use: cheap for a file, and nothing is shared between threads or workers.
    engine = create_engine(url, hide_parameters=True, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


def migrate(url: str) -> None:
    """Bring the tables to the newest version; safe to repeat."""
    engine = open_store(url)
    with engine.begin() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def is_up_to_date(engine: Engine) -> bool:
    """Whether the database can be reached and its tables are of the version that is needed."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() == head
    except SQLAlchemyError:
        return False


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config
