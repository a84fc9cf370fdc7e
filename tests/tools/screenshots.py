"""Show the answer of a case as an EHR would, and take the pictures of it that the README shows."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt
from markupsafe import Markup
from PIL import Image

from service.content import content_folder, load

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fhir_fixtures"
PICTURES = ROOT / "docs" / "screenshots"
# The pictures of the README: an emergency, an order to go ahead with, and one to put off.
SHOWN = (
    "new-urinary-retention-is-an-emergency",
    "failed-care-in-interventional-treatment-is-appropriate",
    "six-weeks-have-not-passed",
)
SEVERITY = {"critical": "Critical", "warning": "Warning", "info": "Information"}
STATES = {"order-select": "Draft order, not signed", "order-sign": "Ready to sign"}
VERSION = "{content version}"  # as golden answers have it: the digest would date a picture
WIDTH = 820
SCALE = 2
SIZE_LIMIT = 150_000
COLOURS = 128  # enough for text on plain ground, at less than half the size
# No sandbox, so that it runs as root too: it is shown nothing but our own page. It calls nobody.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
    "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-quic", "--disable-extensions",
)  # fmt: skip
INSTALL = (
    "the pictures are taken with Chromium, which is not here. Debian: apt-get install -y chromium"
)
_MARKDOWN = MarkdownIt("gfm-like", {"html": False, "linkify": False})
_MEASURE = "<script>document.title = 'height ' + document.documentElement.offsetHeight</script>"


def page(call: dict[str, Any], answer: dict[str, Any]) -> str:
    """Build the page, complete in itself: raw HTML in any text of it is shown, never obeyed."""
    drafts = call["context"].get("draftOrders", {})
    pages = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)
    pages.filters["markdown"] = lambda text: Markup(_MARKDOWN.render(text))
    return pages.get_template("card.html").render(
        orders=[_name(entry.get("resource", {})) for entry in drafts.get("entry", [])],
        state=STATES[call["hook"]],
        severity=SEVERITY,
        cards=answer["cards"],
    )


def _name(order: dict[str, Any]) -> str:
    """Call an order as its author did."""
    code = order.get("code", {})
    displays = [coding.get("display") for coding in code.get("coding", [])]
    return next(filter(None, [code.get("text"), *displays]), "Order without a name")


def page_of(case: str) -> str:
    """Build the page of a case from its golden answer, with the release in place of the digest."""
    call, answer = (
        (FIXTURES / case / name).read_text(encoding="utf-8")
        for name in ("request.json", "response.json")
    )
    return page(json.loads(call), json.loads(answer.replace(VERSION, _release())))


@cache
def _release() -> str:
    return load(content_folder()).version.partition("+")[0]


def take(html: str, picture: Path, chromium: str) -> None:
    """Take a picture of a page, exactly as high as the page is."""
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "page.html"

        def run(*options: str) -> str:
            profile = f"--user-data-dir={folder}/profile"
            command = [chromium, *FLAGS, profile, *options, written.as_uri()]
            done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
            return done.stdout

        written.write_text(html + _MEASURE, encoding="utf-8")
        found = re.search(r"<title>height (\d+)", run("--dump-dom", f"--window-size={WIDTH},600"))
        if not found:
            raise SystemExit(f"{chromium} did not say how high the page is")
        written.write_text(html, encoding="utf-8")
        size = f"--window-size={WIDTH},{found[1]}"
        run(f"--screenshot={picture}", size, f"--force-device-scale-factor={SCALE}")
    with Image.open(picture) as taken:
        few = taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(picture, optimize=True)


def main() -> None:
    """Take the pictures of the README."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if chromium is None:
        raise SystemExit(INSTALL)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for case in SHOWN:
        picture = PICTURES / f"{case}.png"
        take(page_of(case), picture, chromium)
        size = picture.stat().st_size
        sys.stdout.write(f"{picture.relative_to(ROOT)}: {size // 1000} kB\n")
        if size >= SIZE_LIMIT:
            raise SystemExit(f"{picture.name} is larger than {SIZE_LIMIT // 1000} kB")


if __name__ == "__main__":
    main()
