"""The pages, loaded when somebody first asks for one, since many servers have no readers."""

import asyncio
from importlib import import_module
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from evald.services.context import Context
from evald.services.keys import Gate


class LatePages:
    """The pages as an application; who asks first waits until they are loaded."""

    def __init__(self, context: Context, gate: Gate, *, cookie_secret: bytes, cache: Path) -> None:
        """Pages of this world, behind this gate; their secret and folder are the data folder's."""
        self._context = context
        self._gate = gate
        self._cookie_secret = cookie_secret
        self._cache = cache
        self._app: ASGIApp | None = None
        # Two at once would each load and build them, and answer from templates of their own.
        self._loading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as the pages do."""
        app = self._app or await self._loaded()
        await app(scope, receive, send)

    async def _loaded(self) -> ASGIApp:
        async with self._loading:
            if self._app is None:
                # A tenth of a second of loading: the API answers meanwhile.
                module = await asyncio.to_thread(import_module, "evald.web.pages")
                self._app = module.build_pages(
                    self._context,
                    self._gate,
                    cookie_secret=self._cookie_secret,
                    cache=self._cache,
                )
            return self._app
