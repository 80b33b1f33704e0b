"""The schemas of the OpenAPI document: what pydantic knows of the wire types, and the rest."""

from collections.abc import Sequence

from pydantic import JsonValue
from pydantic.json_schema import models_json_schema

from evald.http.operation import Operation
from evald.wire.base import (
    MAX_METADATA_KEY,
    MAX_METADATA_PAIRS,
    MAX_METADATA_VALUE,
    WireModel,
)
from evald.wire.errors import ErrorResponse
from evald.wire.files import MAX_EXPIRY_S, MIN_EXPIRY_S

JsonObject = dict[str, JsonValue]


def component_schemas(operations: Sequence[Operation]) -> JsonObject:
    """The schema of every wire type that an operation takes or gives, by its name."""
    given = {operation.gives for operation in operations if operation.gives}
    taken = {operation.takes for operation in operations if operation.takes}
    models: list[type[WireModel]] = sorted(
        {*given, *taken, ErrorResponse}, key=lambda model: model.__name__
    )
    _, generated = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/components/schemas/{model}"
    )
    schemas: dict[str, JsonObject] = generated["$defs"]
    for schema in schemas.values():
        _shorten_description(schema)
        _limit_metadata(schema)
    for model in given:
        schemas[model.__name__]["required"] = list(_properties(schemas[model.__name__]))
    _correct(schemas)
    return dict(schemas)


def ref(name: str) -> JsonObject:
    """A reference to the schema of this name."""
    return {"$ref": f"#/components/schemas/{name}"}


def page_schema(name: str) -> JsonObject:
    """The schema of a page of such objects."""
    id_or_null: JsonValue = {"type": ["string", "null"]}
    return _closed_object(
        {
            "object": {"const": "list"},
            "data": {"type": "array", "items": ref(name)},
            "first_id": id_or_null,
            "last_id": id_or_null,
            "has_more": {"type": "boolean"},
        }
    )


def models_schema() -> JsonObject:
    """The schema of the list of models, which has no pages."""
    return _closed_object(
        {"object": {"const": "list"}, "data": {"type": "array", "items": ref("Model")}}
    )


def usage_schema() -> JsonObject:
    """The schema of the list of usage, whose entries have no ids."""
    entries: JsonValue = {"type": "array", "items": ref("Usage")}
    more: JsonValue = {"type": "boolean"}
    return _closed_object({"object": {"const": "list"}, "data": entries, "has_more": more})


def status_schema(status: str) -> JsonObject:
    """The schema of what the two health operations say."""
    return _closed_object({"status": {"const": status}})


def upload_schema(purposes: Sequence[str]) -> JsonObject:
    """The schema of the form that uploads a file."""
    seconds: JsonValue = {"type": "integer", "minimum": MIN_EXPIRY_S, "maximum": MAX_EXPIRY_S}
    return {
        "type": "object",
        "properties": {
            "file": {"type": "string", "contentMediaType": "application/octet-stream"},
            "purpose": {"enum": list(purposes)},
            "expires_after[anchor]": {"const": "created_at"},
            "expires_after[seconds]": seconds,
        },
        "required": ["file", "purpose"],
    }


def _closed_object(properties: JsonObject) -> JsonObject:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _properties(schema: JsonObject) -> JsonObject:
    properties = schema.get("properties")
    return properties if isinstance(properties, dict) else {}


def _shorten_description(schema: JsonObject) -> None:
    """Only the first sentence of a docstring is for those outside."""
    schema["description"] = str(schema.get("description", "")).partition("\n\n")[0]


def _limit_metadata(schema: JsonObject) -> None:
    """Says what the validator of `Metadata` checks, which pydantic cannot see into."""
    properties = _properties(schema)
    told = properties.get("metadata")
    if not isinstance(told, dict) or "$ref" in told:  # of a grader's run, it is something else
        return
    properties["metadata"] = {
        "type": ["object", "null"],
        "maxProperties": MAX_METADATA_PAIRS,
        "propertyNames": {"maxLength": MAX_METADATA_KEY},
        "additionalProperties": {"type": "string", "maxLength": MAX_METADATA_VALUE},
    }


def _correct(schemas: dict[str, JsonObject]) -> None:
    """Says of some types how they stand on the wire, where that is not how they are kept."""
    criterion = _properties(schemas["TestingCriterion"])
    ids: JsonObject = {
        "id": {"type": "string"},
        "grdr_id": {"type": ["string", "null"]},
        "inactive_at": {"type": ["integer", "null"]},
    }
    schemas["TestingCriterion"] = {
        "description": schemas["TestingCriterion"]["description"],
        "allOf": [_closed_object(ids), criterion["grader"]],
    }
    an_eval = _properties(schemas["Eval"])
    schemas["Eval"] = _closed_object({"object": {"const": "eval"}, **an_eval})
    row: JsonObject = {"item": {"type": "object"}, "sample": {"type": "object"}}
    _properties(schemas["FileContentSource"])["content"] = {
        "type": "array",
        "items": {"type": "object", "properties": row, "required": ["item"]},
    }
    content = _properties(schemas["EvalItem"])["content"]
    text: JsonValue = {"type": "string"}
    _properties(schemas["EvalItem"])["content"] = {
        "anyOf": [
            text,
            {"type": "array", "items": {"anyOf": [text, _part(content)]}},
            _part(content),
        ]
    }
    _properties(schemas["OutputItem"])["_datasource_item_content_hash"] = text


def _part(content: JsonValue) -> JsonValue:
    """The schema of one content part, out of that of one part or a list of them."""
    branches = content.get("anyOf") if isinstance(content, dict) else None
    return branches[0] if isinstance(branches, list) else content
