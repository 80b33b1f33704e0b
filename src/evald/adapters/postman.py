"""Carrying letters to endpoints: by HTTPS to public addresses, unless the operator allows more."""

import asyncio
import socket
from typing import Final
from urllib.parse import urlsplit

from yarl import URL

from evald.adapters.http1.answer import ConnectionBroken, NotHttp, NotReached, NotReachedInTime
from evald.adapters.http1.connections import Origin, public_tls
from evald.adapters.http1.request import RequestHead
from evald.domain.webhooks.address import is_public
from evald.ports.webhooks import Letter, Receipt

DELIVERY_TIMEOUT_S: Final = 10.0
"""How long an endpoint may take. Source: OpenAI's webhooks guide asks for an answer in seconds."""


class HttpPostman:
    """Carries letters over HTTP. Fulfils `evald.ports.webhooks.Postman`.

    Args:
        allow_private: plain HTTP and addresses of this network are endpoints too.
        timeout_s: how long one attempt may take.
    """

    def __init__(
        self, *, allow_private: bool = False, timeout_s: float = DELIVERY_TIMEOUT_S
    ) -> None:
        self._allow_private = allow_private
        self._timeout_s = timeout_s

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
            return await self._carried(letter)
        except (TimeoutError, NotReachedInTime):
            return Receipt(error=f"No answer came within {self._timeout_s:g} seconds.")
        except (NotReached, ConnectionBroken, NotHttp, ValueError) as problem:
            why = str(problem)[:300]
            return Receipt(error=f"The endpoint was not reached: {why or type(problem).__name__}.")

    async def _carried(self, letter: Letter) -> Receipt:
        # A name is resolved once, for the one connection that is made, and forgotten with it: so
        # the addresses that were looked at are those that are called.
        url = URL(letter.url)
        check = None if self._allow_private else _refuse_private
        origin = Origin(url, tls=public_tls, kept_s=0.0, check=check)
        head = RequestHead("POST", url, letter.headers).of(letter.body)
        until = asyncio.get_running_loop().time() + self._timeout_s
        try:
            begun = await origin.begin(head, letter.body, connect_s=self._timeout_s, until=until)
            return Receipt(begun.answer.status, _said(begun.answer.status))
        finally:
            origin.close()


def _refuse_private(host: str, addresses: list[str]) -> None:
    if not all(map(is_public, addresses)):
        message = f"'{host}' leads to an address that is not public"
        raise PermissionError(message)


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
