"""Text from a chart, made harmless: one visible line, and nothing in it that markdown obeys."""

import re

_LABEL_LIMIT = 80  # characters
_LIVE_MARKUP = re.compile(  # what GFM may turn into markup, a link, or a list at the line's start
    r"[\\`*_{}\[\]()<>#!|~&@:$]|^(?=[-+=])|(?<=\w)(?=\.[^\W\d_]{2})", re.IGNORECASE
)
_NUMBERED = re.compile(r"^(\d+)(?=\.(?:\s|$))")
# Many renderers look for addresses once more when all escapes are gone: there only a character
# that nobody sees keeps an address from becoming a link.
_ADDRESS = re.compile(r"(?<=www)(?=\\?\.)|(?<=/)(?=/)|(?<=@)", re.IGNORECASE)
_WORD_JOINER = "\u2060"
_INVISIBLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")


def plain(text: str) -> str:
    """Make text from the chart one visible line of limited length."""
    line = _INVISIBLE.sub(" ", text).strip()
    if len(line) > _LABEL_LIMIT:
        line = line[: _LABEL_LIMIT - 1].rstrip() + "…"
    return line


def escaped(text: str) -> str:
    """Make text from the chart safe in markdown: what could be markup or a link is escaped."""
    line = _LIVE_MARKUP.sub(lambda found: "\\" + found[0], plain(text))
    return _ADDRESS.sub(_WORD_JOINER, _NUMBERED.sub(r"\1\\", line))
