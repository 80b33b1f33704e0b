"""What dumps of the official Python client make of the API's objects, and how to undo it.

A dump without `by_alias` has the names of the client's attributes; where a key of the API is no
good name for one, these differ. One without `exclude_unset` has a null for each key that the
client knows and the API left out. Nearly all of those do no harm, and cannot be told from nulls of
the API; but in the messages of graders they would make criteria unusable.

Source: openai-python 2.x, `types/evals` and `types/shared` (fields with an alias).
"""

from collections.abc import Callable

from pydantic import JsonValue

from evald.domain.archive.kinds import Kind

Body = dict[str, JsonValue]
Change = Callable[[JsonValue], JsonValue]


def in_api_form(kind: Kind, body: Body) -> Body:
    """The body as the API had it; the very same object if it is so already."""
    match kind:
        case Kind.EVALS:
            body = _within(body, ("data_source_config",), _schema)
            return _within(body, ("testing_criteria",), _criteria)
        case Kind.RUNS:
            body = _within(body, ("per_model_usage",), _usages)
            params = ("data_source", "sampling_params")
            body = _within(body, (*params, "response_format", "json_schema"), _schema)
            return _within(body, (*params, "text", "format"), _schema)
        case _:
            return body


def _within(body: Body, path: tuple[str, ...], change: Change) -> Body:
    """The body with what stands at the end of the path changed; itself if nothing does."""
    name, *rest = path
    inner = body.get(name)
    if rest:
        new = _within(inner, tuple(rest), change) if isinstance(inner, dict) else inner
    else:
        new = change(inner)
    return body if new is inner else {**body, name: new}


def _schema(value: JsonValue) -> JsonValue:
    return _renamed(value, "schema_", "schema")


def _usages(value: JsonValue) -> JsonValue:
    return _each(value, lambda usage: _renamed(usage, "run_model_name", "model_name"))


def _criteria(value: JsonValue) -> JsonValue:
    return _each(value, _criterion)


def _criterion(value: JsonValue) -> JsonValue:
    if not isinstance(value, dict):
        return value
    return _within(value, ("input",), lambda messages: _each(messages, _message))


def _message(value: JsonValue) -> JsonValue:
    value = _without_nulls(value)
    return _within(value, ("content",), _content) if isinstance(value, dict) else value


def _content(value: JsonValue) -> JsonValue:
    return _each(value, _without_nulls) if isinstance(value, list) else _without_nulls(value)


def _each(value: JsonValue, change: Change) -> JsonValue:
    """The list with each element changed; itself if it is none, or none of them changes."""
    if not isinstance(value, list):
        return value
    new = [change(each) for each in value]
    return new if any(a is not b for a, b in zip(new, value, strict=True)) else value


def _without_nulls(value: JsonValue) -> JsonValue:
    if not isinstance(value, dict) or None not in value.values():
        return value
    return {key: each for key, each in value.items() if each is not None}


def _renamed(value: JsonValue, theirs: str, name: str) -> JsonValue:
    """The value under the API's name, of which some dumps have both."""
    if not isinstance(value, dict) or theirs not in value:
        return value
    return {name: value[theirs]} | {key: each for key, each in value.items() if key != theirs}
