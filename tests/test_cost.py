"""What a large chart costs, all rules on, against decoding it into typed structs.

Once with free text left unread, once with it read. `pytest -s tests/test_cost.py` says the figures.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from charts import TODAY

from service.clinical import meaning
from service.clinical.bundles import open_piece
from service.clinical.memory import Memory
from service.web import hook
from service.web.answer import Desk, advices

RUNS = 40

pytestmark = [pytest.mark.real_data, pytest.mark.timed]


def cpu_ms(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


@pytest.mark.parametrize(
    ("reads_words", "most_times_decoding"), [(False, 2.5), (True, 3.0)], ids=["codes", "words"]
)
def test_a_large_chart_costs_little_more_than_to_decode_it(
    reads_words: bool,
    most_times_decoding: float,
    shared: Path,
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    """The least of many runs of each, in turn: what other programs do in between drops out."""
    monkeypatch.setattr(meaning, "kept", lambda _reading, _day: Memory())  # it stays here
    if not reads_words:
        monkeypatch.setattr(meaning, "read_text", lambda text, lexicon, written: ())
    body = (shared / "performance" / "payloads" / "large.json").read_bytes()

    def decoded() -> None:
        for piece in hook.parse(body).prefetch.values():
            if piece != b"null":
                open_piece(piece)

    def answered() -> None:
        assert advices(body, desk, TODAY)[0].cards

    assert len(json.loads(body)["prefetch"]) > 1
    pairs = [(cpu_ms(answered), cpu_ms(decoded)) for _ in range(RUNS)]
    whole, decoding = min(w for w, _ in pairs), min(d for _, d in pairs)
    record_property("answered_ms", round(whole, 1))
    record_property("decoded_ms", round(decoding, 1))
    print(f"answered in {whole:.1f} ms, decoded in {decoding:.1f} ms: {whole / decoding:.2f} times")
    assert whole <= most_times_decoding * decoding
