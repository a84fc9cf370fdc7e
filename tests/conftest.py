"""Options and fixtures that every test may use."""

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from random import SystemRandom
from shutil import which
from typing import Any

import postgres
import pytest
from browser import chromium
from conformance import hold

from service.app import create_app, open_desk
from service.clinical.advise import Advice
from service.clinical.text import Lexicon
from service.settings import Settings
from service.web.answer import Desk, advices, answer

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
SYSTEM_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"  # Debian's place for servers
# What some tests need and not every machine has: by marker, whether it is here, and what it is.
NEEDS = {
    "real_data": (SHARED.is_dir, "the real traffic and patients in ../shared"),
    "postgresql": (postgres.is_installed, "PostgreSQL's initdb, pg_ctl and postgres"),
    "browser": (lambda: chromium() is not None, "Debian's Chromium"),
    "promtool": (lambda: which("promtool") is not None, "Prometheus's promtool"),
    "nginx": (lambda: which("nginx", path=SYSTEM_PATH) is not None, "Debian's nginx"),
}
LEFT_OUT = pytest.StashKey[dict[str, int]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="Write the golden answers and the index of fhir_fixtures/ anew; read the diff.",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Draw other examples each time, from a seed that is told; each worker has the same."""
    if config.getoption("--hypothesis-seed") is None and not hasattr(config, "workerinput"):
        config.option.hypothesis_seed = str(SystemRandom().randrange(2**32))


@pytest.fixture(scope="session")
def desk() -> Desk:
    return open_desk(Settings())


@pytest.fixture(scope="session")
def lexicon(desk: Desk) -> Lexicon:
    """The lexicon of the shipped content."""
    return desk.guideline.reading.lexicon


@pytest.fixture(scope="session")
def client():
    """A client whose every answer is held against the card contract."""
    return create_app(Settings()).test_client()


class Judge:
    """Judges a call as of a day, and holds whatever is answered against the card contract."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def __call__(self, call: dict | bytes, as_of: date) -> dict:
        body = call if isinstance(call, bytes) else json.dumps(call).encode()
        given = json.loads(answer(body, self.desk, as_of))
        hold(given, self.desk.guideline)
        return given

    def advice(self, call: dict, as_of: date) -> Advice:
        (given,) = advices(json.dumps(call).encode(), self.desk, as_of)
        return given

    def row(self, call: dict, as_of: date) -> str:
        self(call, as_of)
        return self.advice(call, as_of).assessment.row.id


@pytest.fixture(scope="session")
def judge(desk: Desk) -> Judge:
    return Judge(desk)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out, and name, the tests that need what is not on this machine.

    A user's machine may lack it; the machine that decides what lands may leave nothing out.
    """
    config.stash[LEFT_OUT] = {}
    for marker, (is_here, what) in NEEDS.items():
        out = [item for item in items if item.get_closest_marker(marker)]
        if not out or is_here():
            continue
        if os.environ.get("CI") == "true":
            raise pytest.UsageError(f"{len(out)} tests need {what}, not found on this machine")
        config.stash[LEFT_OUT][what] = len(out)
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in out]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    seed = config.getoption("--hypothesis-seed")
    terminalreporter.write_line(f"--hypothesis-seed={seed} draws the generated charts again.")
    for what, count in config.stash.get(LEFT_OUT, {}).items():
        terminalreporter.write_line(
            f"NOT RUN: {count} tests that need {what}, not found on this machine."
        )


@pytest.fixture(scope="session")
def cluster() -> Iterator[postgres.Postgres]:
    """A PostgreSQL for tests marked `postgresql`; one that stops it starts it again."""
    with postgres.running() as running:
        yield running


def eventually(found: Callable[[], Any], most_s: float = 10) -> Any:
    """Ask until the answer is there, and give it; what it is when the time is over."""
    until = time.monotonic() + most_s
    while not (answer := found()) and time.monotonic() < until:
        time.sleep(0.02)
    return answer


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real traffic and patients; tests that use it are marked `real_data`."""
    return SHARED
