"""How the workers of a service learn that it is about to end, while they still answer."""

import mmap

# Memory that a process shares with those that it becomes by forking, and with no other.
_shared = mmap.mmap(-1, 1)


def announce() -> None:
    """Tell the workers that the service is about to end."""
    _shared[0] = 1


def is_announced() -> bool:
    """Whether the service is about to end: it answers, and wants no new callers."""
    return _shared[0] == 1
