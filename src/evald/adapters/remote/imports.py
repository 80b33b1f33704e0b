"""Imports at a running server: an archive is sent to it, and how far it is is asked for."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
from pydantic import ValidationError
from yarl import URL

from evald.adapters.threads import ThreadCpu
from evald.wire.errors import ErrorResponse
from evald.wire.imports import Import

PIECE_BYTES = 1_048_576
ANSWER_TIMEOUT_S = 120.0
"""How long the server may take for an answer, or for taking the next bytes, in seconds."""

_PATIENCE = aiohttp.ClientTimeout(total=None, sock_connect=15.0, sock_read=ANSWER_TIMEOUT_S)


class RemoteRefused(Exception):
    """The server was not reached, or refused; the message says why."""


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
        self._url = _imports_url(base_url)
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
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, timeout=_PATIENCE, allow_redirects=False
            ) as response:
                return _read(url, response.status, await response.read())
        except TimeoutError:
            message = f"{url.origin()} did not answer within {ANSWER_TIMEOUT_S:g} s."
            raise RemoteRefused(message) from None
        except (aiohttp.ClientError, OSError) as problem:
            raise RemoteRefused(f"{url.origin()} was not reached: {problem}") from problem


def _imports_url(base_url: str) -> URL:
    base = base_url.rstrip("/").removesuffix("/v1")
    try:
        url = URL(f"{base}/v1/evald/imports")
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise RemoteRefused(
            f"'{base_url}' is no address of a server; one is http://127.0.0.1:8080, for example."
        )
    return url


def _read(url: URL, status: int, body: bytes) -> Import:
    try:
        if status in (200, 202):
            return Import.model_validate_json(body)
        message = ErrorResponse.model_validate_json(body).error.message
    except ValidationError:
        raise RemoteRefused(
            f"{url.origin()} answered with status {status} and nothing that evald says; is it a "
            "server of evald?"
        ) from None
    raise RemoteRefused(f"{url.origin()} refuses it ({status}): {message}")


async def _pieces(archive: Path) -> AsyncIterator[bytes]:
    cpu = ThreadCpu()
    with archive.open("rb") as file:
        while piece := await cpu.run(lambda: file.read(PIECE_BYTES)):
            yield piece
