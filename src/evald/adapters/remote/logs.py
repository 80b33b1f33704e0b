"""Imports of logs at a running server: a stream is sent to it, and its report comes back."""

from collections.abc import AsyncIterator

import aiohttp
from pydantic import ValidationError

from evald.adapters.remote.asking import RemoteCall, answer_of, not_ours, server_url
from evald.wire.log_imports import LogImport

LOGS = "/v1/evald/logs"


class RemoteLogs:
    """Logs at a server of ours.

    Args:
        session: by which it is asked.
        base_url: with or without `/v1` at its end.
        api_key: a key of the server's.

    Raises:
        RemoteRefused: the address is none of a server.
    """

    def __init__(self, session: aiohttp.ClientSession, base_url: str, *, api_key: str) -> None:
        self._session = session
        self._url = server_url(base_url, LOGS)
        self._headers = {
            "Authorization": f"Bearer {api_key}",
            "Content-Type": "application/jsonl",
        }

    async def send(self, pieces: AsyncIterator[bytes], *, is_dry: bool) -> LogImport:
        """What the server says of these logs.

        Raises:
            RemoteRefused: the server was not reached, or refuses the logs or the key.
        """
        url = self._url.with_query(dry_run="true" if is_dry else "false")
        answer = await answer_of(self._session, RemoteCall("POST", url, self._headers, pieces))
        try:
            return LogImport.model_validate_json(answer)
        except ValidationError:
            raise not_ours(url, 200) from None
