"""Notes that came as HTML."""

from datetime import date

import pytest

from service.clinical.text import Lexicon, read_text
from service.clinical.text.markup import without_markup

WRITTEN = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""), ("no markup", "no markup"), ("BP <140, a<b and c>d", "BP <140, a<b and c>d"),
        ("<b>Saddle</b> numbness", " Saddle  numbness"), ("<P class='x'>Fever</p>", "\nFever\n"),
        ("a<br/>b<BR>c", "a\nb\nc"), ("<td>Fever</td><td>no</td>", " Fever  no "),
        ("can&#39;t &amp; T &gt;38.5", "can't & T >38.5"), ("a&nbsp;b", "a\xa0b"),
        ("<i>2 days</i>", " 2 days "), ("<bold>", "<bold>"), ("&lt;b&gt;x", "<b>x"),
    ],
)  # fmt: skip
def test_a_text_is_read_as_it_is_shown(text: str, shown: str) -> None:
    assert without_markup(text) == shown


@pytest.mark.parametrize(
    ("text", "concept", "said"),
    [
        ("Saddle&nbsp;anaesthesia since yesterday", "saddle-anaesthesia", "present"),
        ("cannot&nbsp;pass urine", "urinary-retention", "present"),
        ("Can&#39;t pass urine", "urinary-retention", "present"),
        ("Can&rsquo;t pass urine", "urinary-retention", "present"),
        ("<b>Saddle</b> anaesthesia", "saddle-anaesthesia", "present"),
        ("saddle an&aelig;sthesia", "saddle-anaesthesia", "present"),
        ("<p>No fever</p><p>foot&nbsp;drop since Monday</p>", "motor-deficit", "present"),
        ("<tr><td>Fever</td><td>no</td></tr><tr><td>Foot drop</td><td>yes</td></tr>",
         "motor-deficit", "present"),
    ],
)  # fmt: skip
def test_what_stands_in_html_is_read(text: str, concept: str, said: str, lexicon: Lexicon) -> None:
    found = {m.assertion.value for m in read_text(text, lexicon, WRITTEN) if m.concept == concept}
    assert found == {said}
