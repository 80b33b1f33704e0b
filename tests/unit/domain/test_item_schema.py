"""What fits an item schema. All of it is ours, but for JSON Schema itself, which is documented."""

from concurrent.futures import ThreadPoolExecutor

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.item_schema import (
    RowMisfit,
    RowUndecided,
    SchemaInvalid,
    compile_item_schema,
)

TICKET: JsonValue = {
    "title": "Ticket",
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "label": {"type": "string", "enum": ["hardware", "software"]},
        "urgency": {"type": "integer", "minimum": 1, "maximum": 5},
        "owner": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/Tag"}, "uniqueItems": True},
    },
    "required": ["text", "label"],
    "additionalProperties": False,
    "$defs": {"Tag": {"type": "string", "pattern": "^[a-z]+$"}},
}

RECURSIVE: JsonValue = {
    "$ref": "#/$defs/Node",
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {
                "value": {"type": "integer"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
            },
            "required": ["value"],
        }
    },
}


def misfit(schema: JsonValue, item: JsonValue) -> RowMisfit | RowUndecided | None:
    return compile_item_schema(schema).misfit(item)


def fault(schema: JsonValue) -> SchemaInvalid:
    with pytest.raises(SchemaInvalid) as caught:
        compile_item_schema(schema)
    return caught.value


def ticket(**changes: JsonValue) -> dict[str, JsonValue]:
    return {"text": "It is broken.", "label": "hardware", **changes}


def test_an_item_that_fits_has_no_misfit() -> None:
    item = ticket(urgency=3, owner=None, tags=["printer", "paper"])

    assert misfit(TICKET, item) is None


@pytest.mark.parametrize(
    ("item", "pointer", "reason"),
    [
        ({"text": "x"}, "", 'must have the property "label"'),
        (ticket(text=5), "/text", "must be of type string"),
        (ticket(label="other"), "/label", 'must be one of ["hardware", "software"]'),
        (ticket(urgency=9), "/urgency", "must be at most 5"),
        (ticket(urgency=0), "/urgency", "must be at least 1"),
        (ticket(owner=5), "/owner", "must fit an alternative of `anyOf` (string or null)"),
        (ticket(tags=["a", "B"]), "/tags/1", 'must match the pattern "^[a-z]+$"'),
        (ticket(tags=["a", "a"]), "/tags", "must not have the same item twice"),
        (ticket(extra=1), "", 'must not have the property "extra"'),
    ],
)
def test_a_misfit_says_where_and_what_would_fit(item: JsonValue, pointer: str, reason: str) -> None:
    assert misfit(TICKET, item) == RowMisfit(pointer, reason)


@pytest.mark.parametrize(
    ("schema", "item", "reason"),
    [
        ({"const": {"a": 1}}, 5, 'must be {"a": 1}'),
        ({"type": ["string", "null"]}, 5, "must be of type null or string"),
        ({"exclusiveMinimum": 5}, 5, "must be more than 5"),
        ({"exclusiveMaximum": 5}, 5, "must be less than 5"),
        ({"multipleOf": 2}, 5, "must be a multiple of 2"),
        ({"minLength": 2}, "a", "must have at least 2 characters"),
        ({"maxLength": 2}, "abc", "must have at most 2 characters"),
        ({"minItems": 2}, [1], "must have at least 2 items"),
        ({"maxItems": 2}, [1, 2, 3], "must have at most 2 items"),
        ({"minProperties": 1}, {}, "must have at least 1 properties"),
        ({"maxProperties": 0}, {"a": 1}, "must have at most 0 properties"),
        ({"contains": {"type": "string"}}, [1], "must fit what `contains` asks for"),
        ({"not": {"type": "string"}}, "a", "must fit what `not` asks for"),
        ({"unevaluatedProperties": False}, {"a": 1}, 'must not have the property "a"'),
        (
            {"oneOf": [{"minimum": 1}, {"minimum": 2}]},
            3,
            "must fit exactly one alternative of `oneOf`",
        ),
        (False, 5, "must fit what `not` asks for"),
    ],
)
def test_every_keyword_has_a_reason(schema: JsonValue, item: JsonValue, reason: str) -> None:
    assert misfit(schema, item) == RowMisfit("", reason)


def test_what_may_not_be_there_is_named() -> None:
    assert misfit({"properties": {"a": False}}, {"a": 1}) == RowMisfit("/a", "must not be there")


