"""Show the answer of a case as an EHR would, and take the pictures of it that the README shows."""

import json
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import make_ledger
from browser import FLAGS, browsing, chromium
from jinja2 import Environment, FileSystemLoader
from markdown_it import MarkdownIt
from markupsafe import Markup
from PIL import Image
from playwright.sync_api import Page, ViewportSize
from werkzeug.serving import make_server

from service.app import create_app
from service.content import content_folder, load
from service.ledger.store import migrate, open_store
from service.settings import Settings

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
ORDER_ENTRY = "order-entry.png"
ORDER_ENTRY_PATIENT = "farid-notreal"
ORDER_ENTRY_SIZE: ViewportSize = {"width": 1440, "height": 900}
DASHBOARD = "dashboard.png"
DASHBOARD_SIZE: ViewportSize = {"width": 1280, "height": 1000}
INVENTED = (6000, 92, 3)  # cards, days, seed
INVENTED_DAYS = f"from={make_ledger.LAST.replace(day=1, month=8)}&to={make_ledger.LAST}"
SETTLED_MS = 500  # until the cards have come to rest
VERSION = "{content version}"  # as golden answers have it: the digest would date a picture
WIDTH = 820
SCALE = 2
SIZE_LIMIT = 150_000
COLOURS = 128  # enough for text on plain ground, at less than half the size
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
    save_small(picture)


def save_small(picture: Path) -> None:
    """Save a picture anew with as few colours as text needs, and say how large it is now."""
    with Image.open(picture) as taken:
        few = taken.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(picture, optimize=True)
    size = picture.stat().st_size
    sys.stdout.write(f"{picture.name}: {size // 1000} kB\n")
    if size >= SIZE_LIMIT:
        raise SystemExit(f"{picture.name} is larger than {SIZE_LIMIT // 1000} kB")


@contextmanager
def shown(settings: Settings, size: ViewportSize) -> Iterator[tuple[Page, str]]:
    """Serve with some settings, and give a page of a browser with the address of the service."""
    app = create_app(settings)
    served = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    try:
        with browsing() as browser:
            yield browser.new_page(viewport=size), f"http://127.0.0.1:{served.server_port}"
    finally:
        served.shutdown()
        if "ledger" in app.extensions:
            app.extensions["ledger"].close()


def take_order_entry(picture: Path) -> None:
    """Take a picture of the order-entry page, as a person sees it who has just opened it."""
    with shown(Settings(), ORDER_ENTRY_SIZE) as (page, address):
        page.goto(f"{address}/")
        page.locator(f"[data-patient={ORDER_ENTRY_PATIENT}]").click()
        page.locator(".card.critical").wait_for()
        page.wait_for_timeout(SETTLED_MS)
        page.screenshot(path=picture)
    save_small(picture)


def take_dashboard(picture: Path) -> None:
    """Take a picture of the dashboard over an invented ledger."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/ledger.sqlite"
        migrate(url)
        engine = open_store(url)
        make_ledger.fill(engine, *INVENTED)
        engine.dispose()
        settings = Settings(ledger_url=url, spool_folder=Path(folder) / "spool")
        with shown(settings, DASHBOARD_SIZE) as (page, address):
            page.goto(f"{address}/dashboard?{INVENTED_DAYS}")
            page.screenshot(path=picture)
    save_small(picture)


def main() -> None:
    """Take the pictures of the README."""
    found = chromium()
    if found is None:
        raise SystemExit(INSTALL)
    PICTURES.mkdir(parents=True, exist_ok=True)
    for case in SHOWN:
        take(page_of(case), PICTURES / f"{case}.png", found)
    take_order_entry(PICTURES / ORDER_ENTRY)
    take_dashboard(PICTURES / DASHBOARD)


if __name__ == "__main__":
    main()
