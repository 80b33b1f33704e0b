"""The pages over a database of their own, asked without a server."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from evald.services.context import Context
from evald.services.keys import Gate
from evald.web.pages import build_pages
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


@pytest.fixture
async def context(tmp_path: Path) -> AsyncIterator[Context]:
    async with opened_context(tmp_path) as opened:
        yield opened


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
