"""Messages of GenAI spans by older conventions: events of the span, and flattened attributes.

Source: OpenTelemetry, semantic conventions for generative AI 1.28 to 1.36 (events, whose body some
instrumentations put into the attribute `gen_ai.event.content`) and 1.27 (`gen_ai.content.prompt`);
OpenLLMetry (`gen_ai.prompt.<n>.…`, `gen_ai.completion.<n>.…`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain.telemetry.attributes import Attributes, decoded, spread_list
from evald.domain.telemetry.messages import Message, choice, plain_message

_PREFIX = "gen_ai."
_MESSAGE = ".message"
_CHOICE = "gen_ai.choice"
_PROMPT, _COMPLETION = "gen_ai.content.prompt", "gen_ai.content.completion"


@dataclass(frozen=True, slots=True)
class SpanEvent:
    """An event of a span."""

    name: str
    attributes: Attributes


@dataclass(frozen=True, slots=True)
class Told:
    """What a span tells of a conversation: the messages that were sent, and the choices."""

    messages: list[Message]
    choices: list[JsonValue]


def told_by_events(events: Sequence[SpanEvent]) -> Told:
    """What the events of a span tell: `gen_ai.user.message`, …, `gen_ai.choice`."""
    messages: list[Message] = []
    choices: list[JsonValue] = []
    for event in events:
        if event.name == _CHOICE:
            choices.append(_choice(len(choices), _body(event)))
        elif event.name == _PROMPT:
            messages += _listed(event.attributes.get("gen_ai.prompt"), "user")
        elif event.name == _COMPLETION:
            said = _listed(event.attributes.get("gen_ai.completion"), "assistant")
            choices += [choice(len(choices) + n, each, None) for n, each in enumerate(said)]
        elif event.name.startswith(_PREFIX) and event.name.endswith(_MESSAGE):
            role = event.name.removeprefix(_PREFIX).removesuffix(_MESSAGE)
            messages.append(plain_message(_body(event), role))
    return Told(messages, choices)


def told_by_attributes(attributes: Attributes) -> Told:
    """What the flattened attributes of a span tell."""
    messages = [_flat(each, "user") for each in spread_list(attributes, "gen_ai.prompt")]
    said = spread_list(attributes, "gen_ai.completion")
    choices = [
        choice(number, _flat(each, "assistant"), each.get("finish_reason"))
        for number, each in enumerate(said)
    ]
    return Told(messages, choices)


def flat_tools(attributes: Attributes) -> list[JsonValue]:
    """The functions that the flattened attributes say were offered."""
    tools: list[JsonValue] = []
    for each in spread_list(attributes, "llm.request.functions"):
        function = {key: decoded(value) for key, value in each.items()}
        tools.append({"type": "function", "function": function})
    return tools


def _body(event: SpanEvent) -> Message:
    """What the event says, under plain names: its content, if it has one, or its attributes."""
    content = event.attributes.get("gen_ai.event.content")
    said = decoded(content)
    if isinstance(said, dict):
        return said
    return {key.removeprefix("gen_ai.event."): each for key, each in event.attributes.items()}


def _choice(number: int, body: Message) -> JsonValue:
    message = decoded(body.get("message"))
    if isinstance(message, str):
        message = {"content": message}
    said = message if isinstance(message, dict) else body
    calls = said.get("tool_calls", body.get("tool_calls"))
    own = {key: each for key, each in said.items() if key not in ("role", "finish_reason")}
    spoken = plain_message({**own, "tool_calls": calls, "role": "assistant"}, "assistant")
    return choice(number, spoken, body.get("finish_reason"))


def _listed(value: JsonValue, role: str) -> list[Message]:
    given = decoded(value)
    listed = given if isinstance(given, list) else [given]
    return [
        plain_message(each if isinstance(each, dict) else {"content": each}, role)
        for each in listed
        if isinstance(each, dict | str)
    ]


def _flat(fields: Attributes, role: str) -> Message:
    """A message whose tool calls are attributes too: `tool_calls.0.name` and so on."""
    message = {key: each for key, each in fields.items() if "." not in key}
    calls: list[JsonValue] = []
    for each in spread_list(fields, "tool_calls"):
        name = each.get("name", each.get("function.name"))
        arguments = each.get("arguments", each.get("function.arguments"))
        calls.append({"id": each.get("id"), "name": name, "arguments": arguments})
    return plain_message({**message, "tool_calls": calls} if calls else message, role)