def test_the_misfit_is_the_one_that_comes_first_in_the_text() -> None:
    schema: JsonValue = {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}}

    assert misfit(schema, {"b": 1, "a": 2}) == RowMisfit("/b", "must be of type string")
    assert misfit(schema, {"a": 2, "b": 1}) == RowMisfit("/a", "must be of type string")


def test_an_object_comes_before_what_is_in_it() -> None:
    schema: JsonValue = {"properties": {"a": {"type": "string"}}, "required": ["b"]}

    assert misfit(schema, {"a": 2}) == RowMisfit("", 'must have the property "b"')


def test_in_a_large_item_some_misfit_is_located() -> None:
    row: JsonValue = {"a": "x"}
    item: JsonValue = [*[row] * 5_000, {"a": 5}]
    schema: JsonValue = {"items": {"properties": {"a": {"type": "string"}}}}

    assert misfit(schema, item) == RowMisfit("/5000/a", "must be of type string")


def test_a_pointer_escapes_names() -> None:
    schema: JsonValue = {"additionalProperties": {"type": "string"}}

    assert misfit(schema, {"a/b~c": 1}) == RowMisfit("/a~1b~0c", "must be of type string")


def test_an_item_of_a_list_and_a_property_named_by_digits_look_alike_in_a_pointer() -> None:
    schema: JsonValue = {"properties": {"0": {"items": {"type": "string"}}}}

    assert misfit(schema, {"0": ["a", 1]}) == RowMisfit("/0/1", "must be of type string")


def test_a_very_long_name_is_left_out_of_the_pointer() -> None:
    found = misfit({"additionalProperties": {"type": "string"}}, {"n" * 5_000: 1})

    assert found == RowMisfit("", "must be of type string")


def test_a_reason_repeats_little_of_schema_and_item() -> None:
    enum = misfit({"enum": ["a" * 100_000]}, "b" * 100_000)
    extra = misfit({"additionalProperties": False}, {"n" * 100_000: 1})

    assert isinstance(enum, RowMisfit)
    assert isinstance(extra, RowMisfit)
    assert len(enum.reason) < 250
    assert len(extra.reason) < 250


@pytest.mark.parametrize(
    "schema",
    [
        {},
        True,
        {"title": "Anything", "$defs": {"unused": {"type": "string"}}},
        {"properties": {"a": True}},
        {"$schema": "https://example.com/my-own-dialect"},
        {"x-vendor": {"$ref": "https://example.com"}},
    ],
)
def test_a_schema_that_asks_for_nothing_takes_everything(schema: JsonValue) -> None:
    items: list[JsonValue] = [{}, {"a": 1}, [None], "x", 5]

    for item in items:
        assert misfit(schema, item) is None


def test_a_format_is_no_demand() -> None:
    assert misfit({"type": "string", "format": "email"}, "nobody") is None
    draft7: JsonValue = {"$schema": "http://json-schema.org/draft-07/schema#", "format": "date"}
    assert misfit(draft7, "yesterday") is None


@pytest.mark.parametrize(
    ("uri", "fits"),
    [
        ("http://json-schema.org/draft-04/schema#", False),
        ("http://json-schema.org/draft-06/schema#", False),
        ("http://json-schema.org/draft-07/schema#", False),
        ("https://json-schema.org/draft/2019-09/schema", False),
        ("https://json-schema.org/draft/2020-12/schema", True),
        ("https://example.com/unknown", True),
        (None, True),
    ],
)
def test_the_draft_is_the_one_the_schema_names(uri: str | None, fits: bool) -> None:
    schema: dict[str, JsonValue] = {"additionalItems": False, "prefixItems": [True]}
    if not fits:
        schema = {"items": [{"type": "string"}], "additionalItems": False}
    schema |= {"$schema": uri} if uri else {}

    assert (misfit(schema, ["a", "b"]) is None) == fits


def test_drafts_before_if_say_which_alternatives_there_are() -> None:
    schema: JsonValue = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "anyOf": [{"type": "string"}, {"type": "null"}],
        "allOf": [{}],
    }

    assert misfit(schema, 5) == RowMisfit("", "must fit an alternative of `anyOf` (string or null)")


