"""What every wire type shares: frozen, lenient about unknown fields, strict about types."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

UnixTime = Annotated[int, Field(ge=0)]
"""Seconds since 1970-01-01 UTC."""


class WireModel(BaseModel):
    """One JSON object of the API, as an immutable value.

    Unknown fields are ignored, since the hosted service's policy is not documented and clients
    send fields of older versions (`share_with_openai`). Types are strict: "5" is not 5.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", strict=True, protected_namespaces=(), allow_inf_nan=False
    )


class OpenWireModel(WireModel):
    """A JSON object whose unknown fields are kept and echoed, because they go on to a model."""

    model_config = ConfigDict(extra="allow")


def _as_given(
    value: dict[str, JsonValue], check: ValidatorFunctionWrapHandler
) -> dict[str, JsonValue]:
    check(value)
    return value


JsonObject = Annotated[dict[str, JsonValue], WrapValidator(_as_given)]
"""A JSON object that is checked and kept as it came: pydantic's copy would hold plain floats."""

MAX_METADATA_PAIRS = 16
MAX_METADATA_KEY = 64
MAX_METADATA_VALUE = 512


def _of_few_pairs(metadata: object) -> object:
    # Before the pairs are looked at: of very many, each could be wrong in its own way.
    if isinstance(metadata, dict) and len(metadata) > MAX_METADATA_PAIRS:
        message = f"holds {len(metadata)} pairs; at most {MAX_METADATA_PAIRS} are allowed"
        raise ValueError(message)
    return metadata


def _within_limits(metadata: dict[str, str]) -> dict[str, str]:
    for key, value in metadata.items():
        if len(key) > MAX_METADATA_KEY:
            message = f"has a key of {len(key)} characters; at most {MAX_METADATA_KEY} are allowed"
            raise ValueError(message)
        if len(value) > MAX_METADATA_VALUE:
            message = (
                f"has a value of {len(value)} characters under '{key}'; "
                f"at most {MAX_METADATA_VALUE} are allowed"
            )
            raise ValueError(message)
    return metadata


Metadata = Annotated[dict[str, str], BeforeValidator(_of_few_pairs), AfterValidator(_within_limits)]
"""At most 16 pairs; keys of at most 64 characters, values of at most 512.

Source: OpenAI's OpenAPI document, schema Metadata.
"""
