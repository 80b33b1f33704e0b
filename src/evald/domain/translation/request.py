"""A request of Responses as chat completions can carry it, field by field."""

from collections.abc import Mapping

from pydantic import JsonValue

from evald.domain.conversation.messages import MessagesUnusable, chat_messages, message_list
from evald.domain.conversation.parts import without_nulls
from evald.domain.errors import InvalidType, InvalidValue, MissingParameter
from evald.domain.translation.input import refuse_uncarried
from evald.domain.translation.tools import chat_tool_choice, chat_tools
from evald.domain.translation.uncarried import uncarried

_RENAMED = {"max_output_tokens": "max_completion_tokens"}
# Read here, or nothing that a model is told.
_NOT_PASSED_ON = frozenset(
    {
        "input",
        "instructions",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "text",
        "reasoning",
        "include",
        "top_logprobs",
        "truncation",
        "background",
        "previous_response_id",
        "store",
        "metadata",
        "stream",
        "stream_options",
    }
)
_ONLY_WITHOUT = ("conversation", "prompt", "max_tool_calls", "context_management", "moderation")
_UNKNOWN_TO_CHAT = (*_ONLY_WITHOUT, "access_programs", "background_options", "image")
_LOGPROBS = "message.output_text.logprobs"


def chat_request(request: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The body of a chat completion that asks for what the request of Responses asks for.

    `previous_response_id` is not looked at: its conversation must stand in `input` by now. Neither
    are `store` and `metadata`, which are not the model's. Fields that Responses does not know go on
    as they are. `include` brings log probabilities and nothing else, since of nothing else that it
    names can there be any. A streamed request asks for its usage too.

    Raises:
        UnsupportedParameter: chat completions cannot carry what a field, named by `param`, says.
        InvalidType, InvalidValue, MissingParameter: a field is not what it must be.
    Source: OpenAI's OpenAPI document, CreateResponse and CreateChatCompletionRequest.
    """
    _refuse_fields(request)
    body: dict[str, JsonValue] = {
        _RENAMED.get(key, key): value
        for key, value in request.items()
        if value is not None and key not in _NOT_PASSED_ON and key not in _UNKNOWN_TO_CHAT
    }
    body["messages"] = _messages(request)
    body |= _tool_fields(request)
    body |= _text_fields(request.get("text"))
    body |= _reasoning_fields(request.get("reasoning"))
    body |= _logprob_fields(request)
    if request.get("stream"):
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _refuse_fields(request: Mapping[str, JsonValue]) -> None:
    for field in _UNKNOWN_TO_CHAT:
        if request.get(field) is not None:
            raise uncarried(field)
    if request.get("background"):
        raise uncarried("background")
    if request.get("truncation") not in (None, "disabled"):
        raise uncarried("truncation", why="only 'disabled' can be translated")


def _messages(request: Mapping[str, JsonValue]) -> list[JsonValue]:
    given, instructions = request.get("input"), request.get("instructions")
    if given is None:
        raise MissingParameter("Missing required parameter: 'input'.", param="input")
    if not isinstance(given, str | list):
        raise InvalidType("'input' must be text or a list of items.", param="input")
    # A text is one message, even one that looks like a list of them.
    items: JsonValue = [{"role": "user", "content": given}] if isinstance(given, str) else given
    try:
        refuse_uncarried(items)
        messages = [_known_to_all(each) for each in chat_messages(message_list(items))]
    except MessagesUnusable as unusable:
        raise InvalidValue(f"The input cannot be sent: {unusable}.", param="input") from unusable
    if instructions is None:
        return messages
    if not isinstance(instructions, str):
        raise InvalidType("'instructions' must be text.", param="instructions")
    return [{"role": "system", "content": instructions}, *messages]


def _known_to_all(message: JsonValue) -> JsonValue:
    """The message with `system` for `developer`, a role that few but OpenAI know."""
    if isinstance(message, dict) and message.get("role") == "developer":
        return {**message, "role": "system"}
    return message


def _tool_fields(request: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """What is said of tools; without any, a choice that asks for none is left out.

    Chat completions refuse such fields where there are no tools, and Responses does not.
    """
    fields: dict[str, JsonValue] = {}
    tools = chat_tools(request.get("tools"))
    choice = chat_tool_choice(request.get("tool_choice"))
    if tools:
        fields["tools"] = tools
    if choice is not None and (tools or choice not in ("auto", "none")):
        fields["tool_choice"] = choice
    if tools and request.get("parallel_tool_calls") is not None:
        fields["parallel_tool_calls"] = request["parallel_tool_calls"]
    return fields


def _text_fields(text: JsonValue) -> dict[str, JsonValue]:
    said = _object(text, "text")
    fields: dict[str, JsonValue] = {}
    for key, value in said.items():
        match key:
            case "format":
                fields |= _format_fields(_object(value, "text.format"))
            case "verbosity":
                fields["verbosity"] = value
            case _:
                raise uncarried(f"text.{key}")
    return fields


def _format_fields(form: dict[str, JsonValue]) -> dict[str, JsonValue]:
    match form.get("type"):
        case None | "text":
            return {}
        case "json_schema":
            schema: JsonValue = {key: value for key, value in form.items() if key != "type"}
            return {"response_format": {"type": "json_schema", "json_schema": schema}}
        case "json_object":
            return {"response_format": {"type": "json_object"}}
        case _:
            raise uncarried("text.format.type")


def _reasoning_fields(reasoning: JsonValue) -> dict[str, JsonValue]:
    said = _object(reasoning, "reasoning")
    for key in said:
        if key != "effort":
            raise uncarried(f"reasoning.{key}")
    return {"reasoning_effort": said["effort"]} if said else {}


def _logprob_fields(request: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    include, top = request.get("include"), request.get("top_logprobs")
    if include is not None and not isinstance(include, list):
        raise InvalidType("'include' must be a list.", param="include")
    if top:
        return {"logprobs": True, "top_logprobs": top}
    return {"logprobs": True} if include and _LOGPROBS in include else {}


def _object(value: JsonValue, field: str) -> dict[str, JsonValue]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidType(f"'{field}' must be an object.", param=field)
    return without_nulls(value)
