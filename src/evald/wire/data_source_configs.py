"""Data source configs: what kind of rows an eval takes, and how the config is echoed."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue

from evald.wire.base import JsonObject, Metadata, WireModel
from evald.wire.sample_schema import GENERATED_SAMPLE_SCHEMA


class CustomConfig(WireModel):
    """Rows of the user's own, each with an `item` that fits `item_schema`."""

    type: Literal["custom"]
    item_schema: JsonObject
    include_sample_schema: bool = False


class LogsConfig(WireModel):
    """Rows made of stored responses and completions that carry `metadata`."""

    type: Literal["logs"]
    metadata: Metadata | None = None


class StoredCompletionsConfig(WireModel):
    """Rows made of stored chat completions; `logs` under its older name."""

    type: Literal["stored_completions"]
    metadata: Metadata | None = None


DataSourceConfig = Annotated[
    CustomConfig | LogsConfig | StoredCompletionsConfig, Field(discriminator="type")
]


def config_json(
    config: CustomConfig | LogsConfig | StoredCompletionsConfig,
) -> dict[str, JsonValue]:
    """The config as an eval echoes it: `schema` instead of `item_schema`.

    Source: observed 2026-07 (custom); OpenAI's OpenAPI document (the other two).
    """
    match config:
        case CustomConfig():
            schema = _wrapper(config.item_schema, with_sample=config.include_sample_schema)
            return {"type": "custom", "max_items": None, "schema": schema}
        case LogsConfig() | StoredCompletionsConfig():
            metadata: JsonValue = None if config.metadata is None else dict(config.metadata)
            return {"type": config.type, "metadata": metadata, "schema": _open_wrapper()}


def item_schema_of(echoed: JsonValue) -> JsonValue:
    """The `item_schema` inside an echoed config."""
    for key in ("schema", "properties", "item"):
        if not isinstance(echoed, dict):
            return {}
        echoed = echoed.get(key, {})
    return echoed


def takes_any_item(echoed: JsonValue) -> bool:
    """Whether every item fits this config, as it does where rows are made of logs."""
    return isinstance(echoed, dict) and echoed.get("type") in ("logs", "stored_completions")


def config_metadata(echoed: JsonValue) -> dict[str, str]:
    """The metadata that logs must carry for an eval with this echoed config; often none."""
    metadata = echoed.get("metadata") if isinstance(echoed, dict) else None
    if not isinstance(metadata, dict):
        return {}
    return {key: value for key, value in metadata.items() if isinstance(value, str)}


def _wrapper(item_schema: dict[str, JsonValue], *, with_sample: bool) -> JsonValue:
    properties: dict[str, JsonValue] = {"item": item_schema}
    if with_sample:
        properties["sample"] = GENERATED_SAMPLE_SCHEMA
    return {"type": "object", "properties": properties, "required": list(properties)}


def _open_wrapper() -> JsonValue:
    anything: JsonValue = {"type": "object"}
    return {
        "type": "object",
        "properties": {"item": anything, "sample": anything},
        "required": ["item", "sample"],
    }
