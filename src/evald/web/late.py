"""Pages whose modules are loaded when somebody first asks for one."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module

from starlette.responses import Response

from evald.web.views import Asked, View

Show = Callable[[Asked], Awaitable[View | Response]]


class LatePage:
    """A page of a module of this room.

    All pages together took a quarter of a second to load, before the first reader saw any
    (measured 2026-11).
    """

    def __init__(self, name: str) -> None:
        """The page that this function shows: `item_page.show_item`."""
        self._module, _, self._function = name.partition(".")
        self._show: Show | None = None

    async def __call__(self, asked: Asked) -> View | Response:
        """Answers as the page does."""
        if self._show is None:
            self._show = await asyncio.to_thread(self.load)
        return await self._show(asked)

    def load(self) -> Show:
        """The function, its module loaded."""
        show: Show = getattr(import_module(f"evald.web.{self._module}"), self._function)
        return show
