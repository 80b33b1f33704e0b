"""The OpenAPI 3.1 document of this API, made of its operations and the wire types."""

import re
from collections.abc import Sequence
from typing import get_args

import orjson
from pydantic import JsonValue

from evald.http.openapi_schemas import (
    JsonObject,
    component_schemas,
    models_schema,
    page_schema,
    ref,
    status_schema,
    upload_schema,
    usage_schema,
)
from evald.http.operation import Operation
from evald.http.parsing import MAX_IDEMPOTENCY_KEY
from evald.http.routes.log_imports import LOG_TYPES
from evald.wire.base import WireModel
from evald.wire.files import FilePurpose
from evald.wire.item_searches import MAX_GROUPS, GroupItemsQuery
from evald.wire.pages import MAX_FILES_LIMIT, MAX_LIMIT, ListFilesQuery
from evald.wire.usage import MAX_USAGE_LIMIT, UsageQuery

_REFUSALS = {
    "400": "Something is wrong with the request; `param` names it.",
    "401": "No API key came with the request, or one that is not of this server.",
    "404": "There is nothing of this id.",
    "408": "The body stopped coming before its end.",
    "409": "The Idempotency-Key came before, with another request.",
    "413": "The body, or one part of it, is larger than this server takes.",
    "500": "The server had an error; its log says more under the request id.",
    "502": "The provider could not be reached, refused this server's key, or gave no answer.",
    "503": "The answer could not be stored.",
    "504": "The provider did not answer in time.",
}
_PROVIDERS = "An error of the provider's, as it came."
_MOST = {
    ListFilesQuery: MAX_FILES_LIMIT,
    UsageQuery: MAX_USAGE_LIMIT,
    GroupItemsQuery: MAX_GROUPS,
}
_ANY_OBJECT: JsonObject = {"type": "object"}
_NOT_JSON = {
    "downloadFile": "application/octet-stream",
    "exportOutputItems": "application/jsonl",
    "followRun": "text/event-stream",
    "metrics": "text/plain",
}
_PARAMETER = re.compile(r"{(\w+)(?::path)?}")
_BY_METADATA = frozenset({"listChatCompletions", "listResponses"})
_STORING = frozenset({"createChatCompletion", "createResponse"})
_ASKING = frozenset({"getResponse", "deleteResponse", "cancelResponse"})
_COMPARING = frozenset({"compareRuns", "listChanges"})
_TAKING_UP = frozenset({"retryRun", "resumeRun"})
_IDEMPOTENT = frozenset({"createEval", "createEvalRun", "createFile", "regradeRun", *_TAKING_UP})


def openapi_document(operations: Sequence[Operation]) -> bytes:
    """The document as JSON."""
    paths: dict[str, JsonObject] = {}
    for operation in operations:
        path = _PARAMETER.sub(r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation)
    return orjson.dumps(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "evald",
                "version": "1",
                "summary": "The Evals API on one's own machine.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "security": [{"key": []}],
            "paths": paths,
            "components": {
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
                "schemas": component_schemas(operations),
            },
        }
    )


def _operation(operation: Operation) -> JsonObject:
    summary = (operation.handler.__doc__ or "").strip()
    described: JsonObject = {
        "operationId": operation.id,
        "summary": summary.partition("\n")[0],
        "tags": [_tag(operation.path)],
        "parameters": _parameters(operation),
        "responses": _responses(operation),
    }
    if not _needs_key(operation):
        described["security"] = []
    if _body(operation):
        described["requestBody"] = _body(operation)
    return described


def _tag(path: str) -> str:
    words = [word for word in path.removeprefix("/v1").split("/") if word and word[0] != "{"]
    return next((each for each in ("output_items", "runs") if each in words), words[0])


def _needs_key(operation: Operation) -> bool:
    return operation.path.startswith("/v1/") or operation.path == "/metrics"


def _body(operation: Operation) -> JsonObject:
    if operation.id == "createFile":
        form: JsonValue = {"schema": upload_schema(get_args(FilePurpose))}
        return {"required": True, "content": {"multipart/form-data": form}}
    if operation.id == "createImport":
        return {"required": True, "content": {"application/zip": {}}}
    if operation.id == "importLogs":
        return {"required": True, "content": {each: {} for each in LOG_TYPES}}
    if operation.takes is None:
        return {}
    fields = operation.takes.model_fields.values()
    return {
        "required": any(field.is_required() for field in fields),
        "content": _json_content(ref(operation.takes.__name__)),
    }


