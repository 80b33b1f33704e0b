"""Asking a running server of ours: its address, one request, and what a refusal says."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import aiohttp
from pydantic import ValidationError
from yarl import URL

from evald.wire.errors import ErrorResponse

ANSWER_TIMEOUT_S = 120.0
"""How long the server may take for an answer, or for taking the next bytes, in seconds."""

_PATIENCE = aiohttp.ClientTimeout(total=None, sock_connect=15.0, sock_read=ANSWER_TIMEOUT_S)


class RemoteRefused(Exception):
    """The server was not reached, or refused; the message says why."""


@dataclass(frozen=True, slots=True)
class RemoteCall:
    """One request to a server."""

    method: str
    url: URL
    headers: Mapping[str, str]
    body: AsyncIterator[bytes] | None = None


def server_url(base_url: str, path: str) -> URL:
    """Where the server has this path; `base_url` is with or without `/v1` at its end.

    Raises:
        RemoteRefused: it is the address of no server.
    """
    base = base_url.rstrip("/").removesuffix("/v1")
    try:
        url = URL(f"{base}{path}")
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise RemoteRefused(
            f"'{base_url}' is no address of a server; one is http://127.0.0.1:8080, for example."
        )
    return url


async def answer_of(session: aiohttp.ClientSession, call: RemoteCall) -> bytes:
    """The body of the server's answer to this.

    Raises:
        RemoteRefused: the server was not reached, or refuses.
    """
    try:
        async with session.request(
            call.method,
            call.url,
            headers=call.headers,
            data=call.body,
            timeout=_PATIENCE,
            allow_redirects=False,
        ) as response:
            body = await response.read()
    except TimeoutError:
        message = f"{call.url.origin()} did not answer within {ANSWER_TIMEOUT_S:g} s."
        raise RemoteRefused(message) from None
    except (aiohttp.ClientError, OSError) as problem:
        raise RemoteRefused(f"{call.url.origin()} was not reached: {problem}") from problem
    if response.status not in (200, 202):
        raise _refusal(call.url, response.status, body)
    return body


def not_ours(url: URL, status: int) -> RemoteRefused:
    """What an answer is that no server of ours gives."""
    return RemoteRefused(
        f"{url.origin()} answered with status {status} and nothing that evald says; is it a "
        "server of evald?"
    )


def _refusal(url: URL, status: int, body: bytes) -> RemoteRefused:
    try:
        message = ErrorResponse.model_validate_json(body).error.message
    except ValidationError:
        return not_ours(url, status)
    return RemoteRefused(f"{url.origin()} refuses it ({status}): {message}")
