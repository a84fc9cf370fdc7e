"""How the workers of a service learn that it is about to end, while they still answer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_FILE = "ENDING_OF_LUMBAR_MRI_CDS"  # in the environment of workers: the file that says so


@contextmanager
def told_to_workers() -> Iterator[None]:
    """Let the workers that are started inside hear `announce`; without a folder they do not."""
    try:
        folder = TemporaryDirectory(prefix="lumbar-mri-cds-", ignore_cleanup_errors=True)
    except OSError:
        yield
        return
    with folder as named:
        os.environ[_FILE] = str(Path(named) / "ending")
        yield


def announce() -> None:
    """Tell the workers that the service is about to end."""
    file = os.environ.get(_FILE)
    if file:
        Path(file).touch()


def is_announced() -> bool:
    """Whether the service is about to end: it answers, and wants no new callers."""
    file = os.environ.get(_FILE)
    return file is not None and Path(file).exists()
