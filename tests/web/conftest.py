"""The pages over a database of their own, asked without a server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx2
import pytest

from evald.adapters.blobs.disk import DiskBlobs
from evald.services.context import Context
from evald.services.keys import Gate
from evald.web.pages import build_pages
from tests.support.html_page import form_fields, read_html
from tests.support.kept_runs import opened_context

SECRET = b"a secret of the data folder, 32+"
STATIC_KEY = "sk-static-0123456789abcdef"


def browser(
    context: Context,
    *,
    static_key: str = "",
    public_url: str = "http://evald.test",
    raises: bool = True,
) -> httpx2.AsyncClient:
    """A browser, new to the pages; without keys they are open.

    Args:
        raises: a mistake of ours fails the test, instead of being answered.
    """
    gate = Gate(context.store, context.clock, static_key=static_key, may_be_open=not static_key)
    reached = replace(context, public_url=public_url)
    pages = build_pages(reached, gate, cookie_secret=SECRET)
    transport = httpx2.ASGITransport(pages, raise_app_exceptions=raises)
    return httpx2.AsyncClient(transport=transport, base_url="http://evald.test")


@dataclass(frozen=True, slots=True)
class Hands:
    """Somebody at a browser, and the world that they change."""

    context: Context
    browser: httpx2.AsyncClient
    woken: "Woken"

    async def send(self, url: str, **changes: str) -> httpx2.Response:
        """The answer to the last form of the page at this address, sent with these changes."""
        page = read_html((await self.browser.get(url)).text)
        form = page.all("main")[0].all("form")[-1]
        fields = form_fields(form) | {k.replace("__", "."): text for k, text in changes.items()}
        return await self.browser.post(form.attributes["action"], data=fields)


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    async with opened_context(tmp_path) as opened:
        yield opened


class Woken:
    """Remembers which runs it was told of. Fulfils `evald.ports.work.Work`."""

    def __init__(self) -> None:
        self.runs: list[str] = []

    def wake(self, run_id: str) -> None:
        """Remembers the run."""
        self.runs.append(run_id)


@pytest.fixture
async def hands(context: Context, tmp_path: Path) -> AsyncIterator[Hands]:
    """A browser where pages are open and forms do what they say."""
    woken = Woken()
    able = replace(context, blobs=DiskBlobs(tmp_path / "blobs"), work=woken)
    async with browser(able) as opened:
        yield Hands(able, opened, woken)


@pytest.fixture
async def visitor(context: Context) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser where pages are open."""
    async with browser(context) as opened:
        yield opened


@pytest.fixture
async def stranger(context: Context) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser where a key is needed."""
    async with browser(context, static_key=STATIC_KEY) as opened:
        yield opened