def _json_content(schema: JsonValue) -> JsonObject:
    return {"application/json": {"schema": schema}}


def _parameters(operation: Operation) -> list[JsonValue]:
    parameters: list[JsonValue] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in _PARAMETER.findall(operation.path)
    ]
    if operation.query:
        parameters += _query_parameters(operation.query)
    if operation.id in _BY_METADATA:
        parameters.append(_metadata_parameter())
    if operation.id in ("createImport", "importLogs"):
        flag: JsonValue = {"type": "boolean", "default": False}
        parameters.append({"name": "dry_run", "in": "query", "schema": flag})
    if operation.id in _IDEMPOTENT:
        schema: JsonValue = {"type": "string", "maxLength": MAX_IDEMPOTENCY_KEY}
        parameters.append({"name": "Idempotency-Key", "in": "header", "schema": schema})
    return parameters


def _metadata_parameter() -> JsonObject:
    pairs: JsonValue = {"type": "object", "additionalProperties": {"type": "string"}}
    return {
        "name": "metadata",
        "in": "query",
        "style": "deepObject",
        "explode": True,
        "schema": pairs,
    }


def _query_parameters(query: type[WireModel]) -> list[JsonValue]:
    fields: dict[str, JsonObject] = query.model_json_schema()["properties"]
    most = _MOST.get(query, MAX_LIMIT)
    return [
        _limit_parameter(schema, most) if name == "limit" else _query_parameter(name, schema)
        for name, schema in fields.items()
    ]


def _limit_parameter(schema: JsonObject, most: int) -> JsonObject:
    bounds: JsonValue = {"type": "integer", "minimum": 1, "default": schema["default"]}
    said = f"More than {most:,} counts as {most:,}."
    return {"name": "limit", "in": "query", "description": said, "schema": bounds}


def _query_parameter(name: str, schema: JsonObject) -> JsonObject:
    """A parameter that is left out where the wire type has null."""
    branches = schema.get("anyOf")
    shown = branches[0] if isinstance(branches, list) else schema
    return {"name": name, "in": "query", "schema": shown}


def _responses(operation: Operation) -> JsonObject:
    if operation.id == "readyz":
        return {
            "200": _response("Runs are worked on.", _json_content(status_schema("ok"))),
            "503": _response("Not (yet).", _json_content(status_schema("not_ready"))),
        }
    responses: JsonObject = {str(operation.status): _response("Success.", _success(operation))}
    for status in _refusals(operation):
        responses[status] = _response(_REFUSALS[status], _json_content(ref("ErrorResponse")))
    if operation.is_passed_on:
        responses["default"] = _response(_PROVIDERS, {"*/*": {}})
    return responses


def _response(description: str, content: JsonObject) -> JsonObject:
    return {"description": description, "content": content}


def _success(operation: Operation) -> JsonObject:
    if operation.id in _NOT_JSON:
        return {_NOT_JSON[operation.id]: {}}
    if operation.is_passed_on:
        return {**_json_content(_ANY_OBJECT), "text/event-stream": {}}
    if operation.id == "listUsage":
        return _json_content(usage_schema())
    if operation.id == "listModels":
        return _json_content(models_schema())
    if operation.gives is None:
        is_health = operation.id == "healthz"
        return _json_content(status_schema("ok") if is_health else _ANY_OBJECT)
    name = operation.gives.__name__
    return _json_content(page_schema(name) if operation.gives_list else ref(name))


def _refusals(operation: Operation) -> list[str]:
    if not _needs_key(operation):
        return ["500"]
    takes_body = bool(_body(operation))
    asks_provider = operation.is_passed_on or operation.id in _ASKING
    present = {
        "400": takes_body or operation.query is not None or operation.id in _ASKING | _TAKING_UP,
        "401": True,
        "404": _names_something(operation),
        "408": takes_body,
        "409": operation.id in _IDEMPOTENT,
        "413": takes_body,
        "500": True,
        "502": asks_provider,
        "503": operation.id in _STORING,
        "504": asks_provider,
    }
    return [status for status, is_present in present.items() if is_present]


def _names_something(operation: Operation) -> bool:
    # Runs to compare are named in the query, models in the body.
    return "{" in operation.path or operation.id in _COMPARING or operation.is_passed_on
