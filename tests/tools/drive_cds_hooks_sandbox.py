"""Order MRIs in a built CDS Hooks sandbox, and see what it shows and sends of our answers.

Starts the service, a FHIR server and the sandbox on loopback, and Chromium; fails where a card, the
rating or feedback is not as it should be, and takes the pictures of deploy/other-tools.md.
"""

import argparse
import sqlite3
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).parents[1]))

from browser import browsing, chromium
from fhir_server import fhir_server
from load_patient import load
from playwright.sync_api import Browser, Page, Route, expect
from screenshots import INSTALL, ROOT, save_small
from served import serving

PICTURES = ROOT / "deploy" / "screenshots"
VIEW = {"width": 1280, "height": 1000}
WITHOUT_CONTRAST, LOW_BACK_PAIN = "72148", "279039007"
LOOPBACK = "127.0.0.1"
MOST_MS = 10_000
SETTLED_MS = 1000  # until the last of the sandbox's calls, one for each click, was answered
FEEDBACK = (
    "SELECT outcome, recommendation, suggestions, reason_code FROM feedback ORDER BY received_at"
)
TOLD = [
    ("overridden", "DeferSixWeeks", None, "red-flag-not-in-record"),
    ("accepted", "SpinalInfectionEmergency", '["make-stat"]', None),
]


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A patient, the words with which the first card begins, the rating, and the picture of it."""

    patient: str
    summary: str
    rating: str
    picture: str


DEFERRAL = Visit(
    patient="anna-sample",
    summary="14 days of symptoms, no red flag in the record",
    rating="not-appropriate",
    picture="cds-hooks-sandbox-deferral.png",
)
EMERGENCY = Visit(
    patient="farid-notreal",
    summary="Possible spinal infection: urgent MRI without and with contrast",
    rating="appropriate",
    picture="cds-hooks-sandbox-emergency.png",
)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing of each file."""


@contextmanager
def hosted(build: Path) -> Iterator[str]:
    """Serve the files of the sandbox, and give their address."""
    server = ThreadingHTTPServer((LOOPBACK, 0), partial(_Quiet, directory=str(build)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()


def only_here(route: Route) -> None:
    """Let the page call this machine only: its own default services would answer beside ours."""
    if f"//{LOOPBACK}:" in route.request.url:
        route.continue_()
    else:
        route.abort()


def choose(page: Page, box: str, code: str) -> None:
    """Choose what a code finds in one of the two boxes of the order."""
    page.locator(f"div:has(> div > div:text-is('{box}')) input").first.fill(code)
    page.locator("[id*='-option-']").first.click()


def order(browser: Browser, address: str, visit: Visit) -> Page:
    """Order a lumbar MRI; the rating has to change, and the card to come."""
    page = browser.new_page(viewport=VIEW)
    page.route("**/*", only_here)
    page.goto(f"{address}&patientId={visit.patient}")
    rating = page.locator("div:text('PAMA Rating:')").last
    expect(rating).to_have_text("PAMA Rating: unknown", timeout=MOST_MS)
    choose(page, "Search orders", WITHOUT_CONTRAST)
    choose(page, "Search reasons", LOW_BACK_PAIN)
    expect(rating).to_contain_text(f"PAMA Rating: {visit.rating}", timeout=MOST_MS)
    page.wait_for_timeout(SETTLED_MS)
    expect(page.locator(".MuiCard-root p").first).to_contain_text(visit.summary)
    page.screenshot(path=PICTURES / visit.picture)
    sys.stdout.write(f"{visit.patient}: {page.locator('.MuiCard-root p').first.inner_text()}\n")
    sys.stdout.write(f"{visit.patient}: {rating.inner_text()}\n")
    return page


def dismiss(page: Page) -> None:
    """Dismiss the first card for the first of its reasons; it has to go."""
    shown = page.locator(".MuiCard-root").count()
    with page.expect_response("**/feedback", timeout=MOST_MS):
        page.get_by_label("select dismiss reason").first.click()
        page.get_by_role("menuitem").first.click()
    expect(page.locator(".MuiCard-root")).to_have_count(shown - 1)


def accept(page: Page, label: str, visit: Visit) -> None:
    """Take a suggestion; the order has to stay rated."""
    with page.expect_response("**/feedback", timeout=MOST_MS):
        page.get_by_role("button", name=label).first.click()
    page.wait_for_timeout(SETTLED_MS)
    expect(page.locator("div:text('PAMA Rating:')").last).to_contain_text(visit.rating)


def feedback_in(ledger: Path) -> list[tuple[str | None, ...]]:
    """Read what the ledger holds of what became of cards."""
    opened = sqlite3.connect(ledger)
    try:
        return opened.execute(FEEDBACK).fetchall()
    finally:
        opened.close()


def drive(build: Path, folder: Path) -> list[tuple[str | None, ...]]:
    """Order for both patients, answer a card of each, and give the feedback that was stored."""
    with fhir_server(folder, server_auth={"types": ["none"]}) as ehr, hosted(build) as site:
        client = f'[client]\nprofile = "sandbox"\nfhir_servers = ["{ehr.base}"]\n'
        for visit in (DEFERRAL, EMERGENCY):
            load(visit.patient, ehr.base, None)
        with serving(folder, client) as service, browsing() as browser:
            asked = {
                "serviceDiscoveryURL": f"{service.address}/cds-services",
                "fhirServiceUrl": ehr.base,
                "screen": "pama",
                "hook": "order-select",
            }
            address = f"{site}/?{urlencode(asked)}"
            dismiss(order(browser, address, DEFERRAL))
            accept(order(browser, address, EMERGENCY), "Change priority to stat", EMERGENCY)
        return feedback_in(folder / "var" / "ledger.sqlite")


def main() -> None:
    """Drive the sandbox whose folder is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sandbox", type=Path, help="a clone of cds-hooks/sandbox, built")
    build = parser.parse_args().sandbox / "build"
    if not (build / "app.bundle.js").is_file():
        raise SystemExit(f"{build} holds no app.bundle.js: npm ci && npm run build")
    if chromium() is None:
        raise SystemExit(INSTALL)
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        stored = drive(build, Path(folder))
    for row in stored:
        sys.stdout.write(f"in the ledger: {' '.join(map(str, filter(None, row)))}\n")
    if stored != TOLD:
        raise SystemExit(f"the ledger should hold {TOLD}")
    for visit in (DEFERRAL, EMERGENCY):
        save_small(PICTURES / visit.picture)


if __name__ == "__main__":
    main()
