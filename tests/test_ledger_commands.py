"""What is old is pruned, what is wanted is exported, and nothing else is touched."""

import json
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from charts import back_pain, call
from click.testing import CliRunner
from served import serving
from sqlalchemy import Engine, func, insert, select
from test_journal import POSTGRESQL, record

from service.cli import main
from service.ledger import rows
from service.ledger.keeping import TABLES
from service.ledger.schema import REVISION, feedback, metadata, seen_tokens
from service.ledger.store import migrate, open_store

TODAY = date.today()
COMMENT = "Zebulon was here"


def said(name: str, day: date) -> dict[str, Any]:
    return {
        "id": name, "call_id": name, "card": f"card-{name}", "issuer": None, "tenant": None,
        "rule": "R60", "recommendation": "DeferSixWeeks", "received_at": 1, "day": day,
        "outcome": "overridden", "outcome_at": 1, "time_doubtful": False, "suggestions": None,
        "reason_system": None, "reason_code": None, "reason_display": None, "comment": COMMENT,
    }  # fmt: skip


@pytest.fixture(params=["sqlite", POSTGRESQL])
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """A ledger with three rows a day for ten days, the last one today, known to the commands."""
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    if request.param == "postgresql":
        url = request.getfixturevalue("cluster").new_database()
    migrate(url)
    monkeypatch.setenv("LUMBAR_MRI_CDS_LEDGER_URL", url)
    opened = open_store(url)
    with opened.begin() as connection:
        for ago in range(10):
            day = TODAY - timedelta(days=ago)
            for number in range(3):
                made = record(f"{ago}-{number}")
                for row in (row for table in made.values() for row in table):
                    row["day"] = day.isoformat()
                rows.insert(connection, [made])
                connection.execute(insert(feedback), said(f"{ago}-{number}", day))
    yield opened
    opened.dispose()


def counted(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return [
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in TABLES
        ]


def run(*arguments: str) -> tuple[int, str]:
    given = CliRunner().invoke(main, ["ledger", *arguments])
    return given.exit_code, given.output


def test_what_is_older_than_asked_is_removed_and_nothing_else(engine: Engine) -> None:
    code, told = run("prune", "--days", "6")
    assert code == 0
    assert counted(engine) == [21] * 4  # today and six days before it
    assert "9 calls, 9 cards, 9 unmapped codes, 9 feedback" in told
    assert run("prune", "--days", "6")[1].endswith(
        "0 calls, 0 cards, 0 unmapped codes, 0 feedback\n"
    )


def test_six_years_are_kept_by_default(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("prune")[0] == 0
    assert counted(engine) == [30] * 4
    monkeypatch.setenv("LUMBAR_MRI_CDS_RETENTION_DAYS", "1")
    assert run("prune")[0] == 0
    assert counted(engine) == [6] * 4


def test_more_rows_than_are_removed_at_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.ledger.keeping._AT_ONCE", 4)
    assert run("prune", "--days", "1")[0] == 0
    assert counted(engine) == [6] * 4


def test_pruning_while_others_write_loses_nothing_of_theirs(engine: Engine, tmp_path: Path) -> None:
    ends, written = threading.Event(), []

    def write() -> None:
        while not ends.is_set():
            made = record(f"new-{len(written)}")
            for row in (row for table in made.values() for row in table):
                row["day"] = TODAY.isoformat()
            with engine.begin() as connection:
                rows.insert(connection, [made])
            written.append(made)

    writer = threading.Thread(target=write)
    writer.start()
    assert run("prune", "--days", "1")[0] == 0
    ends.set()
    writer.join()
    assert written
    assert counted(engine)[0] == 6 + len(written)


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize("comments", [True, False])
def test_an_export_holds_the_rows_of_its_days(
    engine: Engine, tmp_path: Path, comments: bool
) -> None:
    first, last = TODAY - timedelta(days=5), TODAY - timedelta(days=2)
    where = tmp_path / "export"
    asked = ["export", "--from", str(first), "--to", str(last), str(where)]
    code, told = run(*asked, *(["--comments"] if comments else []))
    assert code == 0, told
    for table in TABLES:
        found = lines(where / f"{table.name}.jsonl")
        assert len(found) == 12
        assert {row["day"] for row in found} == {str(first + timedelta(days=n)) for n in range(4)}
        missing = set(table.columns.keys()) - set(found[0])
        assert missing == ({"comment"} if table is feedback and not comments else set())
    assert (COMMENT in (where / "feedback.jsonl").read_text()) is comments
    code, told = run(*asked)
    assert code == 1
    assert "File exists" in told


def test_a_ledger_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUMBAR_MRI_CDS_LEDGER_URL", f"sqlite:///{tmp_path}/none.sqlite")
    for asked in (["prune"], ["export", "--from", "2026-01-01", "--to", "2026-01-31", "x"]):
        code, told = run(*asked)
        assert code == 1
        assert "ledger_url: expected a ledger that can be reached" in told


@pytest.mark.parametrize("version", ["0001", "9999"])
def test_a_ledger_of_another_release_keeps_no_service_from_starting(
    tmp_path: Path, version: str
) -> None:
    """That of an older one is brought up to date; that of a newer one is left as it is."""
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    migrate(url)
    opened = open_store(url)
    with opened.begin() as connection:
        if version == "0001":
            for table in set(metadata.sorted_tables) - {seen_tokens}:
                table.drop(connection)
        connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{version}'")
    with serving(tmp_path, f'ledger_url = "{url}"') as served:
        body = call(back_pain())
        assert requests.post(f"{served.address}/cds-services/lumbar-mri", json=body).json()["cards"]
        ready = requests.get(f"{served.address}/health/ready").json()
    assert ready["ledger"] == ("ok" if version == "0001" else "down")
    with opened.connect() as connection:
        now = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        kept = connection.execute(select(func.count()).select_from(TABLES[0])).scalar()
    assert now == (REVISION if version == "0001" else version)
    assert kept == 1
    opened.dispose()


def test_to_migrate_a_ledger_of_a_newer_release_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.sqlite"
    migrate(url)
    opened = open_store(url)
    with opened.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    given = CliRunner().invoke(main, ["migrate"], env={"LUMBAR_MRI_CDS_LEDGER_URL": url})
    assert given.exit_code == 1
    assert given.output == "Error: ledger_url: CommandError\n"
    opened.dispose()
