"""Where an item does not fit its schema, and what would fit there."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from jsonschema_rs import ValidationError, ValidationErrorKind, Validator
from pydantic import JsonValue

from evald.domain.item_schema_graph import Draft, Schema, Subschema, pointer_step, value_at
from evald.domain.item_schema_pattern import UNDECIDED

MOST_SHOWN = 200
"""Characters of a schema or an item that a reason repeats at most."""

MAX_POINTER = 1_000
"""Characters of the longest pointer; beyond, it is that of an object further out."""

_Step = str | int


@dataclass(frozen=True, slots=True)
class Misfit:
    """A JSON pointer into the item, and what its target must be: "must be of type string"."""

    pointer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Locator:
    """A validator and the schema it was made of."""

    validator: Validator
    schema: Schema
    is_terse: bool  # an item that fits no alternative is a single error

    def misfit(self, item: JsonValue, *, whole: bool) -> Misfit | None:
        """A place where an item does not fit, or None if a pattern ran out of steps there.

        Args:
            whole: go through all of the item for the misfit that comes first in it. Otherwise it
                is the one found first.
        """
        errors = list(self.validator.iter_errors(item)) if whole else self._any_error(item)
        if not errors or isinstance(errors[0].kind, UNDECIDED):
            return None
        first = min(errors, key=lambda error: _place(error, item)) if whole else errors[0]
        return Misfit(pointer_to(first.instance_path), self._reason(first))

    def _any_error(self, item: JsonValue) -> list[ValidationError]:
        try:
            self.validator.validate(item)
        except ValidationError as error:
            return [error]
        return []

    def _reason(self, error: ValidationError) -> str:
        above = value_at(self.schema, pointer_to(error.schema_path[:-1]))
        keyword, alternatives = _alternatives_in(above)
        if error.schema_path and error.schema_path[-1] in {"else", "not"} and keyword:
            count = "an" if keyword == "anyOf" else "exactly one"
            return f"must fit {count} alternative of `{keyword}`{_types(alternatives)}"
        return reason_of(error)


def without_alternatives(
    schema: Schema, subschemas: list[Subschema], draft: Draft
) -> Schema | None:
    """The same schema in words that make an error in `anyOf` and `oneOf` a single one.

    jsonschema-rs lists, for an item that fits no alternative, every error of each of them, with
    all the lists that are inside of these: more than there is time for. So `{"anyOf": […]}`
    becomes `{"if": {"anyOf": […]}, "else": false}`, in the drafts before `if` a double `not`.

    Returns:
        None where a reference leads into an alternative: it would not find it any more.
    """
    moved = [each.schema for each in subschemas if _alternatives_in_any(each.schema)]
    for subschema in subschemas:
        reference = str(subschema.schema.get("$ref", ""))
        if "/anyOf/" in reference or "/oneOf/" in reference:
            return None
    rewritten = _rewritten(schema, {id(each) for each in moved}, has_if=draft not in {"4", "6"})
    return rewritten if isinstance(rewritten, dict) else None


def _rewritten(value: JsonValue, places: set[int], *, has_if: bool) -> JsonValue:
    if isinstance(value, list):
        return [_rewritten(each, places, has_if=has_if) for each in value]
    if not isinstance(value, dict):
        return value
    new = {name: _rewritten(each, places, has_if=has_if) for name, each in value.items()}
    if id(value) in places:
        before = new.get("allOf")
        all_of = list(before) if isinstance(before, list) else []
        for keyword in _ALTERNATIVES & new.keys():
            one: JsonValue = {keyword: new.pop(keyword)}
            all_of.append({"if": one, "else": False} if has_if else {"not": {"not": one}})
        new["allOf"] = all_of
    return new


_ALTERNATIVES = {"anyOf", "oneOf"}


def _alternatives_in_any(schema: Schema) -> bool:
    return not _ALTERNATIVES.isdisjoint(schema)


def _alternatives_in(wrapper: JsonValue) -> tuple[str, list[JsonValue]]:
    """What `without_alternatives` has wrapped, or ("", [])."""
    inside = wrapper.get("if", wrapper.get("not")) if isinstance(wrapper, dict) else None
    if isinstance(inside, dict) and set(inside) == {"not"}:
        inside = inside["not"]
    if isinstance(inside, dict) and len(inside) == 1:
        keyword, alternatives = next(iter(inside.items()))
        if keyword in _ALTERNATIVES and isinstance(alternatives, list):
            return keyword, alternatives
    return "", []


def _types(alternatives: Iterable[JsonValue]) -> str:
    types = [each.get("type") if isinstance(each, dict) else None for each in alternatives]
    names = [each for each in types if isinstance(each, str)]
    return f" ({_joined(names)})" if len(names) == len(types) else ""


def _joined(names: list[str]) -> str:
    return " or ".join(dict.fromkeys(names))


def pointer_to(path: list[_Step]) -> str:
    """The JSON pointer along a path, cut before a step that makes it too long."""
    pointer = ""
    for step in path:
        longer = f"{pointer}/{pointer_step(str(step))}"
        if len(longer) > MAX_POINTER:
            break
        pointer = longer
    return pointer


def _place(error: ValidationError, item: JsonValue) -> list[int]:
    """Where in the item's text the error is: before all that is further in, or behind it."""
    place = []
    for step in error.instance_path:
        place.append(list(item).index(str(step)) if isinstance(item, dict) else int(step))
        item = value_at(item, pointer_to([step]))
    return place


