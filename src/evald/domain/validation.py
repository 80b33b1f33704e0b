"""What is wrong with a body, said as one refusal: where, what, and what would be right."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

from pydantic import JsonValue, ValidationError
from pydantic_core import ErrorDetails

from evald.domain.errors import InvalidType, InvalidValue, MissingParameter, RequestError
from evald.domain.json_path import Step, json_path
from evald.wire.base import WireModel

M = TypeVar("M", bound=WireModel)

_EXPECTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "bool_type": "a boolean",
    "list_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
"""The kinds of error that say another kind of JSON value was wanted, and which."""

_MOST_FAULTS = 1_000
"""Of more faults in one field of the body, only so many are looked at: a refusal names one."""

_BEYOND_FLOAT = "a number is beyond what a 64-bit float can hold"
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _Fault:
    """One thing that is wrong. `place` orders faults as they stand in the body."""

    path: tuple[Step, ...]
    place: tuple[int, ...]
    value: JsonValue
    details: ErrorDetails

    @property
    def expected(self) -> str:
        """The kind of value that was wanted, if the kind is what is wrong."""
        return _EXPECTED.get(self.details["type"], "")


def read_model(model: type[M], body: dict[str, JsonValue]) -> M:
    """The body as this wire type.

    Raises:
        MissingParameter: a field is missing.
        InvalidType: a field holds another kind of value than it must.
        InvalidValue: a field holds what it may not.
    """
    refuse_unwritable(body)  # first: a sentence with half a character in it makes pydantic raise
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise refusal(error, body) from None


def refusal(error: ValidationError, body: JsonValue) -> RequestError:
    """The refusal for the first thing that is wrong with `body`, in the order of the body.

    What is missing counts as standing at the end of its object. Of a field with more than a
    thousand faults, it is the first of those that were found first.
    """
    places = _Places()
    faults = [_fault(details, body, places) for details in _looked_at(error)]
    fault = min(faults, key=lambda fault: (fault.place, bool(fault.expected)))
    while deeper := [each for each in faults if _is_inside(each, fault)]:
        # A union says what is wrong with each of its branches; the one that got further inside is
        # the one that was meant.
        fault = min(deeper, key=lambda fault: (fault.place, bool(fault.expected)))
    param = json_path(fault.path) or None
    if fault.expected == "a number" and isinstance(fault.value, int):
        return _unwritable(fault.path, _BEYOND_FLOAT)
    if fault.expected:
        return _another_kind([each for each in faults if each.path == fault.path])
    return _refusal(fault, param)


def _looked_at(error: ValidationError) -> Iterator[ErrorDetails]:
    counts: Counter[tuple[Step, ...]] = Counter()
    for details in error.errors(include_url=False):
        field = details["loc"][:1]
        counts[field] += 1
        if counts[field] <= _MOST_FAULTS:
            yield details


class _Places:
    """At which place of its object a key stands; each object is gone through once."""

    def __init__(self) -> None:
        self._by_object: dict[int, dict[str, int]] = {}

    def of(self, key: str, within: dict[str, JsonValue]) -> int:
        """The place of a key that is there, counted from 0."""
        places = self._by_object.get(id(within))
        if places is None:
            places = self._by_object[id(within)] = {name: at for at, name in enumerate(within)}
        return places[key]


def _is_inside(one: _Fault, other: _Fault) -> bool:
    return len(one.path) > len(other.path) and one.path[: len(other.path)] == other.path


def _fault(details: ErrorDetails, body: JsonValue, places: _Places) -> _Fault:
    """The fault with its path in the body, without the names that unions give their branches."""
    path: list[Step] = []
    place: list[int] = []
    here = body
    branch_named = False
    for index, step in enumerate(details["loc"]):
        is_last = index == len(details["loc"]) - 1
        if isinstance(here, dict) and isinstance(step, str):
            if not branch_named and not is_last and step == here.get("type"):
                branch_named = True
                continue
            if step in here:
                place.append(places.of(step, here))
                path.append(step)
                here, branch_named = here[step], False
            elif is_last and details["type"] == "missing":
                place.append(len(here))
                path.append(step)
        elif isinstance(here, list) and isinstance(step, int) and step < len(here):
            place.append(step)
            path.append(step)
            here, branch_named = here[step], False
    return _Fault(tuple(path), tuple(place), here, details)


def _another_kind(faults: list[_Fault]) -> RequestError:
    wanted = list(dict.fromkeys(fault.expected for fault in faults if fault.expected))
    param = json_path(faults[0].path)
    subject = f" for '{param}'" if param else " of the body"
    return InvalidType(
        f"Invalid type{subject}: expected {' or '.join(wanted)}, "
        f"but got {kind_of(faults[0].value)} instead.",
        param=param or None,
    )


def _refusal(fault: _Fault, param: str | None) -> RequestError:
    details, context = fault.details, fault.details.get("ctx", {})
    match details["type"]:
        case "missing":
            return MissingParameter(f"Missing required parameter: '{param}'.", param=param)
        case "union_tag_not_found" | "union_tag_invalid":
            return _unknown_branch(fault)
        case "literal_error":
            return _not_among(fault.value, str(context["expected"]), param)
        case "value_error":
            return InvalidValue(f"Invalid '{param}': it {context['error']}.", param=param)
        case "too_short" | "string_too_short" if not fault.value:
            noun = "array" if details["type"] == "too_short" else "string"
            return InvalidValue(
                f"Invalid '{param}': empty {noun}. Expected at least {context['min_length']}.",
                param=param,
            )
        case "too_long":
            most = f"at most {context['max_length']:,} are allowed"
            return InvalidValue(f"Invalid '{param}': it is too long; {most}.", param=param)
        case _:
            message = details["msg"]
            return InvalidValue(
                f"Invalid '{param}': {message[:1].lower()}{message[1:]}.", param=param
            )


def _unknown_branch(fault: _Fault) -> RequestError:
    """The refusal of an object whose `type` is missing or is none of those a union has."""
    context = fault.details.get("ctx", {})
    name = str(context["discriminator"]).strip("'")
    param = json_path((*fault.path, name))
    here = fault.value
    if not isinstance(here, dict) or name not in here:
        return MissingParameter(f"Missing required parameter: '{param}'.", param=param)
    return _not_among(here[name], str(context["expected_tags"]), param)


def _not_among(value: JsonValue, allowed: str, param: str | None) -> RequestError:
    if not isinstance(value, str):
        return InvalidType(
            f"Invalid type for '{param}': expected one of {allowed}, "
            f"but got {kind_of(value)} instead.",
            param=param,
        )
    return InvalidValue(
        f"Invalid value for '{param}': '{value[:100]}'. Supported values are: {allowed}.",
        param=param,
    )


def kind_of(value: JsonValue) -> str:
    """The kind of a JSON value, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal number"
        case str():
            return "a string"
        case list():
            return "an array"
        case dict():
            return "an object"


