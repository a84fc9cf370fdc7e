"""The pictures of the README: the page that they are taken of, and that they are there."""

import html
import json
import re
import struct
from html.parser import HTMLParser
from typing import Any

import pytest
import screenshots
from conftest import ROOT
from screenshots import (
    DASHBOARD,
    ORDER_ENTRY,
    ORDER_ENTRY_SIZE,
    PICTURES,
    SEVERITY,
    SHOWN,
    SIZE_LIMIT,
    WIDTH,
    page,
    page_of,
)

FIXTURES = ROOT / "fhir_fixtures"
CASES = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir())
OF_THE_PAGE = {
    *("html", "head", "meta", "title", "style", "body", "header", "main", "article", "h1"),
    *("div", "span", "p", "a", "b", "ul", "li", "button", "label", "select", "option"),
    *("svg", "path", "circle"),
}
OF_A_DETAIL = {"p", "strong", "em", "ul", "ol", "li", "br"}
HOSTILE = '<img src="//evil.example" onerror="x()"><script>x()</script>"\'> [y](javascript:x())'
PICTURE = re.compile(r"!\[(.*)\]\((docs/.*\.png)\)")


class Shown(HTMLParser):
    """Which elements and addresses a page holds, and what it says."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: set[str] = set()
        self.said = ""
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            assert not name.startswith("on")
            if name in ("href", "src"):
                self.addresses.add(value or "")

    def handle_data(self, data: str) -> None:
        self.said += data


def golden(case: str) -> dict[str, Any]:
    return json.loads((FIXTURES / case / "response.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES)
def test_every_golden_card_is_shown_in_full(case: str) -> None:
    built = page_of(case)
    shown = Shown(built)
    cards = golden(case)["cards"]
    for card in cards:
        offered = card.get("suggestions", [])
        reasons = [reason["display"] for reason in card.get("overrideReasons", [])]
        labels = [suggestion["label"] for suggestion in offered]
        actions = [a["description"] for suggestion in offered for a in suggestion["actions"]]
        words = (card["summary"], card["source"]["label"], SEVERITY[card["indicator"]])
        for said in (*words, *labels, *actions, *reasons):
            assert said in shown.said
    assert built.count("<article") == len(cards)


@pytest.mark.parametrize("case", CASES)
def test_no_markup_comes_from_the_chart(case: str) -> None:
    built = page_of(case)
    assert Shown(built).tags <= OF_THE_PAGE | OF_A_DETAIL
    for detail in re.findall(r'<div class="detail">(.*?)</div>', built, re.DOTALL):
        assert Shown(detail).tags <= OF_A_DETAIL
    links = {card["source"].get("url") for card in golden(case)["cards"]} - {None}
    assert Shown(built).addresses == links


def spoilt(content: Any, name: str = "") -> Any:
    """Put hostile text into every text that a reader sees."""
    if isinstance(content, dict):
        return {key: spoilt(value, key) for key, value in content.items()}
    if isinstance(content, list):
        return [spoilt(value) for value in content]
    seen = ("summary", "detail", "label", "description", "display", "text")
    return content + HOSTILE if name in seen else content


def test_hostile_text_is_shown_and_never_obeyed() -> None:
    call = json.loads((FIXTURES / SHOWN[0] / "request.json").read_text(encoding="utf-8"))
    built = page(spoilt(call), spoilt(golden(SHOWN[0])))
    shown = Shown(built)
    assert not {"img", "script"} & shown.tags
    assert not [address for address in shown.addresses if "javascript" in address]
    assert shown.said.count("<script>x()</script>") > len(SHOWN)
    assert html.escape("<script>") in built


def test_the_page_asks_for_nothing_else() -> None:
    for case in SHOWN:
        assert not re.search(r"@import|url\(|<link|<script|<img|src=", page_of(case))


def test_the_readme_shows_the_pictures_and_says_what_is_on_them() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    told = {target: words for words, target in PICTURE.findall(readme)}
    assert told.pop(f"docs/screenshots/{ORDER_ENTRY}")
    assert told.pop(f"docs/screenshots/{DASHBOARD}")
    summaries = {
        (PICTURES / f"{case}.png").relative_to(ROOT).as_posix(): golden(case)["cards"][0]["summary"]
        for case in SHOWN
    }
    assert told == summaries, "write the summaries into README.md, and run `make screenshots`"
    cards = {f"{case}.png" for case in SHOWN}
    assert {path.name for path in PICTURES.iterdir()} == cards | {ORDER_ENTRY, DASHBOARD}


def test_the_three_pictures_are_an_emergency_an_approval_and_a_deferral() -> None:
    told = [golden(case)["cards"][0]["source"]["topic"]["code"] for case in SHOWN]
    assert [code[:3] for code in told] == ["Cau", "Mri", "Def"]


@pytest.mark.parametrize("case", SHOWN)
def test_a_picture_is_small_and_as_wide_as_the_readme(case: str) -> None:
    content = (PICTURES / f"{case}.png").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(content) < SIZE_LIMIT
    assert struct.unpack(">I", content[16:20])[0] == WIDTH * screenshots.SCALE


def test_the_picture_of_the_page_is_small_and_whole() -> None:
    content = (PICTURES / ORDER_ENTRY).read_bytes()
    assert len(content) < SIZE_LIMIT
    size = ORDER_ENTRY_SIZE["width"], ORDER_ENTRY_SIZE["height"]
    assert struct.unpack(">II", content[16:24]) == size


def test_without_a_browser_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screenshots, "chromium", lambda: None)
    with pytest.raises(SystemExit, match="apt-get install -y chromium"):
        screenshots.main()
