"""Responses of providers that do not speak that API: by way of chat completions, or not at all."""

from dataclasses import replace
from typing import assert_never

from evald.adapters.models.provider import Provider
from evald.domain.errors import RequestError
from evald.domain.translation.frame import Frame
from evald.domain.translation.request import chat_request
from evald.domain.translation.response import response_of
from evald.ports.clock import Clock
from evald.ports.model import FailureKind, ModelAnswer, ModelClient, ModelFailure, ModelRequest
from evald.wire.ids import IdPrefix


class TranslatingModel:
    """Asks another model client for responses in the way that its provider has them.

    What is no request of Responses, and whatever is asked of a provider that speaks that API,
    passes through. A request that cannot be translated is a failure, and nobody is asked.
    """

    def __init__(self, inner: ModelClient, provider: Provider, clock: Clock) -> None:
        self._inner = inner
        self._provider = provider
        self._clock = clock

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """The inner client's answer, as a response where one was asked for."""
        if request.api != "responses":
            return await self._inner.ask(request)
        match self._provider.responses:
            case "native":
                return await self._inner.ask(request)
            case "translate":
                return await self._translated(request)
            case "none":
                return self._without_responses(request.model)
            case _:
                assert_never(self._provider.responses)

    async def _translated(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        frame = Frame(self._clock.new_id(IdPrefix.RESPONSE), self._clock.now(), request.body)
        try:
            body = chat_request(request.body)
        except RequestError as problem:
            code = problem.code or "invalid_request"
            return ModelFailure(FailureKind.UNSERVED, code, problem.message)
        outcome = await self._inner.ask(replace(request, api="chat_completions", body=body))
        if isinstance(outcome, ModelFailure):
            return outcome
        response = response_of(frame, outcome.body, completed_at=self._clock.now())
        return ModelAnswer(response, outcome.seconds)

    def _without_responses(self, model: str) -> ModelFailure:
        return ModelFailure(
            FailureKind.UNSERVED,
            "unsupported_api",
            f"The provider '{self._provider.name}' of the model '{model}' has no Responses API "
            '(responses = "none"); with responses = "translate" its chat completions answer.',
        )
