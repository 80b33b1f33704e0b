"""Asking a model: one request, one answer or one failure."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from pydantic import JsonValue

from evald.wire.model_cards import Model

ModelApi = Literal["chat_completions", "responses"]
"""The APIs that answer with a sample."""

AnyApi = ModelApi | Literal["embeddings"]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One call: which API, which model, and the JSON body as it goes out (`model` within it).

    `deadline` is a moment of the monotonic clock after which nobody wants the answer any more;
    after `retry_until` no attempt but the first begins.
    """

    api: AnyApi
    model: str
    body: dict[str, JsonValue]
    deadline: float
    retry_until: float = math.inf


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """A successful answer: the JSON body as it came, and how long the call took in seconds."""

    body: dict[str, JsonValue]
    seconds: float


class FailureKind(StrEnum):
    """What went wrong, as far as it matters for trying again."""

    UNREACHABLE = "unreachable"  # no connection was made: nothing was asked, nothing is paid
    BROKEN = "broken"  # the connection broke before the answer was whole
    TIMEOUT = "timeout"  # the request was sent and no answer came in time: it may be paid for
    REFUSED = "refused"  # the provider answered with an error status
    MALFORMED = "malformed"  # the answer was a success and could not be read
    UNSERVED = "unserved"  # no provider serves this model, or its key is not configured
    RAISED = "raised"  # a provider's own Python function raised


@dataclass(frozen=True, slots=True)
class ModelFailure:
    """Why there is no answer; never holds a key of ours.

    `code` and `message` are the provider's where it gave any. `status` is the HTTP status of a
    refusal. `retry_after_s` is how long the provider asked to be left alone, in seconds.
    """

    kind: FailureKind
    code: str
    message: str
    status: int | None = None
    retry_after_s: float | None = None


class ModelClient(Protocol):
    """Whoever answers for models. Retrying, limiting and metering clients wrap around another."""

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """The model's answer, or why there is none.

        Cancelling the call closes its connection at once.
        """
        ...


class ModelCatalog(Protocol):
    """Whoever knows which models there are."""

    async def list_models(self) -> list[Model]:
        """Every model that a provider names, by provider and then as the provider orders them.

        A provider that cannot be asked within its time contributes only what its settings name.
        """
        ...

    async def find_model(self, model_id: str) -> Model | None:
        """The model of this id, or None where no provider knows it."""
        ...
