"""Locating a misfit, apart from the verdict. Ours."""

import pytest
from jsonschema_rs import Draft202012Validator
from pydantic import JsonValue

from evald.domain.item_schema_graph import read_graph
from evald.domain.item_schema_misfit import Locator, Misfit, without_alternatives

SCHEMA: dict[str, JsonValue] = {"items": {"anyOf": [{"minimum": 2}, {"type": "string"}]}}


@pytest.mark.parametrize("whole", [True, False])
def test_in_an_item_that_fits_there_is_nothing_to_locate(whole: bool) -> None:
    locator = Locator(Draft202012Validator(SCHEMA), SCHEMA, is_terse=False)

    assert locator.misfit(["a"], whole=whole) is None
    assert locator.misfit(["a", 1], whole=whole) == Misfit("/1", "must fit what `anyOf` asks for")


def test_alternatives_are_wrapped_so_that_they_fail_as_one() -> None:
    terse = without_alternatives(SCHEMA, read_graph(SCHEMA, "2020-12").subschemas, "2020-12")

    wrapped: JsonValue = {"if": {"anyOf": [{"minimum": 2}, {"type": "string"}]}, "else": False}
    assert terse == {"items": {"allOf": [wrapped]}}


def test_data_that_looks_like_alternatives_is_left_alone() -> None:
    schema: dict[str, JsonValue] = {"const": {"anyOf": [1]}, "default": {"oneOf": []}}

    assert without_alternatives(schema, read_graph(schema, "7").subschemas, "7") == schema
