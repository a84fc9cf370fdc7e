"""Text from a chart is data: it shows as it was written, on one line, and does nothing."""

import json

import pytest
from charts import TODAY, ago, back_pain, call, condition
from conftest import Judge
from hypothesis import given
from hypothesis import strategies as st

from service.clinical.markdown import escaped, plain

HOSTILE = [
    "[Click here](https://evil.example)", "<script>alert(1)</script>", "![x](http://a/b.png)",
    "# heading", "- item", "1. item", "> quote", "`code`", "**bold**", "_i_", "~~s~~", "a|b",
    "www.evil.example", "https://evil.example", "me@evil.example", "&lt;b&gt;", "\\", "a\n# b",
    "=====", "\u202eevil", "[x]: http://e", "<http://e>", "$x$", ":smile:",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_live_is_left(text: str) -> None:
    shown = escaped(text)
    assert "\n" not in shown
    assert "\u202e" not in shown
    for mark in "`*_[]()<>#!|~&@:$":
        assert shown.count(mark) == shown.count("\\" + mark)
    assert not shown.startswith(("-", "+", "=", "#", ">"))


@given(st.text(max_size=300))
def test_a_label_is_one_line_of_limited_length(text: str) -> None:
    line = plain(text)
    assert len(line) <= 80
    assert "\n" not in line
    assert "\r" not in line


@pytest.mark.parametrize(
    ("text", "shown"),
    [("1. item", "1\\. item"), ("12.", "12\\."), ("1.5 mg", "1.5 mg"), ("a 1. b", "a 1. b"),
     ("a\u202eb", "a b"), ("a\r\n\tb", "a b"), ("\n a \n", "a"), ("x" * 80, "x" * 80),
     ("x" * 81, "x" * 79 + "…"), ("x" * 78 + " yy", "x" * 78 + "…"),
     (" " + "x" * 80 + " ", "x" * 80)],
)  # fmt: skip
def test_a_text_is_shown_as_it_was_written(text: str, shown: str) -> None:
    assert escaped(text) == shown


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_stays_a_name_on_the_card(text: str, judge: Judge) -> None:
    flag = condition("G83.4", text, recordedDate=ago(1))
    (card,) = judge(call(back_pain(), flag), TODAY)["cards"]
    assert card["source"]["topic"]["code"] == "CaudaEquinaEmergency"
    assert "](" not in card["detail"].replace("\\]\\(", "")
    assert "evil" not in json.dumps(card["suggestions"])
