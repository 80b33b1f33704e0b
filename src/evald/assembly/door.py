"""The one door to API and pages: request ids, the host check, keys, and headers on every answer."""

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evald.domain.errors import HostRefused
from evald.http.error_responses import answer_errors
from evald.ports.clock import Clock
from evald.ports.metrics import NO_METRICS, Metrics
from evald.ports.traces import NO_TRACES, Traces
from evald.services.keys import Admitted
from evald.wire.ids import IdPrefix

_log = logging.getLogger("evald.http")

API = "/v1"
_AZURE = re.compile(r"(?:/api/projects/[^/]+)?/openai/(?:v1/)?")
OPEN_PATHS = frozenset({"/healthz", "/readyz", "/openapi.json"})
"""What the API answers without a key."""

METRICS = "/metrics"
"""What it answers without a key only where no key is configured."""

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})

API_VERSION = b"2020-10-01"
"""What `openai-version` says. Source: observed 2026-07."""

_NOSNIFF = (b"x-content-type-options", b"nosniff")


class KeyCheck(Protocol):
    """Whom a key lets in."""

    async def admit(self, key: str | None) -> Admitted:
        """The project that the key belongs to, and the key's id.

        Raises:
            MissingApiKey: there is no key.
            IncorrectApiKey: it lets nobody in.
        """
        ...

    async def is_open(self) -> bool:
        """Whether no key is configured."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """An ASGI application that sends each request to the API or to the pages.

    Everything under /v1 needs a key before it is even known whether the path exists; the pages see
    to theirs themselves. `allowed_hosts` are the names that `Host` may have, in lower case and
    without a port; None lets in any.
    """

    api: ASGIApp
    pages: ASGIApp
    keys: KeyCheck
    clock: Clock
    allowed_hosts: frozenset[str] | None = None
    metrics: Metrics = NO_METRICS
    traces: Traces = NO_TRACES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; whatever goes wrong with it is answered too."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close"})
        if scope["type"] != "http":
            return
        state = scope.setdefault("state", {})
        state["request_id"] = self.clock.new_id(IdPrefix.REQUEST)
        state["came_at"] = self.clock.monotonic()
        try:
            await self._traced(scope, receive, self._with_headers(send, state))
        finally:
            self._note(scope["method"], state)

    async def _traced(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, state = scope["path"], scope["state"]
        if not self.traces.is_on or path in OPEN_PATHS or path == METRICS:
            await answer_errors(self._lead, scope, receive, send)
            return
        named = Headers(scope=scope).get("traceparent")
        with self.traces.request(_known(scope["method"]), traceparent=named) as span:
            span.note({"evald.request.id": state["request_id"]})
            try:
                await answer_errors(self._lead, scope, receive, send)
            finally:
                span.answered(state.get("route", "none"), state.get("status"))

    async def _lead(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._refuse_strange_host(scope)
        # Of a header that came twice, the first counts.
        headers = dict(reversed(scope["headers"]))
        path = scope["path"] = api_path(scope["path"])
        if path == API or path.startswith(API + "/"):
            admitted = await self.keys.admit(key_of(headers))
            scope["state"]["project_id"] = admitted.project_id
            scope["state"]["key_id"] = admitted.key_id
            await self.api(scope, receive, send)
        elif path in OPEN_PATHS:
            await self.api(scope, receive, send)
        elif path == METRICS:
            if not await self.keys.is_open():
                await self.keys.admit(key_of(headers))
            await self.api(scope, receive, send)
        else:
            scope["state"]["route"] = "pages"
            await self.pages(scope, receive, send)

    def _refuse_strange_host(self, scope: Scope) -> None:
        """Nothing, unless a page of another site reached us under its own name (DNS rebinding)."""
        if self.allowed_hosts is None:
            return
        for named in [value for name, value in scope["headers"] if name == b"host"] or [b""]:
            host = named.decode("latin-1")
            if host_name(host) not in self.allowed_hosts:
                raise HostRefused(
                    f"Host '{host[:100]}' is not a name of this server. Its operator names more "
                    "in EVALD_ALLOWED_HOSTS."
                )

    def _note(self, method: str, state: dict[str, Any]) -> None:
        """The request is counted; one that nobody waited for has no status."""
        took_s = self.clock.monotonic() - state["came_at"]
        status = state.get("status")
        route, method = state.get("route", "none"), _known(method)
        self.metrics.http.time(
            took_s, route, method, "none" if status is None else f"{status // 100}xx"
        )
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug(
                "request_answered request=%s method=%s route=%s status=%s seconds=%.4f",
                state["request_id"],
                method,
                route,
                status,
                took_s,
            )

    def _with_headers(self, send: Send, state: dict[str, Any]) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                state["status"] = message["status"]
                elapsed = _elapsed_ms(state["came_at"], self.clock.monotonic)
                headers = [
                    *message.get("headers", ()),
                    (b"x-request-id", state["request_id"].encode()),
                    (b"openai-version", API_VERSION),
                    (b"openai-processing-ms", elapsed.encode()),
                ]
                if _NOSNIFF not in headers:  # as it is in those of the pages
                    headers.append(_NOSNIFF)
                message["headers"] = headers
            await send(message)

        return send_with_headers


def _known(method: str) -> str:
    return method if method in _METHODS else "other"


def api_path(path: str) -> str:
    """The path as OpenAI has it, for one that begins as Azure has it; others as they are.

    Source: Azure OpenAI and Foundry documentation: `{endpoint}/openai/v1/evals`, and
    `{endpoint}/api/projects/{project}/openai/evals`.
    """
    azure = _AZURE.match(path)
    return path if azure is None else f"{API}/{path[azure.end() :]}"


def _elapsed_ms(began: float, now: Callable[[], float]) -> str:
    return str(round((now() - began) * 1000))


def key_of(headers: Mapping[bytes, bytes]) -> str | None:
    """The key that came with a request, as `Authorization: Bearer …` or, as on Azure, `api-key`.

    The headers' names are in lower case.
    """
    named = headers.get(b"authorization", b"").decode("latin-1").strip()
    scheme, _, token = named.partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get(b"api-key", b"").decode("latin-1").strip() or None


def host_name(host: str) -> str:
    """The name in a `Host` header: without its port, in lower case; brackets of IPv6 stay."""
    name, bracket, _ = host.strip().lower().partition("]")
    if bracket:
        return name + bracket
    return name.partition(":")[0].rstrip(".")
