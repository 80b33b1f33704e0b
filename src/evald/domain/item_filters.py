"""Filters that only an item's text can answer: words, regular expressions, fields of the item."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from jsonschema_rs import Draft202012Validator
from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.errors import InvalidValue
from evald.domain.exact_json import parse_kept
from evald.domain.item_schema_pattern import LINEAR_OPTIONS, MAX_CHARACTERS, read_pattern
from evald.domain.template import Placeholder, UnknownVariable, Variables, parse_path, resolve

Operator = Literal["=", "!=", "<", ">", "has"]

MOST_CHARACTERS = 1_000
"""Length of the longest text or condition that is read."""

MOST_CHARACTER_NS = 10_000
SEARCH_NS = 1_000_000_000
"""What an expression may cost a character at most, and what one text: longer ones are left out."""

_CONDITION = re.compile(
    r"""\s*(?P<path>item(?:\.?\[[^\]]*\]|\.[^.\[\]{}=!<>\s]+)+)
        \s*(?P<operator>=|!=|<|>|has(?![\w.\[]))\s*(?P<value>.*?)\s*""",
    re.VERBOSE | re.DOTALL,
)
_FORM = (
    "a condition is a field, one of =, !=, <, > and has, and a value, such as "
    "'item.category = \"network\"'"
)


@dataclass(frozen=True, slots=True)
class FieldCondition:
    """What a field of the item must be to the value. `=` and `!=` know types: 1 is not "1".

    `<` and `>` compare numbers, or texts by code point. `has` asks whether a list has the value, a
    text has it in it, or an object has it as a key. An item without the field is `!=` any value,
    and nothing else.
    """

    field: Placeholder
    operator: Operator
    value: JsonValue


@dataclass(frozen=True, slots=True)
class TextFilter:
    """What an item's text must be: all that is given applies.

    `text` stands, in whatever case, in one of the texts of the item, of what the model was told or
    of what it answered; so does what `regex` describes. All `conditions` hold for the item.
    """

    text: str = ""
    regex: str = ""
    conditions: tuple[FieldCondition, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether every item has such a text."""
        return not (self.text or self.regex or self.conditions)


def read_field(text: str, *, param: str) -> Placeholder:
    """The field of an item that `item.a.b` names.

    Raises:
        InvalidValue: it names none.
    """
    steps = parse_path(text) if len(text) <= MOST_CHARACTERS else None
    if steps is None or steps[0] != "item" or len(steps) < 2:
        message = f"'{text[:100]}' is no field of an item; one is 'item.category', for example."
        raise InvalidValue(message, param=param)
    return Placeholder(text.strip(), steps)


def read_condition(text: str, *, param: str) -> FieldCondition:
    """The condition of `item.a.b = "value"`.

    What is no JSON is a text as it stands, without the spaces around it.

    Raises:
        InvalidValue: it is none.
    """
    found = _CONDITION.fullmatch(text) if len(text) <= MOST_CHARACTERS else None
    if found is None:
        raise InvalidValue(f"'{text[:100]}' is no condition: {_FORM}.", param=param)
    operator: Operator = found["operator"]  # type: ignore[assignment]  # as the expression has them
    return FieldCondition(read_field(found["path"], param=param), operator, _value(found["value"]))


def _value(text: str) -> JsonValue:
    try:
        return exact_json.parse(text)
    except ValueError:
        return text


def read_text(text: str, *, param: str) -> str:
    """The text, which is to be found in items.

    Raises:
        InvalidValue: it is too long.
    """
    if len(text) > MOST_CHARACTERS:
        message = f"'{param}' has {len(text):,} characters; at most {MOST_CHARACTERS:,} are read."
        raise InvalidValue(message, param=param)
    return text


def read_regex(text: str, *, param: str) -> str:
    """The regular expression, which takes time in proportion to the text, and no more.

    Raises:
        InvalidValue: it is none, or none that is searched with, and why.
    """
    pattern = read_pattern(text)
    if pattern is None:
        reason = f"is no regular expression, or too large: {MAX_CHARACTERS:,} characters are read"
    elif not pattern.is_linear:
        reason = (
            "looks around or back at what it found, and may so take for ever on a single text; "
            "without (?=…), (?!…), (?<=…), (?<!…) and \\1 it is searched with"
        )
    elif pattern.character_ns > MOST_CHARACTER_NS:
        reason = "would take too long on each text; smaller numbers in braces make it quicker"
    else:
        return text
    raise InvalidValue(f"'{text[:100]}' {reason}.", param=param)


class ItemMatcher:
    """A text filter made ready to be held against many items; for one thread at a time or many."""

    def __init__(self, wanted: TextFilter) -> None:
        """Makes the filter, read by the functions here, ready."""
        self._text = wanted.text.casefold()
        # As it stands in JSON, which has no more ways than one to write it.
        self._written = exact_json.dump(wanted.text)[1:-1].casefold()
        self._conditions = wanted.conditions
        self._expression = _expression(wanted.regex) if wanted.regex else None
        pattern = read_pattern(wanted.regex)
        character_ns = 1 if pattern is None else max(1, pattern.character_ns)
        self._longest = SEARCH_NS // character_ns

    def matches(self, item_json: str, sample_json: str) -> bool | None:
        """Whether the item matches; None where a text is too long to look into with the `regex`."""
        if self._text and not self._may_have_text(item_json, sample_json):
            return False
        item = parse_kept(item_json)
        if not all(holds(each, item) for each in self._conditions):
            return False
        if not self._text and self._expression is None:
            return True
        texts = list(_all_texts(item, parse_kept(sample_json)))
        if self._text and not any(self._text in each.casefold() for each in texts):
            return False
        return True if self._expression is None else self._finds(self._expression, texts)

    def _may_have_text(self, item_json: str, sample_json: str) -> bool:
        return self._written in item_json.casefold() or self._written in sample_json.casefold()

    def _finds(self, expression: Draft202012Validator, texts: Sequence[str]) -> bool | None:
        short = [each for each in texts if len(each) <= self._longest]
        if any(expression.is_valid(each) for each in short):
            return True
        return False if len(short) == len(texts) else None


def _expression(regex: str) -> Draft202012Validator:
    return Draft202012Validator({"pattern": regex}, offline=True, pattern_options=LINEAR_OPTIONS)


def _all_texts(item: JsonValue, sample: JsonValue) -> Iterator[str]:
    """The texts of an item, of what its model was told, and of what it answered."""
    yield from _texts(item)
    if isinstance(sample, dict):
        for messages in (sample.get("input"), sample.get("output")):
            for each in messages if isinstance(messages, list) else []:
                if isinstance(each, dict):
                    # Not who says it: every item would have a 'user' in it.
                    yield from _texts({key: each[key] for key in each if key != "role"})


def _texts(value: JsonValue) -> Iterator[str]:
    """Each text in the value; keys are none. Without calling itself: what is kept may be deep."""
    left: list[JsonValue] = [value]
    while left:
        inner = left.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, dict):
            left += inner.values()
        elif isinstance(inner, list):
            left += inner


