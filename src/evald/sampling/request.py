"""A run's data source compiled into a plan that makes each row's request."""

from dataclasses import dataclass
from typing import assert_never

from pydantic import JsonValue

from evald.domain.conversation.messages import (
    MessagesUnusable,
    chat_messages,
    message_list,
    response_items,
)
from evald.domain.conversation.params import chat_params, response_params
from evald.domain.errors import InvalidValue, MissingParameter
from evald.domain.template import (
    Placeholder,
    Variables,
    fill_all,
    parse_path,
    parse_template,
    resolve,
)
from evald.ports.model import ModelApi, ModelRequest
from evald.wire.data_sources import (
    CompletionsDataSource,
    DataSource,
    InputMessages,
    ItemReferenceMessages,
    ResponsesDataSource,
    ResponsesSource,
    SamplingParams,
    StoredCompletionsSource,
    TemplateMessages,
    UnsampledDataSource,
)
from evald.wire.messages import EvalItem


@dataclass(frozen=True, slots=True)
class FilledTemplate:
    """Messages in the shape of the API that is asked, whose strings are templates."""

    shape: list[JsonValue]


@dataclass(frozen=True, slots=True)
class ReferredMessages:
    """Where in the row its messages are."""

    path: Placeholder


@dataclass(frozen=True, slots=True)
class RequestPlan:
    """How each row of a run becomes a request, worked out once.

    `fixed` is the body without its messages. Requests share its inner values; nobody changes them.
    """

    api: ModelApi
    model: str
    fixed: dict[str, JsonValue]
    messages: FilledTemplate | ReferredMessages

    def request(self, item: JsonValue, *, deadline: float) -> ModelRequest:
        """The request for one row.

        Args:
            item: the row's `item`.
            deadline: a moment of the monotonic clock, in seconds.

        Raises:
            UnknownVariable: a message names what the item does not have.
            MessagesUnusable: what the item has as messages is no message list.
        """
        match self.messages:
            case FilledTemplate(shape):
                variables = Variables(item)
                messages: JsonValue = [fill_all(message, variables) for message in shape]
            case ReferredMessages(path):
                messages = _referred(path, item, self.api)
            case _:
                assert_never(self.messages)
        field = "messages" if self.api == "chat_completions" else "input"
        return ModelRequest(self.api, self.model, {**self.fixed, field: messages}, deadline)

    def unsent(self, *, deadline: float) -> ModelRequest:
        """The request of a row whose messages could not be made: it has none."""
        return ModelRequest(self.api, self.model, self.fixed, deadline)


def plan_of(source: DataSource) -> RequestPlan | None:
    """The plan by which each row becomes a request; None where rows are graded as they are.

    Logs are, unless a model is named: then what was asked is asked again, of that model.

    Raises:
        MissingParameter, InvalidValue: as `compile_request`.
    Source: observed 2025 (both ways).
    """
    if isinstance(source, UnsampledDataSource):
        return None
    if not isinstance(source.source, StoredCompletionsSource | ResponsesSource):
        return compile_request(source)
    if source.model is None:
        return None
    messages = source.input_messages or _AS_ASKED
    return compile_request(source.model_copy(update={"input_messages": messages}))


_AS_ASKED = ItemReferenceMessages(type="item_reference", item_reference="item.input")


def compile_request(source: CompletionsDataSource | ResponsesDataSource) -> RequestPlan:
    """The plan by which each row of the data source becomes a request.

    Raises:
        MissingParameter: there is no model, or there are no messages to send it.
        InvalidValue: the template is empty or cannot be sent, or the reference is no path.
    """
    if source.model is None:
        raise MissingParameter(
            "A run that samples a model must name it in 'model'.", param="data_source.model"
        )
    if source.input_messages is None:
        raise MissingParameter(
            "A run that samples a model must say what to send it in 'input_messages'.",
            param="data_source.input_messages",
        )
    params = source.sampling_params or SamplingParams()
    match source:
        case CompletionsDataSource():
            api: ModelApi = "chat_completions"
            fixed = {"model": source.model, **chat_params(params)}
        case ResponsesDataSource():
            api = "responses"
            fixed = {"model": source.model, **response_params(params)}
        case _:
            assert_never(source)
    return RequestPlan(api, source.model, fixed, _messages(source.input_messages, api))


def _messages(source: InputMessages, api: ModelApi) -> FilledTemplate | ReferredMessages:
    match source:
        case TemplateMessages():
            return FilledTemplate(_shape(source.template, api))
        case ItemReferenceMessages():
            return ReferredMessages(_path(source.item_reference))
        case _:
            assert_never(source)


def _shape(template: list[EvalItem], api: ModelApi) -> list[JsonValue]:
    try:
        messages = message_list([message.model_dump(exclude_none=True) for message in template])
        return _sendable(messages, api)
    except MessagesUnusable as unusable:
        raise InvalidValue(
            f"The template cannot be sent: {unusable}.",
            param="data_source.input_messages.template",
        ) from unusable


def _path(reference: str) -> Placeholder:
    parts = parse_template(reference.strip())
    if len(parts) == 1 and isinstance(parts[0], Placeholder):
        return _item_path(parts[0].name)
    return _item_path(reference.strip())


def _item_path(path: str) -> Placeholder:
    steps = parse_path(path)
    if steps is None or steps[0] != "item":
        raise InvalidValue(
            f"'{path}' is not a path to a message list in the item, such as 'item.input'.",
            param="data_source.input_messages.item_reference",
        )
    return Placeholder(path, steps)


def _sendable(messages: list[JsonValue], api: ModelApi) -> list[JsonValue]:
    match api:
        case "chat_completions":
            return chat_messages(messages)
        case "responses":
            return response_items(messages)
        case _:
            assert_never(api)


def _referred(path: Placeholder, item: JsonValue, api: ModelApi) -> list[JsonValue]:
    value = resolve(path, Variables(item))
    try:
        return _sendable(message_list(value), api)
    except MessagesUnusable as unusable:
        raise MessagesUnusable(
            f"The messages at '{path.name}' cannot be sent: {unusable}."
        ) from unusable
