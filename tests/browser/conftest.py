"""Real pages in a real browser: Chromium, driven by Playwright, in front of a real server."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    ViewportSize,
    expect,
    sync_playwright,
)

from tests.browser.world import fill
from tests.support.running_server import RunningServer, running_server

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync", "--no-first-run"]
"""No sandbox: tests may run as root, and see our own pages only."""

PATIENCE_MS = 20_000  # for machines that have other tests to run, too


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with all that there is to look at."""
    folder: Path = tmp_path_factory.mktemp("browser") / "data"
    fill(folder)
    with running_server(folder) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(server: RunningServer) -> Iterator[Browser]:
    """The browser; tests without one are skipped, and `make browser` installs it.

    Playwright runs an event loop in this thread, beside which no other test could run its own: so
    it begins after the server was made ready, and ends with the file.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=QUIET)
        except Error:
            pytest.skip("There is no Chromium here; `make browser` installs one.")
        expect.set_options(timeout=PATIENCE_MS)
        yield browser
        browser.close()


class Watched:
    """A page of the browser, and all that it complained of."""

    def __init__(self, context: BrowserContext, server: RunningServer) -> None:
        self.context = context
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._url = server.url

    def open(self, path: str) -> Page:
        """The page at this path, loaded."""
        self.page.goto(self._url + path)
        return self.page

    @property
    def place(self) -> str:
        """The path and query that the browser is at."""
        return self.page.url.removeprefix(self._url)

    def _note(self, message: ConsoleMessage) -> None:
        # A refusal by the Content-Security-Policy is an error too.
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text}")


@contextmanager
def window(chromium: Browser, server: RunningServer, **options: Any) -> Iterator[Watched]:
    """A new browser window, with these options of Playwright's."""
    context = chromium.new_context(**options)
    context.set_default_timeout(PATIENCE_MS)
    yield Watched(context, server)
    context.close()


LAPTOP: ViewportSize = {"width": 1280, "height": 720}


@pytest.fixture
def watched(chromium: Browser, server: RunningServer) -> Iterator[Watched]:
    """A new browser window, which must have nothing to complain of when the test ends."""
    with window(chromium, server, viewport=LAPTOP) as watched:
        yield watched
    assert watched.complaints == []


@pytest.fixture
def scriptless(chromium: Browser, server: RunningServer) -> Iterator[Watched]:
    """The same without JavaScript."""
    with window(chromium, server, java_script_enabled=False) as watched:
        yield watched
    assert watched.complaints == []
