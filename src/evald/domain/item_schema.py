"""Whether a row's item fits the eval's item schema."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite

from jsonschema_rs import (
    Draft4Validator,
    Draft6Validator,
    Draft7Validator,
    Draft201909Validator,
    Draft202012Validator,
    ValidationError,
    ValidationErrorKind,
    Validator,
    meta,
)
from pydantic import JsonValue

from evald.domain.exact_json import MAX_INT_DIGITS, ExactFloat
from evald.domain.item_schema_cost import MAX_LEVELS, CheckCost, ItemSize, size_of
from evald.domain.item_schema_graph import (
    Draft,
    Schema,
    SchemaGraph,
    UnusableSchema,
    pointer_step,
    read_graph,
)
from evald.domain.item_schema_misfit import Locator, pointer_to, reason_of, without_alternatives
from evald.domain.item_schema_pattern import (
    FANCY_OPTIONS,
    LINEAR_OPTIONS,
    MAX_SIZE_BYTES,
    Pattern,
    read_pattern,
)
from evald.domain.item_schema_reckoning import LIMIT_NS, MOST_RECKONED, WorstCase

MAX_VALUES = 10_000
"""Values in the largest schema we read; it takes a fifth of a second to compile."""

MAX_CHARACTERS = 1024 * 1024
"""Characters in all strings and names of the largest schema we read."""

MAX_DEPTH = 200
"""Levels of the deepest schema; jsonschema-rs ends at 255."""

MAX_ITEM_DEPTH = 250
"""Levels of the deepest item that is checked, for the same reason."""

MAX_WHOLE = 50_000_000
"""Reckoned nanoseconds times the item's size up to which all its misfits are listed, so that the
first one can be named: each of them may hold a copy of the whole item."""

MAX_VERBOSE_NS = 1_000_000
"""Reckoned time up to which misfits are located without `without_alternatives`."""

MAX_LOCATED = 4_000_000
"""Values and characters of the largest item in which a misfit is located; it is copied for that."""

MAX_PATTERNS = 500
"""Different patterns in one schema, of at most twice `MAX_SIZE_BYTES` together."""

_VALIDATORS: dict[Draft, type[Validator]] = {
    "4": Draft4Validator,
    "6": Draft6Validator,
    "7": Draft7Validator,
    "2019-09": Draft201909Validator,
    "2020-12": Draft202012Validator,
}
_SCHEMA_URI = re.compile(
    r"https?://json-schema\.org/(?:draft/(2019-09|2020-12)|draft-0([467]))/schema#?"
)
_NUMBER = re.compile(r"-?(?P<whole>[0-9]+)(?:\.[0-9]+)?(?:[eE]\+?(?P<exponent>-?[0-9]+))?")
_LARGEST: int = 10**MAX_INT_DIGITS - 1
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_ANNOTATIONS = {
    "$anchor",
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "default",
    "definitions",
    "description",
    "examples",
    "title",
}


class SchemaInvalid(Exception):
    """A schema that cannot be used to check items.

    It is no JSON Schema, refers to what is outside of it, or could take too long.

    Attributes:
        pointer: JSON pointer to the place at fault, "" for the whole schema.
        reason: what is wrong there, as the end of a sentence: "it refers to …".
    """

    def __init__(self, pointer: str, reason: str) -> None:
        super().__init__(f"The schema cannot be used at '{pointer}': {reason}.")
        self.pointer = pointer
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RowMisfit:
    """An item that does not fit.

    `pointer` is the JSON pointer to the part of it that does not; `reason` says what that part
    must be, as the end of a sentence: "must be of type string".
    """

    pointer: str
    reason: str


@dataclass(frozen=True, slots=True)
class RowUndecided:
    """An item of which it could not be found out, within bounds, whether it fits.

    `reason` is a whole sentence. It is the item's error; the row is not a bad one.
    """

    reason: str


_TOO_DEEP = RowUndecided("The item is nested too deeply to be checked against its schema.")
_TOO_LONG = RowUndecided("The item could take too long to be checked against its schema.")
_OUT_OF_STEPS = RowUndecided("A pattern of the item schema ran out of steps for this item.")


class ItemSchema:
    """A compiled item schema. It may be used from several threads at once."""

    def __init__(self, source: "_Source", patterns: dict[str, Pattern]) -> None:
        """Use `compile_item_schema` instead."""
        self._source = source
        self._cost = CheckCost(source.graph, patterns)
        self._is_linear = all(pattern.is_linear for pattern in patterns.values())
        self._validator = self._compiled(source.schema)
        self._locator: Locator | None = None
        self._takes_everything = source.schema.keys() <= _ANNOTATIONS

    def misfit(self, item: JsonValue) -> RowMisfit | RowUndecided | None:
        """Why the item does not fit, or None if it does.

        Numbers are compared exactly: integers of any size up to 4,300 digits; others as the nearest
        float, or, where they are beyond all floats (`1e400`), as the integer they are. A lone
        surrogate counts as one character, different from all others.

        The misfit is the one that comes first in the item's text; in large items it is the one
        found first, and its pointer is "" where it would take too long to say more.
        """
        if self._takes_everything:
            return None
        if self._source.has_surrogates:
            item = _readable(item)
        try:
            return self._answer(item)
        except UnicodeEncodeError:  # a lone surrogate, which a string of Rust cannot hold
            return self._answer(_readable(item))

    def _answer(self, item: JsonValue) -> RowMisfit | RowUndecided | None:
        size = size_of(item)
        values, characters, depth, has_floats, has_large = size
        if depth > MAX_ITEM_DEPTH or depth * self._cost.chain > MAX_LEVELS:
            return _TOO_DEEP
        if has_floats:
            item = _readable(item)
        check_ns = values * self._cost.value_ns + characters * self._cost.character_ns
        if has_large or check_ns > LIMIT_NS:
            return self._careful_answer(item, size)
        if self._validator.is_valid(item):
            return None
        return self._located(item, size, check_ns)

    def _careful_answer(self, item: JsonValue, size: ItemSize) -> RowMisfit | RowUndecided | None:
        if size.values > MOST_RECKONED:
            return _TOO_LONG
        worst = self._cost.worst_case(item, remembering=False)
        locating_ns = worst.check_ns
        if worst.check_ns > LIMIT_NS and self._cost.remembers:
            worst = self._cost.worst_case(item, remembering=True)
        if worst.check_ns > LIMIT_NS:
            return _TOO_LONG
        undecided = _search_first(worst)
        if undecided is not None:
            return undecided
        if self._validator.is_valid(item):
            return None
        return self._located(item, size, locating_ns)

    def _located(self, item: JsonValue, size: ItemSize, check_ns: int) -> RowMisfit | RowUndecided:
        if self._locator is None:
            self._locator = self._new_locator()
        limit_ns = LIMIT_NS if self._locator.is_terse else MAX_VERBOSE_NS
        if check_ns > limit_ns or size.values + size.characters > MAX_LOCATED:
            if self._is_linear:
                return RowMisfit("", "must fit the item schema (saying where would take too long)")
            return RowUndecided("The item may not fit its schema; to say more would take too long.")
        whole = check_ns * (size.values + size.characters // 50) <= MAX_WHOLE
        misfit = self._locator.misfit(item, whole=whole)
        if misfit is None:
            return _OUT_OF_STEPS
        return RowMisfit(misfit.pointer, misfit.reason)

    def _new_locator(self) -> Locator:
        source = self._source
        terse = without_alternatives(source.schema, source.graph.subschemas, source.draft)
        if terse is None:
            return Locator(self._validator, source.schema, is_terse=False)
        return Locator(self._compiled(terse), terse, is_terse=True)

    def _compiled(self, schema: Schema) -> Validator:
        return _VALIDATORS[self._source.draft](
            schema,
            offline=True,  # no reference is looked up outside of the schema
            validate_formats=False,  # `format` says what a string is meant to be
            pattern_options=LINEAR_OPTIONS if self._is_linear else FANCY_OPTIONS,
        )


def _search_first(worst: WorstCase) -> RowUndecided | None:
    """Try every search that may take long, shortly at first; why the item cannot be checked."""
    tried_ns, check_ns, checks = 0, worst.check_ns, 1
    for (pattern, text), times in worst.searches.items():
        for trial in pattern.trials:
            search_ns = trial.worst_ns(len(text))
            tried_ns += search_ns
            if tried_ns + checks * (check_ns + times * search_ns) > LIMIT_NS:
                return _TOO_LONG
            if trial.has_answer(text):
                check_ns += times * search_ns
                break
        else:
            # jsonschema-rs checks the item with both answers to each search that has none, and so
            # is right whichever it is; but that means up to 64 checks.
            checks = 65
    return None if tried_ns + checks * check_ns <= LIMIT_NS else _OUT_OF_STEPS


@dataclass(frozen=True, slots=True)
class _Source:
    """A schema as it is compiled: its text in what Rust can read, its draft and its references."""

    schema: Schema
    draft: Draft
    graph: SchemaGraph
    has_surrogates: bool  # so that rows must be made readable, too, to be compared with it


def compile_item_schema(schema: JsonValue) -> ItemSchema:
    """The schema, ready to check items.

    It is read as the draft its `$schema` names, from 4 on; without one, or with any other, as
    2020-12. `format` is not asserted.

    Raises:
        SchemaInvalid: it is not a JSON Schema, refers to anything outside of it, has a pattern
            that is none, or is so large or so intertwined that checks could take long.
    """
    try:
        source = _read(schema)
        return ItemSchema(source, _patterns(source.graph))
    except UnusableSchema as problem:
        raise SchemaInvalid(problem.pointer, problem.reason) from None
    except ValidationError as error:
        raise SchemaInvalid(pointer_to(error.instance_path), _schema_reason(error)) from None


def _schema_reason(error: ValidationError) -> str:
    if isinstance(error.kind, ValidationErrorKind.AnyOf | ValidationErrorKind.Referencing):
        return "it is not what JSON Schema allows there"
    return f"it {reason_of(error)}"


def _read(given: JsonValue) -> _Source:
    if isinstance(given, bool):
        given = {} if given else {"not": {}}
    if not isinstance(given, dict):
        raise UnusableSchema("", "it must be an object")
    size = size_of(given)
    if size.values > MAX_VALUES or size.characters > MAX_CHARACTERS:
        raise UnusableSchema("", f"it must not have more than {MAX_VALUES:,} values or 1 MiB")
    if size.depth > MAX_DEPTH:
        raise UnusableSchema("", f"it must not be nested deeper than {MAX_DEPTH} levels")
    draft = _draft_of(given)
    if draft is None:
        given = {name: each for name, each in given.items() if name != "$schema"}
        draft = "2020-12"
    readable = _readable(given)
    schema = readable if isinstance(readable, dict) else {}
    meta.validate(schema)
    return _Source(schema, draft, read_graph(schema, draft), has_surrogates=schema != given)


def _draft_of(schema: Schema) -> Draft | None:
    found = _SCHEMA_URI.fullmatch(str(schema.get("$schema", "")))
    name = (found[1] or found[2]) if found else None
    return next((draft for draft in _VALIDATORS if draft == name), None)


def _patterns(graph: SchemaGraph) -> dict[str, Pattern]:
    patterns: dict[str, Pattern] = {}
    size_bytes = 0
    for text, pointer in _pattern_places(graph):
        if text in patterns:
            continue
        pattern = patterns[text] = _read_pattern(text, pointer)
        size_bytes += pattern.size_bytes
        if len(patterns) > MAX_PATTERNS or size_bytes > 2 * MAX_SIZE_BYTES:
            raise UnusableSchema(pointer, "with this pattern, there are too many or too large ones")
    return patterns


def _pattern_places(graph: SchemaGraph) -> Iterator[tuple[str, str]]:
    for subschema in graph.subschemas:
        text = subschema.schema.get("pattern")
        if isinstance(text, str):
            yield text, f"{subschema.pointer}/pattern"
        named = subschema.schema.get("patternProperties")
        for name in named if isinstance(named, dict) else ():
            yield name, f"{subschema.pointer}/patternProperties/{pointer_step(name)}"


def _read_pattern(text: str, pointer: str) -> Pattern:
    pattern = read_pattern(text)
    if pattern is None:
        reason = f"the pattern '{text[:200]}' is no regular expression, or too large a one"
        raise UnusableSchema(pointer, reason)
    return pattern


def _readable(value: JsonValue) -> JsonValue:
    """The value in types jsonschema-rs knows, and without lone surrogates."""
    if isinstance(value, str):
        return value if value.isascii() else _LONE_SURROGATE.sub(_stand_in, value)
    if isinstance(value, dict):
        return {str(_readable(name)): _readable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_readable(each) for each in value]
    if isinstance(value, float):
        return float(value) if isfinite(value) else _beyond_floats(value)
    return value


def _stand_in(surrogate: re.Match[str]) -> str:
    """A character for private use in place of a lone surrogate, another for each."""
    return chr(0xF0000 + ord(surrogate[0]))


def _beyond_floats(number: float) -> int:
    """The integer a number is that no float comes near; 4,300 nines stand for any larger one."""
    text = number.text if isinstance(number, ExactFloat) else ""
    parts = _NUMBER.fullmatch(text)
    exponent = parts["exponent"] or "0" if parts else "9" * 9
    digits = len(parts["whole"]) if parts else 0
    if len(exponent) > 8 or digits + int(exponent) > MAX_INT_DIGITS:
        return -_LARGEST if number < 0 else _LARGEST
    return int(Decimal(text))
