"""Calls of models that are passed on and never kept: completions, embeddings, moderations."""

from typing import Literal

from evald.domain.errors import ModelNotFound
from evald.ports.relay import RelayRequest
from evald.services.context import Context
from evald.services.relaying import Caller, Relayed, relayed
from evald.services.usage_meter import UsageMeter

PassedRoute = Literal["completions", "embeddings", "moderations"]


def call_model(
    context: Context, caller: Caller, route: PassedRoute, *, model: str, content: bytes
) -> Relayed:
    """The provider's answer to the request, which goes on as it came.

    Raises:
        ModelNotFound: no provider serves the model.
    """
    relay = context.relays.serving(model)
    if relay is None:
        raise ModelNotFound(model, param="model")
    meter = UsageMeter(context.logs, context.clock, caller, model=model, route=route)
    request = RelayRequest("POST", route, content, headers=caller.headers, came_at=caller.came_at)
    return relayed(relay, request, meter)
