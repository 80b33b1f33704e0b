"""Output items: what became of one row of a run."""

from typing import Literal

from pydantic import JsonValue

from evald.wire.base import OpenWireModel, UnixTime, WireModel
from evald.wire.errors import ApiError

OutputItemStatus = Literal["pass", "fail", "error"]


class SampleUsage(WireModel):
    """Tokens of one call, in the key order captured."""

    total_tokens: int
    completion_tokens: int
    prompt_tokens: int
    cached_tokens: int


class Sample(OpenWireModel):
    """One asking of a model and its answer, with contents flattened to strings.

    Both spellings of the token limit are sent, since clients of both exist; of a grader's asking,
    only the plural. `seconds` is how long the answer took; it is missing where nobody answered.

    Source: observed 2025-07 (plural); OpenAI's OpenAPI document (singular); `seconds` is ours.
    """

    input: list[dict[str, JsonValue]]
    output: list[dict[str, JsonValue]]
    finish_reason: str | None
    model: str
    usage: SampleUsage
    error: ApiError | None
    temperature: float | None
    top_p: float | None
    seed: int | None
    max_completion_tokens: int | None = None
    max_completions_tokens: int | None
    seconds: float | None = None


class OutputItemResult(OpenWireModel):
    """One criterion's verdict on one row; `name` is the criterion's id."""

    name: str
    sample: Sample | None
    passed: bool
    score: float


class OutputItem(OpenWireModel):
    """What became of one row of a run.

    The hot path writes and reads this shape as JSON text, never through this class; it stands
    here for the OpenAPI document and the tests.
    """

    object: Literal["eval.run.output_item"] = "eval.run.output_item"
    id: str
    created_at: UnixTime
    run_id: str
    eval_id: str
    status: OutputItemStatus
    datasource_item_id: int
    datasource_item: dict[str, JsonValue]
    results: list[OutputItemResult]
    sample: Sample
