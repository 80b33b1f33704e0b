"""The gateway's window: a request to a provider as it is, and the bytes that come back."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from evald.ports.model import ModelFailure

ResponsesSupport = Literal["native", "translate", "none"]
"""How a provider serves the Responses API: itself, by way of chat completions, or not at all."""


SENT = frozenset({"accept", "content-type", "idempotency-key", "openai-beta"})
"""What of a client's headers goes along. All else is between the client and this server."""


@dataclass(frozen=True, slots=True)
class RelayRequest:
    """One call: `path` is below the provider's base URL, without a slash at its beginning.

    `headers` are those that go along; the provider's key is the relay's to add. `body` is JSON, or
    None where there is none. `came_at` is the moment of the monotonic clock at which the caller's
    own request came, if it is known.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    body: bytes | None = None
    query: tuple[tuple[str, str], ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    came_at: float | None = None


@dataclass(frozen=True, slots=True)
class RelayAnswer:
    """What comes back: status, the headers worth passing on (names in lower case), the bytes.

    `chunks` gives the bytes as they come. Our key stands in none of them where the status is one of
    an error.

    Raises, while chunks are read:
        RelayBroken: the connection broke, or nothing came for too long.
    """

    status: int
    headers: Mapping[str, str]
    chunks: AsyncIterator[bytes]


class RelayBroken(Exception):
    """The answer ended before it was whole; the message says how, and holds no key."""


class RelaySilent(RelayBroken):
    """Nothing more came of the answer, or it took too long."""


class Relay(Protocol):
    """Whoever passes requests on to one provider. One attempt a call; nothing is tried again."""

    @property
    def provider(self) -> str:
        """The provider's name."""
        ...

    @property
    def forwards_store(self) -> bool:
        """Whether `store` and `metadata` go upstream, and so whether the provider keeps answers."""
        ...

    @property
    def responses(self) -> ResponsesSupport:
        """How the provider serves the Responses API."""
        ...

    def open(
        self, request: RelayRequest
    ) -> AbstractAsyncContextManager[RelayAnswer | ModelFailure]:
        """The answer, or why there is none; leaving the block closes the connection at once."""
        ...


class Relays(Protocol):
    """Whoever knows which provider is asked."""

    def serving(self, model: str) -> Relay | None:
        """The relay to the provider that serves this model."""
        ...

    def named(self, provider: str) -> Relay | None:
        """The relay to the provider of this name."""
        ...