def test_alternatives_behind_a_reference_are_located() -> None:
    schema: JsonValue = {
        "properties": {"a": {"$ref": "#/$defs/x"}},
        "$defs": {"x": {"oneOf": [{"type": "string"}, {"type": "integer"}]}},
    }

    found = misfit(schema, {"a": []})
    assert found == RowMisfit(
        "/a", "must fit exactly one alternative of `oneOf` (string or integer)"
    )


def test_a_reference_may_lead_into_an_alternative() -> None:
    schema: JsonValue = {
        "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}, "b": {}},
        "required": ["b"],
        "additionalProperties": {"$ref": "#/properties/a/anyOf/0"},
    }

    assert misfit(schema, {"b": 1, "c": 5}) == RowMisfit("/c", "must be of type string")
    assert misfit(schema, {"b": 1, "a": 5}) == RowMisfit("/a", "must fit what `anyOf` asks for")


@pytest.mark.parametrize(
    "reference",
    [
        "http://example.com/schema.json",
        "https://json-schema.org/draft/2020-12/schema",
        "file:///etc/hostname",
        "//example.com/x",
        "other.json",
        "other.json#/a",
        "#/$defs/missing",
        "#/$defs/list/7",
        "#/$defs/list/first",
        "#/title",
        "#nowhere",
        "urn:uuid:0",
        "http://[",
    ],
)
def test_no_reference_leaves_the_schema(reference: str) -> None:
    schema: JsonValue = {
        "title": "T",
        "properties": {"a/b": {"$ref": reference}},
        "$defs": {"list": {"prefixItems": [{}]}},
    }

    problem = fault(schema)

    assert problem.pointer == "/properties/a~1b/$ref"
    assert "is not in the schema" in problem.reason or problem.reason == "it is not a URI"


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#/$defs/x", "$defs": {"x": {"type": "string"}}},
        {"$ref": "#/definitions/a%20b", "definitions": {"a b": {"type": "string"}}},
        {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"type": "string"}}},
        {"$ref": "#x", "$defs": {"x": {"$anchor": "x", "type": "string"}}},
        {"$dynamicRef": "#x", "$defs": {"x": {"$dynamicAnchor": "x", "type": "string"}}},
        {"$id": "urn:a:b", "$ref": "#/$defs/x", "$defs": {"x": {"type": "string"}}},
        {
            "$id": "http://example.com/root.json",
            "$ref": "inner.json#name",
            "$defs": {
                "x": {"$id": "inner.json", "$defs": {"y": {"$anchor": "name", "type": "string"}}}
            },
        },
        {"$ref": "#/components/schemas/0", "components": {"schemas": [{"type": "string"}]}},
        {
            "allOf": [{"$ref": "#/$defs/x"}],
            "$defs": {"x": {"$ref": "#/$defs/y"}, "y": {"type": "string"}},
        },
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "$ref": "#x",
            "definitions": {"x": {"id": "#x", "type": "string"}},
        },
        {
            "$schema": "https://json-schema.org/draft/2019-09/schema",
            "properties": {"next": {"$recursiveRef": "#"}},
            "$recursiveAnchor": True,
            "type": ["string", "object"],
        },
        {"$ref": "#/$defs/x", "$defs": {"x": False, "y": True}, "not": {"$ref": "#/$defs/y"}},
    ],
)
def test_references_within_the_schema_are_followed(schema: JsonValue) -> None:
    fits: JsonValue = {"next": "x"} if "$recursiveAnchor" in str(schema) else "x"
    wrong: JsonValue = {"next": 5} if "$recursiveAnchor" in str(schema) else 5

    compiled = compile_item_schema(schema)

    assert (compiled.misfit(fits) is None) == ("False" not in str(schema))
    assert isinstance(compiled.misfit(wrong), RowMisfit)


def test_a_reference_that_is_no_uri_is_refused() -> None:
    problem = fault({"$id": "http://example.com/", "properties": {"a": {"$ref": "http://["}}})

    assert (problem.pointer, problem.reason) == ("/properties/a/$ref", "it is not a URI")


def test_what_a_reference_leads_to_must_be_a_schema() -> None:
    problem = fault({"$ref": "#/x", "x": {"$ref": 5}})

    assert problem.reason == "it must be of type string"


def test_the_schema_of_a_string_s_content_is_no_demand() -> None:
    schema: JsonValue = {"contentMediaType": "application/json", "contentSchema": {"type": "null"}}

    assert misfit(schema, "{") is None


