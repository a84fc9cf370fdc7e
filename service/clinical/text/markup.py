"""Free text that came as HTML: what it says without its tags and entities."""

import re
from html import unescape

# Tags that are written in notes; "BP <140" and "a<b and c>d" hold none. A block is a line.
_BLOCK = re.compile(r"</?(?:br|p|div|li|ul|ol|tr|table|tbody|h[1-6])\b[^<>]{0,200}>", re.IGNORECASE)
_INLINE = re.compile(
    r"</?(?:b|i|u|em|strong|span|font|sub|sup|td|th)(?:\s+[\w-]+=[^<>]{0,200})?>", re.IGNORECASE
)


def without_markup(text: str) -> str:
    """Give a text as it is shown: "cannot&nbsp;pass urine<br>" without its entity and its tag."""
    if "<" in text:
        text = _INLINE.sub(" ", _BLOCK.sub("\n", text))
    return unescape(text) if "&" in text else text
