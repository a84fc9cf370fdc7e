"""Errors named for whose fault they are; none of them carries a value from a chart."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class BadHookRequest(Exception):
    """The EHR's call is wrong: `field` names where, `expected` what should stand there."""

    field: str
    expected: str
    status: int = 400


@dataclass(frozen=True)
class MissingPrerequisite(Exception):
    """Nobody could supply data without which nothing can be said; `keys` are prefetch keys."""

    keys: tuple[str, ...]


@dataclass(frozen=True)
class BadSetting(Exception):
    """A setting is wrong; the service refuses to start."""

    key: str
    expected: str

    def __str__(self) -> str:
        return f"{self.key}: expected {self.expected}"


@dataclass(frozen=True)
class BadContent(Exception):
    """Something in `cards/` is wrong; the service refuses to start."""

    file: Path
    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.problem}"
