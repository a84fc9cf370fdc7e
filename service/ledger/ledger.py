"""The whole ledger of one process: used tokens, the record of calls, and feedback."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Engine

from service.ledger.feedback import FeedbackBook
from service.ledger.journal import Journal
from service.ledger.replay import SeenTokens
from service.ledger.spool import Spool
from service.ledger.store import open_store
from service.settings import Settings

_HASTY_MS = 200  # so long a call that may go on waits for another writer


@dataclass(frozen=True, kw_only=True, slots=True)
class Ledger:
    """What this process remembers, in a database that it shares with others."""

    engine: Engine
    seen: SeenTokens
    journal: Journal
    book: FeedbackBook = field(repr=False)

    def close(self) -> None:
        """Write what waits, and let go of the database."""
        self.journal.end()
        for engine in (self.engine, self.book.engine, self.seen.hasty):
            if engine is not None:
                engine.dispose()


def open_ledger(settings: Settings, recommendations: Mapping[str, str]) -> Ledger | None:
    """Open the ledger of the settings, None where they name none; raises BadSetting.

    `recommendations` are those of the rules in the content. Nothing is connected to yet.
    """
    if settings.ledger_url is None:
        return None
    url, key = settings.ledger_url.get_secret_value(), settings.card_key.get_secret_value()
    engine, hasty = open_store(url), open_store(url, lock_ms=_HASTY_MS)
    spool = Spool(folder=settings.spool_folder, most_bytes=settings.most_spooled_bytes)
    return Ledger(
        engine=engine,
        seen=SeenTokens(engine=engine, key=key, hasty=hasty),
        journal=Journal(engine=engine, spool=spool),
        book=FeedbackBook(
            engine=open_store(url, durable=True), key=key, recommendations=recommendations
        ),
    )
