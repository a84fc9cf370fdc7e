"""Errors named for whose fault they are; none of them carries a value from a chart."""

from dataclasses import dataclass
from pathlib import Path

# What Python raises where our own code has a fault that nobody foresaw. Caught around one question
# and around one resource, so that the others still speak; what failed is told and counted.
UNFORESEEN = (
    ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
)  # fmt: skip


@dataclass(unsafe_hash=True)  # an exception that is frozen cannot bear its traceback
class BadHookRequest(Exception):
    """The EHR's call is wrong: `field` names where, `expected` what should stand there."""

    field: str
    expected: str
    status: int = 400

    def __str__(self) -> str:
        return f"{self.field}: expected {self.expected}"


@dataclass(unsafe_hash=True)  # an exception that is frozen cannot bear its traceback
class MissingPrerequisite(Exception):
    """Nobody could supply data without which nothing can be said; `keys` are prefetch keys."""

    keys: tuple[str, ...]

    def __str__(self) -> str:
        return f"prefetch needed: {', '.join(self.keys)}"


@dataclass(unsafe_hash=True)  # an exception that is frozen cannot bear its traceback
class BadSetting(Exception):
    """A setting is wrong; the service refuses to start."""

    key: str
    expected: str

    def __str__(self) -> str:
        return f"{self.key}: expected {self.expected}"


@dataclass(unsafe_hash=True)  # an exception that is frozen cannot bear its traceback
class BadContent(Exception):
    """Something in `cards/` is wrong; the service refuses to start."""

    file: Path
    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}: {self.key}: {self.problem}"


@dataclass(unsafe_hash=True)  # an exception that is frozen cannot bear its traceback
class NotAuthorized(Exception):
    """The caller's token does not let him in; `reason` is a fixed word, for our log only."""

    reason: str


@dataclass(unsafe_hash=True)  # an exception that is frozen cannot bear its traceback
class FhirServerError(Exception):
    """The EHR's server could not be read; `reason` is a fixed word: `ehr_timeout`."""

    reason: str


class StoreDown(Exception):
    """The ledger's database could not be asked."""