def field_of(item: JsonValue, field: Placeholder) -> tuple[JsonValue, ...]:
    """The value of the item's field, alone; empty where the item has no such field."""
    try:
        return (resolve(field, Variables(item)),)
    except UnknownVariable:
        return ()


def holds(condition: FieldCondition, item: JsonValue) -> bool:
    """Whether the condition holds for the item."""
    found = field_of(item, condition.field)
    if not found:
        return condition.operator == "!="
    value, wanted = found[0], condition.value
    match condition.operator:
        case "=":
            return _is_same(value, wanted)
        case "!=":
            return not _is_same(value, wanted)
        case "<":
            return _is_below(value, wanted)
        case ">":
            return _is_below(wanted, value)
        case "has":
            return _has(value, wanted)
        case _:
            assert_never(condition.operator)


def _is_same(one: JsonValue, other: JsonValue) -> bool:
    if _is_number(one) and _is_number(other):
        return one == other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(_is_same(one[key], other[key]) for key in one)
    # True would be 1, and False 0.
    return type(one) is type(other) and one == other


def _is_below(one: JsonValue, other: JsonValue) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return one < other
    if not (_is_number(one) and _is_number(other)):
        return False
    return one < other  # type: ignore[operator]  # both are numbers


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has(value: JsonValue, wanted: JsonValue) -> bool:
    if isinstance(value, list):
        return any(_is_same(each, wanted) for each in value)
    return isinstance(value, str | dict) and isinstance(wanted, str) and wanted in value
