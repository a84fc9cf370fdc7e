"""Records that the database did not take, in files beside it: kept now, stored when it is back."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from uuid import uuid4

_KEPT = "*.jsonl"


class SpoolFull(OSError):
    """The files hold as much as they may."""


@dataclass(kw_only=True)
class Spool:
    """A folder of files, one for each process that writes; a file is locked while it is written.

    Raises OSError where the folder or the disk does not take a record.
    """

    folder: Path
    most_bytes: int
    _own: IO[bytes] | None = field(default=None, repr=False)

    def add(self, records: Sequence[bytes]) -> None:
        """Write records, one line each, and wait until they are on the disk."""
        content = b"".join(record + b"\n" for record in records)
        if self.bytes_kept() + len(content) > self.most_bytes:
            raise SpoolFull
        if self._own is None:
            self._own = self._new()
        begun = self._own.tell()
        try:
            self._own.write(content)
            self._own.flush()
            os.fsync(self._own.fileno())
        except OSError:
            with suppress(OSError):  # half a line would be lost with the next one
                self._own.truncate(begun)
            self.release()
            raise

    def bytes_kept(self) -> int:
        """Say how many bytes wait, those of other processes too."""
        return sum(_size(path) for path in self.folder.glob(_KEPT))

    def release(self) -> None:
        """Let the own file go, so that anyone may store what is in it."""
        if self._own is not None:
            with suppress(OSError):
                self._own.close()
            self._own = None

    @contextmanager
    def oldest(self) -> Iterator[tuple[Path, Iterator[bytes]] | None]:
        """Give the oldest file that nobody writes, and its lines; None if there is none.

        It stays locked until the block ends. Two processes may read one file after the other:
        to store a record a second time must change nothing.
        """
        for path in sorted(self.folder.glob(_KEPT), key=_age):
            file = _locked(path)
            if file is not None:
                with file:
                    yield path, iter(file)
                return
        yield None

    def _new(self) -> IO[bytes]:
        """Make a file that is locked before anyone else can see it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        hidden = self.folder / f"{uuid4().hex}.new"
        file = hidden.open("xb")
        fcntl.flock(file, fcntl.LOCK_EX)
        hidden.rename(hidden.with_suffix(".jsonl"))
        return file


def _locked(path: Path) -> IO[bytes] | None:
    """Open a file and lock it; None where another process holds it, or has stored it."""
    try:
        file = path.open("rb")
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # another process has stored it meanwhile


def _age(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
