"""Carrying letters to endpoints: by HTTPS to public addresses, unless the operator allows more."""

import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from evald.domain.webhooks.address import is_public
from evald.ports.webhooks import Letter, Receipt

DELIVERY_TIMEOUT_S: Final = 10.0
"""How long an endpoint may take. Source: OpenAI's webhooks guide asks for an answer in seconds."""


class _NotPublic(OSError):
    """A name leads to an address that no letter may go to."""


class _PublicResolver(AbstractResolver):
    """Resolves names once, for the connection that is made then, and only to public addresses."""

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The public addresses of the name; a name with any other one has none."""
        found = await self._inner.resolve(host, port, family)
        if not all(is_public(each["host"]) for each in found):
            raise _NotPublic(errno.EACCES, f"'{host}' leads to an address that is not public")
        return found

    async def close(self) -> None:
        """Nothing is held."""


class HttpPostman:
    """Carries letters over HTTP. Fulfils `evald.ports.webhooks.Postman`.

    Args:
        session: the postman's own.
        allow_private: plain HTTP and addresses of this network are endpoints too.
        timeout_s: how long one attempt may take.
    """

    def __init__(
        self, session: aiohttp.ClientSession, *, allow_private: bool, timeout_s: float
    ) -> None:
        self._session = session
        self._allow_private = allow_private
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)

    def refusal(self, url: str) -> str | None:
        """Why no letter may ever go there, by the address alone; None where one may."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            return "it is no address"
        if parts.scheme not in ("http", "https") or not host:
            return "it is no address that begins with https://"
        if parts.username is not None or parts.password is not None:
            return "it has a user name or password in it"
        if self._allow_private:
            return None
        if parts.scheme != "https":
            return "it does not begin with https://"
        if _is_literal(host) and not is_public(host):
            return "its address is not public"
        if host == "localhost" or host.endswith(".localhost"):
            return "it is this machine"
        return None

    async def carry(self, letter: Letter) -> Receipt:
        """What became of one attempt. Redirects are not followed, and no body is read."""
        refused = self.refusal(letter.url)
        if refused is not None:
            return Receipt(error=f"The endpoint's address may not be called: {refused}.")
        try:
            async with self._session.post(
                letter.url,
                data=letter.body,
                headers=letter.headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as answer:
                return Receipt(answer.status, _said(answer.status))
        except TimeoutError:
            return Receipt(error=f"No answer came within {self._timeout.total:g} seconds.")
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            why = str(problem)[:300]
            return Receipt(error=f"The endpoint was not reached: {why or type(problem).__name__}.")


def _said(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"The endpoint answered {status}; redirects are not followed."
    return f"The endpoint answered {status}."


def _is_literal(host: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host.partition("%")[0])
        except (OSError, ValueError):
            continue
        return True
    # What inet_aton takes beside it (`2130706433`, `0x7f.1`) a resolver may take for an address.
    return host.replace(".", "").replace("x", "").isalnum() and host[-1].isdigit()


@asynccontextmanager
async def open_postman(
    *, allow_private: bool, timeout_s: float = DELIVERY_TIMEOUT_S
) -> AsyncIterator[HttpPostman]:
    """A postman with connections of its own; needs a running event loop."""
    resolver = None if allow_private else _PublicResolver()
    connector = aiohttp.TCPConnector(
        limit=64, use_dns_cache=False, resolver=resolver, force_close=True
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        headers={"User-Agent": "evald"},
    ) as session:
        yield HttpPostman(session, allow_private=allow_private, timeout_s=timeout_s)