def refuse_unwritable(body: JsonValue) -> None:
    r"""Nothing, if all of the body can be written down again as it is kept.

    JSON can spell half of a character (`\ud83d` alone), which no store and no model takes, and
    numbers that no float can hold (`1e400`).

    Raises:
        InvalidValue: a string, a key or a number is such.
    """
    if not any(map(_is_unwritable, _strings_and_floats(body))):
        return
    for path, value in _leaves(body):
        if isinstance(value, str) and not value.isascii() and _HALF_CHARACTER.search(value):
            raise _unwritable(
                path, "a string holds an unpaired surrogate (\\ud800 to \\udfff), no character"
            )
        if isinstance(value, float) and math.isinf(value):
            raise _unwritable(path, _BEYOND_FLOAT)


def _unwritable(path: tuple[Step, ...], wrong: str) -> InvalidValue:
    param = json_path(path) or None
    subject = f"'{param}'" if param else "body"
    return InvalidValue(f"Invalid {subject}: {wrong}.", param=param)


def _is_unwritable(value: str | float) -> bool:
    if isinstance(value, str):
        return not value.isascii() and _HALF_CHARACTER.search(value) is not None
    return math.isinf(value)


def _strings_and_floats(body: JsonValue) -> Iterator[str | float]:
    """Every string, key and float, in no order; `_leaves` takes several times as long."""
    pending: list[JsonValue] = [body]
    while pending:
        value = pending.pop()
        if isinstance(value, str | float):
            yield value
        elif isinstance(value, dict):
            yield from value
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)


def _leaves(body: JsonValue) -> Iterator[tuple[tuple[Step, ...], JsonValue]]:
    """Every value that holds no others, and every key (at the path of its object)."""
    pending: list[tuple[tuple[Step, ...], JsonValue]] = [((), body)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict):
            yield from ((path, key) for key in value)
            pending.extend(((*path, key), inner) for key, inner in value.items())
        elif isinstance(value, list):
            pending.extend(((*path, index), inner) for index, inner in enumerate(value))
        else:
            yield path, value
