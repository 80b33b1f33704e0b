"""Spans of the calls that go to a provider: which model, how many tokens, and what came of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import assert_never

from pydantic import JsonValue

from evald.adapters.models.metered import outcome_of
from evald.domain.conversation.reading import tokens
from evald.ports.model import AnyApi, ModelAnswer, ModelClient, ModelFailure, ModelRequest
from evald.ports.relay import Relay, RelayAnswer, RelayRequest
from evald.ports.traces import Span, Traces

PROVIDER = "openai"
"""Whose API is spoken, whoever answers. Source: OpenTelemetry, GenAI attributes registry."""


class TracedModel:
    """Keeps a span of each attempt at a call of one provider. Fulfils `ModelClient`.

    Source: OpenTelemetry, Semantic conventions for generative AI client spans.
    """

    def __init__(self, inner: ModelClient, traces: Traces, *, provider: str) -> None:
        """Keeps spans of what this client does, under the provider's name here."""
        self._inner = inner
        self._traces = traces
        self._provider = provider

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """What the inner client answers."""
        operation = _operation(request.api)
        span = self._traces.call(
            f"{operation} {request.model}",
            {
                "gen_ai.operation.name": operation,
                "gen_ai.provider.name": PROVIDER,
                "gen_ai.request.model": request.model,
                "evald.provider": self._provider,
            },
        )
        try:
            outcome = await self._inner.ask(request)
            if isinstance(outcome, ModelFailure):
                _note_failure(span, outcome)
            else:
                _note_answer(span, outcome.body)
            return outcome
        finally:
            span.end()


class TracedRelay:
    """Keeps a span of each call through the gateway, until its answer is over. Fulfils `Relay`."""

    def __init__(self, inner: Relay, traces: Traces) -> None:
        """Keeps spans of what this relay does."""
        self._inner = inner
        self._traces = traces
        self.provider = inner.provider
        self.forwards_store = inner.forwards_store
        self.responses = inner.responses

    @asynccontextmanager
    async def open(self, request: RelayRequest) -> AsyncIterator[RelayAnswer | ModelFailure]:
        """The answer, or why there is none."""
        span = self._traces.call(
            "gateway",
            {
                "gen_ai.provider.name": PROVIDER,
                "evald.provider": self.provider,
                "http.request.method": request.method,
            },
        )
        try:
            async with self._inner.open(request) as answer:
                if isinstance(answer, ModelFailure):
                    _note_failure(span, answer)
                else:
                    span.note({"http.response.status_code": answer.status})
                    if answer.status >= 400:
                        span.fail(str(answer.status))
                yield answer
        finally:
            span.end()


def _operation(api: AnyApi) -> str:
    match api:
        case "chat_completions" | "responses":
            return "chat"
        case "embeddings":
            return "embeddings"
        case _:
            assert_never(api)


def _note_failure(span: Span, failure: ModelFailure) -> None:
    if failure.status is not None:
        span.note({"http.response.status_code": failure.status})
    span.fail(outcome_of(failure))


def _note_answer(span: Span, body: dict[str, JsonValue]) -> None:
    used = tokens(body)
    span.note(
        {
            "gen_ai.usage.input_tokens": used.prompt_tokens,
            "gen_ai.usage.output_tokens": used.completion_tokens,
        }
    )
    for key, told in (("model", "gen_ai.response.model"), ("id", "gen_ai.response.id")):
        value = body.get(key)
        if isinstance(value, str):
            span.note({told: value})
