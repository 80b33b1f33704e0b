"""Imports at a running server: an archive is sent to it, and how far it is is asked for."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from pydantic import ValidationError
from yarl import URL

from evald.adapters.remote.asking import RemoteCall, answer_of, not_ours, server_url
from evald.adapters.threads import ThreadCpu
from evald.wire.imports import Import

PIECE_BYTES = 1_048_576
IMPORTS = "/v1/evald/imports"


class RemoteImports:
    """Imports at a server of ours.

    Args:
        session: by which it is asked.
        base_url: with or without `/v1` at its end.
        api_key: a key of the server's.

    Raises:
        RemoteRefused: the address is none of a server.
    """

    def __init__(self, session: aiohttp.ClientSession, base_url: str, *, api_key: str) -> None:
        self._session = session
        self._url = server_url(base_url, IMPORTS)
        self._headers = {"Authorization": f"Bearer {api_key}"}

    async def send(self, archive: Path, *, is_dry: bool) -> Import:
        """The import that the server has begun with this zip.

        Raises:
            RemoteRefused: the server was not reached, or refuses the archive or the key.
        """
        size = (await ThreadCpu().run(archive.stat)).st_size
        headers = {
            **self._headers,
            "Content-Type": "application/zip",
            "Content-Length": str(size),
        }
        url = self._url.with_query(dry_run="true" if is_dry else "false")
        return await self._asked("POST", url, headers, _pieces(archive))

    async def look(self, import_id: str) -> Import:
        """How far the import is.

        Raises:
            RemoteRefused: the server was not reached, or does not know it.
        """
        return await self._asked("GET", self._url / import_id, self._headers, None)

    async def _asked(
        self, method: str, url: URL, headers: dict[str, str], body: AsyncIterator[bytes] | None
    ) -> Import:
        answer = await answer_of(self._session, RemoteCall(method, url, headers, body))
        try:
            return Import.model_validate_json(answer)
        except ValidationError:
            raise not_ours(url, 200) from None


async def _pieces(archive: Path) -> AsyncIterator[bytes]:
    cpu = ThreadCpu()
    with archive.open("rb") as file:
        while piece := await cpu.run(lambda: file.read(PIECE_BYTES)):
            yield piece
