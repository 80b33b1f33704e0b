"""Calls of models over HTTP that are passed on: completions, embeddings, moderations."""

from starlette.requests import Request
from starlette.responses import Response

from evald.http.operation import Api
from evald.http.passed_body import caller_of, read_passed
from evald.http.relayed import RelayedAnswer
from evald.services.model_calls import PassedRoute, call_model
from evald.wire.model_calls import MODERATION_MODEL, ModelCall, ModerationCall


async def create_completion(api: Api, request: Request) -> Response:
    """Asks a model by the legacy API of completions."""
    return await _passed(api, request, "completions")


async def create_embedding(api: Api, request: Request) -> Response:
    """Asks a model for embeddings."""
    return await _passed(api, request, "embeddings")


async def create_moderation(api: Api, request: Request) -> Response:
    """Asks a model to moderate; one of OpenAI's where none is named."""
    body = await read_passed(request, max_body_bytes=api.max_body_bytes)
    model = body.read(ModerationCall).model or MODERATION_MODEL
    return RelayedAnswer(
        call_model(
            api.context, caller_of(request), "moderations", model=model, content=body.content
        )
    )


async def _passed(api: Api, request: Request, route: PassedRoute) -> Response:
    body = await read_passed(request, max_body_bytes=api.max_body_bytes)
    model = body.read(ModelCall).model
    return RelayedAnswer(
        call_model(api.context, caller_of(request), route, model=model, content=body.content)
    )
