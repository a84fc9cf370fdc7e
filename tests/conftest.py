"""Options and fixtures that every test may use."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from importlib import import_module
from pathlib import Path
from random import SystemRandom
from shutil import rmtree, which
from typing import Any

import hypothesis.core
import postgres
import pytest
from browser import chromium
from conformance import hold
from hypothesis.vendor.pretty import RepresentationPrinter

from service.app import create_app, open_desk
from service.clinical.advise import Advice
from service.clinical.text import Lexicon
from service.errors import UNFORESEEN
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
    "wrk": (lambda: which("wrk") is not None, "Debian's wrk"),
}
LEFT_OUT = pytest.StashKey[dict[str, int]]()
# `make prove` holds what is timed to the limits themselves, on a machine that does nothing else.
STRICT = os.environ.get("STRICT") == "1"
LEDGER_CARDS = int(os.environ.get("LEDGER_CARDS") or 100_000)  # `make prove`: a million


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
    lacking = [what for is_here, what in NEEDS.values() if not is_here()]
    shares_out = config.getoption("numprocesses", default=None)
    if lacking and shares_out and os.environ.get("CI") == "true":
        # Said here as well as below: what stops a worker is not told.
        raise pytest.UsageError(f"not found on this machine: {'; '.join(lacking)}")


# Where a fault of ours is caught around one question and around one resource.
CATCHES = ("service.clinical.findings.evaluate", "service.clinical.entries.taken")


@pytest.fixture(scope="session", autouse=True)
def _faults_of_ours_are_seen() -> Iterator[None]:
    """Catch none of them, so that what fails fails its test; `_caught` does as the service does."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CATCHES:
            patch.setattr(import_module(name), "UNFORESEEN", ())
        yield


@pytest.fixture(scope="session", autouse=True)
def _what_was_drawn_is_told() -> None:
    """Schemathesis, where it is only read, silences how Hypothesis tells which chart failed."""
    hypothesis.core.RepresentationPrinter = RepresentationPrinter


@pytest.fixture
def _caught(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in CATCHES:
        monkeypatch.setattr(import_module(name), "UNFORESEEN", UNFORESEEN)


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


@pytest.hookimpl(tryfirst=True)  # xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    leave_out(config, items)
    for item in items:
        if item.get_closest_marker("timed"):
            if item.get_closest_marker("xdist_group"):
                raise pytest.UsageError(f"timed, and in a group as well: {item.nodeid}")
            item.add_marker(pytest.mark.xdist_group("timed"))
        elif not item.get_closest_marker("xdist_group") and shares(item):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))
    items.sort(key=turn)


def shares(item: pytest.Item) -> bool:
    """Whether a test uses what is made once for its module, so that one worker makes it."""
    known = getattr(item, "_fixtureinfo").name2fixturedefs  # noqa: B009 - nothing public says it
    return any(made[-1].scope == "module" for made in known.values() if made)


def turn(item: pytest.Item) -> int:
    """Say when a test has its turn: groups first, since one worker has each; what is timed last."""
    if item.get_closest_marker("timed"):
        return 2
    return 0 if item.get_closest_marker("xdist_group") else 1


def leave_out(config: pytest.Config, items: list[pytest.Item]) -> None:
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


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a worker tell what it left out to the process that writes the summary."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = session.config.stash.get(LEFT_OUT, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", {})


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


@pytest.fixture(scope="session")
def large_ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a ledger with a year of cards, its days counted.

    It takes long to make: tests that use it are in the group "large_ledger".
    """
    folder = tmp_path_factory.mktemp("large")
    url = f"sqlite:///{folder}/ledger.sqlite"
    tool = ROOT / "tests/tools/make_ledger.py"
    command = [sys.executable, tool, "--cards", str(LEDGER_CARDS), url]
    made = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    print(made.stdout)
    yield url
    rmtree(folder)


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
