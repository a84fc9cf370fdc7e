"""The folder in which the workers of one service keep what they count, each in its own files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from service.errors import BadSetting
from service.logs import log

# The library reads it when it is first imported: workers that find it count into files there.
FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# A file that grows on a full disk would end the process in the middle of a call: the room for some
# thousand counters of a worker is taken before its first call. In bytes.
_ROOM = {
    "counter": 1 << 20,
    "histogram": 1 << 16,
    "gauge_livemin": 1 << 16,
    "gauge_livemax": 1 << 16,
    "gauge_livesum": 1 << 16,
}


@contextmanager
def shared_by_workers() -> Iterator[None]:
    """Give the workers that are started inside one folder to count into; raises BadSetting.

    A folder named in the environment is emptied of what an earlier service counted.
    """
    given = os.environ.get(FOLDER)
    if given:
        _made_empty(Path(given))
        yield
        return
    with _new_folder() as folder:
        os.environ[FOLDER] = folder
        yield


def _made_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("*.db"):
            path.unlink(missing_ok=True)
    except OSError as problem:
        raise _unwritable() from problem


def _new_folder() -> "TemporaryDirectory[str]":
    try:
        return TemporaryDirectory(prefix="lumbar-mri-cds-", ignore_cleanup_errors=True)
    except OSError as problem:
        raise _unwritable() from problem


def _unwritable() -> BadSetting:
    return BadSetting(FOLDER, expected="a folder that can be written to")


def take_room() -> None:
    """Take the room for all that this worker will count, or count for this worker alone."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    mine = [(Path(folder) / f"{kind}_{os.getpid()}.db", room) for kind, room in _ROOM.items()]
    try:
        for path, room in mine:
            if path.exists():
                continue  # of a worker that is gone and bore the same number: counted on
            new = path.with_suffix(".new")
            new.write_bytes(bytes(room))
            new.replace(path)  # whoever reads meanwhile sees none, or a whole one
    except OSError as problem:
        for path, _ in mine:
            with suppress(OSError):
                path.unlink(missing_ok=True)
                path.with_suffix(".new").unlink(missing_ok=True)
        del os.environ[FOLDER]
        log.error("metrics not shared", error=type(problem).__name__)


def forget_the_dead(folder: Path) -> None:
    """Take away what workers that are gone told of their state; what they counted stays."""
    for path in folder.glob("gauge_live*_*.db"):
        pid = int(path.stem.rpartition("_")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except PermissionError:
            continue  # somebody else's process: it lives
