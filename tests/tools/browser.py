"""Starts Debian's Chromium, without a window and calling nobody, for pictures and for tests."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

# No sandbox, so that it runs as root too: it is shown nothing but our own page. It calls nobody.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
    "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--disable-quic", "--disable-extensions",
)  # fmt: skip


def chromium() -> str | None:
    """Give the browser's path; None where it is not installed."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@contextmanager
def browsing() -> Iterator[Browser]:
    """Start the browser, for as long as the block lasts; it must be there."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS[1:]))
        try:
            yield browser
        finally:
            browser.close()
