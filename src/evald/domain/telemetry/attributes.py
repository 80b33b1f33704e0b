"""Attributes of OpenTelemetry as plain JSON, and what of them is JSON inside of a text.

Source: OpenTelemetry, opentelemetry-proto, `common.proto` (AnyValue, KeyValue) in its JSON form.
"""

from collections.abc import Iterator, Mapping

from pydantic import JsonValue

from evald.domain import exact_json

Attributes = dict[str, JsonValue]

MAX_INDEX = 10_000
"""No list that is spread over attributes is longer."""


def attributes_of(given: JsonValue) -> Attributes:
    """The attributes of a list of `{"key": …, "value": {"stringValue": …}}`, by key."""
    return dict(_pairs(given))


def _pairs(given: JsonValue) -> Iterator[tuple[str, JsonValue]]:
    for each in given if isinstance(given, list) else []:
        if isinstance(each, dict) and isinstance(key := each.get("key"), str):
            yield key, _plain(each.get("value"))


def _plain(value: JsonValue) -> JsonValue:
    """The plain value; null where it has none."""
    if not isinstance(value, dict):
        return None
    for kind, inner in value.items():
        match kind:
            case "stringValue" | "boolValue" | "doubleValue" | "bytesValue":
                return inner
            case "intValue":
                return _whole(inner)
            case "arrayValue":
                values = inner.get("values") if isinstance(inner, dict) else None
                return [_plain(each) for each in values] if isinstance(values, list) else []
            case "kvlistValue":
                return dict(_pairs(inner.get("values") if isinstance(inner, dict) else None))
            case _:
                continue
    return None


def _whole(value: JsonValue) -> JsonValue:
    # 64-bit numbers are texts in the JSON form.
    is_number = isinstance(value, str) and value.removeprefix("-").isdecimal() and len(value) <= 20
    return int(value) if isinstance(value, str) and is_number else value


def decoded(value: JsonValue) -> JsonValue:
    """What a text says if it is the JSON of a list or an object; else the value as it is.

    What has structure is an attribute's value, or a text of JSON where attributes are plain.
    """
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        return exact_json.parse(value)
    except ValueError:
        return value


def spread_list(attributes: Mapping[str, JsonValue], prefix: str) -> list[Attributes]:
    """The objects of a list whose fields are attributes, such as `<prefix>.0.role`.

    In the order of their numbers, each with its fields by what follows the number.
    """
    found: dict[int, Attributes] = {}
    start = f"{prefix}."
    for key, value in attributes.items():
        if key.startswith(start):
            number, dot, name = key[len(start) :].partition(".")
            if dot and number.isdecimal() and len(number) <= 5 and int(number) < MAX_INDEX:
                found.setdefault(int(number), {})[name] = value
    return [found[number] for number in sorted(found)]
