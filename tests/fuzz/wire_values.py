"""JSON that a wire type takes, or nearly: made of the fields that the type says it has."""

import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue

from evald.wire.base import WireModel
from tests.fuzz.odd import FLOATS, INTEGERS, JSON, TEXT, mutated

Values = st.SearchStrategy[Any]

FILE = "@@file@@"
"""Stands where the id of a file might, until the request is sent."""

_OBJECTS: Values = st.dictionaries(TEXT, JSON, max_size=3)
_ROWS: Values = st.lists(
    st.fixed_dictionaries(
        {"item": st.fixed_dictionaries({"prompt": TEXT, "expected": TEXT}) | _OBJECTS},
        optional={"sample": st.fixed_dictionaries({"output_text": TEXT}) | _OBJECTS},
    )
    | JSON,
    max_size=3,
)
_SCHEMAS: Values = (
    st.sampled_from(
        [
            {"type": "object"},
            {"type": "object", "properties": {"prompt": {"type": "string"}}},
            {"$ref": "#"},
            {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
            {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
            {"patternProperties": {"^(a+)+$": True}},
            {"properties": {"prompt": {"pattern": "(a|a)*$", "maxLength": 5}}},
            {"properties": {"prompt": {"const": 10**400, "multipleOf": 1e-300}}},
        ]
    )
    | _OBJECTS
)
_OF_FIELD: Mapping[str, Values] = {
    "item_schema": _SCHEMAS,
    "content": _ROWS,
    "source": st.sampled_from(["def grade(sample, item): return 1.0", "import os", "grade = 1"])
    | TEXT,
    "model": st.sampled_from(["mock-model", "other/model"]) | TEXT,
    "model_sample": st.sampled_from(['{"a": [1]}', "[" * 300, "yes"]) | TEXT,
    "calculate_output": st.sampled_from(["a", "a + b", "1/0", "9**9**9**9", "(" * 99, "a b"]),
    "id": st.just(FILE) | TEXT,
    "name": st.sampled_from(["a", "b"]) | TEXT,
    "graders": st.just({}),
}
"""What is tried in fields that take any text or object, but do something with it."""


def wire_values(model: type[WireModel]) -> Values:
    """Bodies of this type, half of them with something wrong in them."""

    @st.composite
    def bodies(draw: st.DrawFn) -> JsonValue:
        body: JsonValue = draw(_model(model))
        for _ in range(draw(st.sampled_from([0, 0, 1, 2]))):
            body = mutated(draw, body)
        return body

    return bodies()


_MODELS: dict[type[BaseModel], Values] = {}


def _model(model: type[BaseModel]) -> Values:
    if model not in _MODELS:
        required: dict[str, Values] = {}
        optional: dict[str, Values] = {}
        for name, field in model.model_fields.items():
            into = required if field.is_required() or name == "type" else optional
            into[name] = _field(name, field.annotation)
        _MODELS[model] = st.fixed_dictionaries(required, optional=optional)
    return _MODELS[model]


def _field(name: str, annotation: Any) -> Values:
    if name in {"source", "content", "id", "graders"} and annotation is not str:
        rows = name == "content" and get_args(annotation) == (JsonValue,)
        return _ROWS if rows else _of(annotation)
    return _OF_FIELD.get(name, _of(annotation))


def _of(annotation: Any) -> Values:
    """Values of any annotation that occurs in `evald.wire`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation is JsonValue:
        return JSON
    if origin is Annotated:
        return _of(inner[0])
    if origin in (Union, types.UnionType):
        return st.one_of([_of(each) for each in inner])
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is list:
        return st.lists(_of(inner[0]), max_size=2)
    if origin is dict:
        return st.dictionaries(TEXT, _of(inner[1]), max_size=2)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return st.deferred(lambda: _model(annotation))
    return _PLAIN[annotation]


_PLAIN: Mapping[Any, Values] = {
    str: TEXT,
    int: INTEGERS,
    float: FLOATS | INTEGERS,
    bool: st.booleans(),
    type(None): st.none(),
    object: JSON,
}