def test_drafts_6_and_7_ask_for_content_as_announced() -> None:
    schema: JsonValue = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "contentMediaType": "application/json",
    }

    assert misfit(schema, '{"a": 1}') is None
    assert misfit(schema, "{") == RowMisfit("", "must fit what `contentMediaType` asks for")


def test_a_schema_may_refer_to_itself_further_in() -> None:
    tree: JsonValue = {"value": 1, "children": [{"value": 2, "children": []}]}
    bad: JsonValue = {"value": 1, "children": [{"value": 2}, {"value": "x"}]}

    assert misfit(RECURSIVE, tree) is None
    assert misfit(RECURSIVE, bad) == RowMisfit("/children/1/value", "must be of type integer")


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"anyOf": [{"$ref": "#"}, {"type": "string"}]},
        {
            "$ref": "#/$defs/a",
            "$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"$ref": "#/$defs/a"}},
        },
    ],
)
def test_a_schema_may_not_refer_to_itself_for_the_same_value(schema: JsonValue) -> None:
    assert fault(schema).reason == "it refers to itself for the same value"


def test_a_name_stands_for_one_subschema() -> None:
    schema: JsonValue = {"$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}}}

    assert fault(schema).reason == "it bears the name of another subschema"


@pytest.mark.parametrize(
    ("schema", "pointer", "reason"),
    [
        (5, "", "it must be an object"),
        ([], "", "it must be an object"),
        ({"type": "strin"}, "/type", "it is not what JSON Schema allows there"),
        ({"properties": 5}, "/properties", "it must be of type object"),
        (
            {"properties": {"a": {"minLength": -1}}},
            "/properties/a/minLength",
            "it must be at least 0",
        ),
        (
            {"properties": {"a": {"pattern": "("}}},
            "/properties/a/pattern",
            "the pattern '(' is no regular expression, or too large a one",
        ),
        (
            {"patternProperties": {"[/": {}}},
            "/patternProperties/[~1",
            "the pattern '[/' is no regular expression, or too large a one",
        ),
    ],
)
def test_a_schema_that_is_none_is_refused(schema: JsonValue, pointer: str, reason: str) -> None:
    problem = fault(schema)

    assert (problem.pointer, problem.reason) == (pointer, reason)
    assert reason in str(problem)


@pytest.mark.parametrize(
    ("schema", "item", "fits"),
    [
        ({"type": "integer"}, "15.0", True),  # 15.0 is an integer to JSON Schema
        ({"type": "integer"}, "15.5", False),
        ({"type": "number"}, "15.0", True),
        ({"not": {"type": "number"}}, "[15.5]", True),
        ({"items": {"not": {"type": "number"}}}, "[15.5]", False),
        ({"const": 15}, "15.0", True),
        ({"enum": [0.1]}, "0.10", True),
        ({"const": 2**70}, str(2**70), True),
        ({"const": 2**70}, str(2**70 + 1), False),
        ({"maximum": 10**400}, str(10**400), True),
        ({"maximum": 10**400}, str(10**400 + 1), False),
        ({"multipleOf": 10**30}, str(3 * 10**30 + 1), False),
        ({"uniqueItems": True}, f"[{2**70}, {2**70 + 1}]", True),
        ({"uniqueItems": True}, f"[{2**70}, {2**70}]", False),
        ({"uniqueItems": True}, "[1, 1.0]", False),
        ({"type": "integer"}, "1e400", True),
        ({"type": "number", "minimum": 10**399}, "1e400", True),
        ({"const": 10**400}, "1.0E+400", True),
        ({"maximum": 10**400}, "1.1e400", False),
        ({"maximum": 0}, "-1e400", True),
        ({"type": "number"}, "1e-400", True),
        ({"type": "integer"}, "1" * 5_000, True),
        ({"maximum": 10**4_000}, "1" * 5_000, False),
        ({"minimum": 0}, "-" + "1" * 5_000, False),
        ({"type": "number"}, "1e999999999999", True),
    ],
)
def test_numbers_are_exact(schema: JsonValue, item: str, fits: bool) -> None:
    assert (misfit(schema, exact_json.parse(item)) is None) == fits


def test_numbers_of_a_schema_are_exact_too() -> None:
    schema = exact_json.parse('{"minimum": 0.5, "maximum": 1e400, "multipleOf": 0.5}')

    assert misfit(schema, exact_json.parse("1.5")) is None
    assert misfit(schema, exact_json.parse("0.25")) == RowMisfit("", "must be at least 0.5")


def test_an_infinite_float_counts_as_larger_than_all() -> None:
    assert misfit({"type": "number", "minimum": 10**4_000}, float("inf")) is None


@pytest.mark.parametrize(
    ("schema", "item", "fits"),
    [
        ({"type": "string", "maxLength": 1}, "\ud800", True),
        ({"pattern": "^.$"}, "\ud800", True),
        ({"enum": ["a"]}, "\ud800", False),
        ({"const": "\ud800"}, "\ud800", True),
        ({"const": "\ud800"}, "\ud801", False),
        ({"required": ["\ud800"]}, {"\ud800": 1}, True),
        ({"additionalProperties": False}, {"\ud800": 1}, False),
        ({"uniqueItems": True}, ["\ud800", "\ud801"], True),
        ({"properties": {"é": {"const": "ü"}}}, {"é": "\udfff"}, False),
    ],
)
def test_a_lone_surrogate_is_a_character_like_any_other(
    schema: JsonValue, item: JsonValue, fits: bool
) -> None:
    assert (misfit(schema, item) is None) == fits


SCALARS: st.SearchStrategy[JsonValue] = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(["", "a", "ab", "é"])
)
ITEMS: st.SearchStrategy[JsonValue] = st.recursive(
    SCALARS,
    lambda inside: st.one_of(
        st.lists(inside, max_size=3), st.dictionaries(st.sampled_from("abc"), inside, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from("abc")


def larger(inside: st.SearchStrategy[JsonValue]) -> st.SearchStrategy[JsonValue]:
    several = st.lists(inside, min_size=1, max_size=3)
    by_name = st.dictionaries(NAMES, inside, min_size=1, max_size=2)
    return st.fixed_dictionaries(
        {},
        optional={
            "allOf": several,
            "anyOf": several,
            "oneOf": several,
            "not": inside,
            "if": inside,
            "then": inside,
            "else": inside,
            "properties": by_name,
            "patternProperties": st.dictionaries(
                st.sampled_from(["a|b", "^c$"]), inside, max_size=2
            ),
            "additionalProperties": inside,
            "propertyNames": inside,
            "dependentSchemas": by_name,
            "prefixItems": several,
            "items": inside,
            "contains": inside,
            "unevaluatedProperties": inside,
            "unevaluatedItems": inside,
            "required": st.lists(NAMES, unique=True, max_size=2),
            "dependentRequired": st.dictionaries(NAMES, st.just(["a"]), max_size=1),
        },
    )


SCHEMAS: st.SearchStrategy[JsonValue] = st.recursive(
    st.one_of(
        st.sampled_from([True, False, {"$ref": "#/$defs/list"}, {"uniqueItems": True}]),
        st.builds(lambda kind: {"type": kind}, st.sampled_from(["string", "object", "array"])),
        st.builds(lambda least: {"minimum": least}, st.integers(-2, 2)),
        st.builds(lambda value: {"const": value}, SCALARS),
        st.builds(lambda most: {"maxLength": most}, st.integers(0, 2)),
    ),
    larger,
    max_leaves=10,
)


LISTS: JsonValue = {"list": {"type": "array", "items": {"$ref": "#/$defs/list"}}}


@given(SCHEMAS, ITEMS)
def test_an_item_fits_exactly_when_jsonschema_says_so(schema: JsonValue, item: JsonValue) -> None:
    whole: dict[str, JsonValue] = {"allOf": [schema], "$defs": LISTS}

    found = misfit(whole, item)

    assert (found is None) == jsonschema_rs.is_valid(whole, item)


@given(SCHEMAS, ITEMS)
def test_a_misfit_points_into_the_item(schema: JsonValue, item: JsonValue) -> None:
    found = misfit({"allOf": [schema], "$defs": LISTS}, item)

    if found is not None:
        assert isinstance(found, RowMisfit)
        assert_leads_into(item, found.pointer)


def assert_leads_into(value: JsonValue, pointer: str) -> None:
    for step in pointer.split("/")[1:]:
        if isinstance(value, list):
            value = value[int(step)]
        else:
            assert isinstance(value, dict)
            value = value[step]


def test_one_schema_serves_several_threads() -> None:
    schema = compile_item_schema(TICKET)
    items = [ticket(urgency=number % 7) for number in range(500)]

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(schema.misfit, items))

    assert [each is None for each in found] == [1 <= number % 7 <= 5 for number in range(500)]
