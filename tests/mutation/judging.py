"""Runs the tests against one mutant after the other, each in a forked process."""

import gc
import json
import os
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType

import pytest
from _pytest.runner import runtestprotocol

from mutation.changes import KEPT, PLACES, Place

SLOW_S = 3.0  # tests that take longer judge nothing
# Every case once more, to show that these modules change no answer: of others they tell nothing.
OF_THEIR_OWN = ("silence", "memory")
PATIENCE = 5.0  # so many times as long as the tests of the unchanged code
PATIENCE_S = 10.0


@contextmanager
def running() -> Iterator[set[CodeType]]:
    """Give the codes that run within the block."""
    codes: set[CodeType] = set()

    def note(frame: FrameType, _event: str, _: object) -> None:
        codes.add(frame.f_code)

    sys.settrace(note)  # asked at each call only, since it gives no other tracer back
    try:
        yield codes
    finally:
        sys.settrace(None)


def passes(item: pytest.Item, after: pytest.Item | None) -> bool:
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=after))


def silence() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


@dataclass
class Judging:
    """Stands in for pytest's own loop: the tests are run once for each mutant, until one fails."""

    wanted: Callable[[str], bool]
    children: int
    tests_of: dict[CodeType, list[int]] = field(default_factory=dict)
    took_s: list[float] = field(default_factory=list)
    noticed_by: dict[str, str | None] = field(default_factory=dict)
    _load_time: set[CodeType] = field(default_factory=set)
    _kills: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Judge every mutant that is wanted."""
        self._items = session.items
        self._read_content_once()
        self._learn()
        gc.freeze()
        at_work: dict[int, tuple[str, Place, int]] = {}
        for number, (mutant, place) in enumerate(self._all()):
            while len(at_work) >= self.children:
                self._collect(at_work)
            at_work |= self._begin(mutant, place)
            if number % 200 == 0:
                survive = sum(by is None for by in self.noticed_by.values())
                print(f"{number} mutants, {survive} not noticed", flush=True)
        while at_work:
            self._collect(at_work)
        return True

    def _all(self) -> Iterator[tuple[str, Place]]:
        for place in PLACES:
            for mutant in place.mutants:
                if mutant != "_mutmut_orig" and self.wanted(
                    f"{place.function.__module__}.{mutant}"
                ):
                    yield mutant, place

    def _read_content_once(self) -> None:
        """Let all children share the content, but those whose change is one of its reading."""
        import conftest

        from service.settings import Settings

        self._really_open = conftest.open_desk
        with running() as codes:
            desk = self._really_open(Settings())
        self._load_time = codes
        conftest.open_desk = lambda _: desk

    def _learn(self) -> None:
        """Run all tests once, in a child, and learn which functions each runs through."""
        told = KEPT / "learnt.json"
        codes = {place.function.__code__: number for number, place in enumerate(PLACES)}
        told.unlink(missing_ok=True)
        child = os.fork()
        if not child:
            try:
                told.write_text(json.dumps(list(self._run_once(codes))), encoding="utf-8")
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        for number, (took, failed, through_places) in enumerate(
            json.loads(told.read_text(encoding="utf-8"))
        ):
            if failed:
                raise pytest.UsageError(f"fails without any change: {self._items[number].nodeid}")
            self.took_s.append(took)
            for place in through_places if took < SLOW_S else ():
                self.tests_of.setdefault(PLACES[place].function.__code__, []).append(number)

    def _run_once(self, codes: dict[CodeType, int]) -> Iterator[tuple[float, bool, list[int]]]:
        for number, item in enumerate(self._items):
            begun = time.monotonic()
            with running() as through:
                failed = not passes(item, self._after(number))
            yield time.monotonic() - begun, failed, [codes[one] for one in through & codes.keys()]

    def _after(self, number: int) -> pytest.Item | None:
        return self._items[number + 1] if number + 1 < len(self._items) else None

    def _begin(self, mutant: str, place: Place) -> dict[int, tuple[str, Place, int]]:
        """Fork a child that judges a mutant."""
        code = place.function.__code__
        numbers = self.tests_of.get(code, [])
        if code in self._load_time:
            numbers = [n for n, took in enumerate(self.took_s) if took < SLOW_S]
        numbers = [n for n in numbers if self._may_judge(n, place)]
        kills, near = self._kills[place.name], self._kills[place.function.__module__]
        order = sorted(numbers, key=lambda n: (-kills[n], -near[n], self.took_s[n]))
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            patience_s = PATIENCE_S + PATIENCE * sum(self.took_s[n] for n in order)
            signal.setitimer(signal.ITIMER_REAL, patience_s)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            silence()
            failed = None
            try:
                self._become(mutant, place)
            except BaseException:
                os._exit(1)
            try:
                failed = self._first_failure(order)
            except BaseException:
                failed = order[0]
            os.write(writing, b"" if failed is None else str(failed).encode())
            os._exit(0)
        os.close(writing)
        return {child: (mutant, place, reading)}

    def _may_judge(self, number: int, place: Place) -> bool:
        """Whether a test is for any code, or for the module that is changed."""
        name = self._items[number].path.stem.removeprefix("test_")
        return name not in OF_THEIR_OWN or place.function.__module__.endswith(f".{name}")

    def _become(self, mutant: str, place: Place) -> None:
        import conftest

        if place.function.__code__ in self._load_time:
            conftest.open_desk = self._really_open
        place.become(mutant)

    def _first_failure(self, order: list[int]) -> int | None:
        for at, number in enumerate(order):
            after = self._items[order[at + 1]] if at + 1 < len(order) else None
            if not passes(self._items[number], after):
                return number
        return None

    def _collect(self, at_work: dict[int, tuple[str, Place, int]]) -> None:
        """Wait for a child, and keep what it found."""
        child, status = os.wait()
        mutant, place, reading = at_work.pop(child)
        with os.fdopen(reading) as told:
            failed = told.read()
        name = f"{place.function.__module__}.{mutant}"
        if os.WIFSIGNALED(status):
            self.noticed_by[name] = f"signal {os.WTERMSIG(status)}"
            return
        if status:
            raise pytest.UsageError(f"could not be made: {name}")
        self.noticed_by[name] = self._items[int(failed)].nodeid if failed else None
        if failed:
            self._kills[place.name][int(failed)] += 1
            self._kills[place.function.__module__][int(failed)] += 1