def reason_of(error: ValidationError) -> str:
    """What the place of an error must be, as the end of a sentence."""
    kind = error.kind
    match kind:
        case ValidationErrorKind.Type():
            return f"must be of type {_joined(kind.types)}"
        case ValidationErrorKind.Required():
            return f"must have the property {_shown(kind.property)}"
        case ValidationErrorKind.AdditionalProperties():
            return f"must not have the property {_shown(kind.unexpected[0])}"
        case ValidationErrorKind.UnevaluatedProperties():
            return f"must not have the property {_shown(kind.unexpected[0])}"
        case ValidationErrorKind.Enum():
            return f"must be one of {_shown(kind.options)}"
        case ValidationErrorKind.Constant():
            return f"must be {_shown(kind.expected_value)}"
        case ValidationErrorKind.Pattern():
            return f"must match the pattern {_shown(kind.pattern)}"
        case ValidationErrorKind.FalseSchema():
            return "must not be there"
        case ValidationErrorKind.UniqueItems():
            return "must not have the same item twice"
        case _:
            return _reason_of_limit(kind)


def _reason_of_limit(kind: ValidationErrorKind) -> str:
    match kind:
        case ValidationErrorKind.Minimum():
            return f"must be at least {_shown(kind.limit)}"
        case ValidationErrorKind.Maximum():
            return f"must be at most {_shown(kind.limit)}"
        case ValidationErrorKind.ExclusiveMinimum():
            return f"must be more than {_shown(kind.limit)}"
        case ValidationErrorKind.ExclusiveMaximum():
            return f"must be less than {_shown(kind.limit)}"
        case ValidationErrorKind.MultipleOf():
            return f"must be a multiple of {_shown(kind.multiple_of)}"
        case _:
            return _reason_of_size(kind)


def _reason_of_size(kind: ValidationErrorKind) -> str:
    match kind:
        case ValidationErrorKind.MinLength():
            return f"must have at least {kind.limit} characters"
        case ValidationErrorKind.MaxLength():
            return f"must have at most {kind.limit} characters"
        case ValidationErrorKind.MinItems():
            return f"must have at least {kind.limit} items"
        case ValidationErrorKind.MaxItems() | ValidationErrorKind.AdditionalItems():
            return f"must have at most {kind.limit} items"
        case ValidationErrorKind.MinProperties():
            return f"must have at least {kind.limit} properties"
        case ValidationErrorKind.MaxProperties():
            return f"must have at most {kind.limit} properties"
        case _:
            return f"must fit what `{kind.name}` asks for"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
