"""Requests of Responses: whom they are sent to, as what, and what of them is kept."""

from dataclasses import dataclass
from typing import assert_never

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.conversation.continued import continued
from evald.domain.errors import (
    MalformedJson,
    MissingParameter,
    ModelNotFound,
    PreviousResponseNotFound,
    ResponseUnfinished,
    UnsupportedByProvider,
    UnsupportedParameter,
)
from evald.domain.translation.request import chat_request
from evald.ports.kept import StoredLog
from evald.ports.relay import Relay, RelayRequest
from evald.sampling.attachments import ProjectFiles, with_files
from evald.services.background_responses import (
    ROUTE,
    is_unfinished,
    keeps_responses,
    read_object,
    refreshed,
)
from evald.services.chat_completions import CHAT_COMPLETIONS
from evald.services.context import Context
from evald.services.relaying import Caller
from evald.wire.responses import CreateResponseRequest

Body = dict[str, JsonValue]

_OURS = frozenset({"store", "metadata"})
_NEEDS_A_STORE = ("background", "conversation")


@dataclass(frozen=True, slots=True)
class ResponseCall:
    """A request of Responses on its way to a provider.

    Attributes:
        caller: who asks.
        asked: what of the request concerns us; `request` is all of it.
        kept: what is written down of it, its input the whole conversation; None: nothing is.
        sent: what the provider is asked.
        told: the fields of the response that are ours to say, since the provider was told
            otherwise.
    """

    caller: Caller
    relay: Relay
    asked: CreateResponseRequest
    request: Body
    kept: Body | None
    sent: RelayRequest
    told: Body

    @property
    def metadata(self) -> dict[str, str]:
        """The metadata that came with the request."""
        return self.asked.metadata or {}


@dataclass(frozen=True, slots=True)
class _Conversation:
    """The input with all that went before it, as far as it is known.

    `is_left_to_provider` says that the provider knows what went before, and is told its id.
    """

    whole: JsonValue
    is_left_to_provider: bool


async def response_call(
    context: Context, caller: Caller, asked: CreateResponseRequest, content: bytes
) -> ResponseCall:
    """What a request comes to; nobody is asked yet.

    Args:
        content: the request as it came, which goes on as it is where nothing of it has to change.

    Raises:
        MalformedJson: there is too much in the request.
        MissingParameter: no model is named, and no prompt that could.
        ModelNotFound: no provider serves the model.
        UnsupportedByProvider: its provider has no Responses API.
        UnsupportedParameter: a field asks for what the provider does not have.
        PreviousResponseNotFound: the response that is to be followed is not here.
        ResponseUnfinished: it has not ended.
        FilesTooLarge: the files that the input names are.
    """
    request = _read(content)
    relay = _relay(context, asked, request)
    _refuse_unkept_state(request, relay)
    talk = await _conversation(
        context, caller, asked.previous_response_id, given=request.get("input"), relay=relay
    )
    sent = request if talk.is_left_to_provider else _expanded(request, talk.whole)
    sent = await with_files(sent, ProjectFiles(context, caller.project_id))
    path, body = _translated(sent, relay)
    content = content if body is request else exact_json.dump(body).encode()
    return ResponseCall(
        caller=caller,
        relay=relay,
        asked=asked,
        request=request,
        kept=None if asked.store is False else _kept(request, talk.whole),
        sent=RelayRequest("POST", path, content, headers=caller.headers, came_at=caller.came_at),
        told=_told(asked, relay, talk),
    )


def _read(content: bytes) -> Body:
    try:
        value = exact_json.parse(content.decode())
    except ValueError as problem:
        raise MalformedJson(f"The body cannot be read as JSON: {problem}.") from None
    return value if isinstance(value, dict) else {}


def _relay(context: Context, asked: CreateResponseRequest, request: Body) -> Relay:
    if asked.model is None and request.get("prompt") is None:
        raise MissingParameter("Missing required parameter: 'model'.", param="model")
    relay = context.relays.serving(asked.model or "")
    if relay is None:
        raise ModelNotFound(asked.model or "", param="model")
    return relay


def _refuse_unkept_state(request: Body, relay: Relay) -> None:
    """Nothing, unless the request needs what only a provider has that keeps responses."""
    if keeps_responses(relay):
        return
    for field in _NEEDS_A_STORE:
        if request.get(field):
            raise UnsupportedParameter(
                f"'{field}' cannot be used: provider '{relay.provider}' of this model does not "
                "keep responses (forward_store, in evald.toml).",
                param=field,
            )


async def _conversation(
    context: Context, caller: Caller, previous_id: str | None, *, given: JsonValue, relay: Relay
) -> _Conversation:
    if not previous_id:
        return _Conversation(given, is_left_to_provider=True)
    async with context.store.snapshot() as tx:
        log = await tx.logs.get(caller.project_id, "response", previous_id)
        # An id of another project's is no more here than one of nobody's.
        is_known = log is not None or await tx.logs.find(previous_id) is not None
    is_there = keeps_responses(relay) and (not is_known or _is_of(log, relay))
    if log is None or log.request is None:
        if is_there:
            return _Conversation(given, is_left_to_provider=True)
        raise PreviousResponseNotFound(previous_id)
    log = await refreshed(context, caller, log)
    before, answer = read_object(log.request or ""), read_object(log.body)
    if is_unfinished(answer) and not is_there:
        raise ResponseUnfinished(log.id)
    whole = continued(before.get("input"), answer.get("output"), given)
    return _Conversation(whole, is_left_to_provider=is_there)


def _is_of(log: StoredLog | None, relay: Relay) -> bool:
    return log is not None and log.provider == relay.provider


def _expanded(request: Body, conversation: JsonValue) -> Body:
    """The request for a provider that knows nothing of what went before."""
    rest = {key: value for key, value in request.items() if key != "previous_response_id"}
    return {**rest, "input": conversation}


def _kept(request: Body, conversation: JsonValue) -> Body:
    kept = {key: value for key, value in request.items() if key not in _OURS}
    return kept if conversation is None else {**kept, "input": conversation}


def _translated(request: Body, relay: Relay) -> tuple[str, Body]:
    """The path and the body by which the provider is asked."""
    match relay.responses:
        case "native" if relay.forwards_store:
            return ROUTE, request
        case "native":
            # A provider that is told nothing would keep it.
            rest = {key: value for key, value in request.items() if key not in _OURS}
            return ROUTE, {**rest, "store": False}
        case "translate":
            return CHAT_COMPLETIONS, chat_request(request)
        case "none":
            raise _without_responses(relay)
        case _:
            assert_never(relay.responses)


def _without_responses(relay: Relay) -> UnsupportedByProvider:
    return UnsupportedByProvider(
        f"Provider '{relay.provider}' of this model has no Responses API (responses = \"none\" in "
        'evald.toml); with "translate" its chat completions answer.',
        param="model",
    )


def _told(asked: CreateResponseRequest, relay: Relay, talk: _Conversation) -> Body:
    told: Body = {}
    if relay.responses == "native" and not relay.forwards_store:
        metadata: Body = {**(asked.metadata or {})}
        if asked.store is not False:
            told = {"store": True, "metadata": metadata}
        elif metadata:
            told = {"metadata": metadata}
    if not talk.is_left_to_provider:
        told["previous_response_id"] = asked.previous_response_id
    return told
