"""Uses a token in a process of its own, which begins sooner for loading nothing else."""

import time
from concurrent.futures import ThreadPoolExecutor

from service.ledger.replay import SeenTokens
from service.ledger.store import open_store

KEY = b"k" * 32


def used_at(url: str, begin: float, times: int) -> list[bool]:
    """Use one token several times at once, from a moment on."""
    tokens = [SeenTokens(engine=open_store(url), key=KEY) for _ in range(times)]
    with ThreadPoolExecutor(times) as pool:
        given = list(pool.map(lambda one: _used(one, begin), tokens))
    for one in tokens:
        one.engine.dispose()
    return given


def _used(tokens: SeenTokens, begin: float) -> bool:
    time.sleep(max(0, begin - time.time()))
    return tokens.first_use("a", "id", begin + 300, begin)
