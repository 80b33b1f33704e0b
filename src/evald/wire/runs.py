"""Runs: one eval over the rows of one data source."""

from typing import Literal

from pydantic import JsonValue

from evald.wire.base import Metadata, UnixTime, WireModel
from evald.wire.data_sources import DataSource
from evald.wire.errors import ApiError

RunStatus = Literal["queued", "in_progress", "completed", "canceled", "failed"]


class CreateRunRequest(WireModel):
    """The body of POST /evals/{eval_id}/runs, its inline rows already taken out."""

    name: str | None = None
    metadata: Metadata | None = None
    data_source: DataSource


class ResultCounts(WireModel):
    """How many output items came out how."""

    total: int = 0
    errored: int = 0
    failed: int = 0
    passed: int = 0


class PerModelUsage(WireModel):
    """What one model was asked in a run, as the provider counted it. Counts are tokens."""

    model_name: str
    invocation_count: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int


class PerCriterionResult(WireModel):
    """How many items passed and failed one criterion; errored ones are in neither count."""

    testing_criteria: str
    passed: int
    failed: int


class Run(WireModel):
    """A run as the API answers it.

    The two `per_…` arrays are null until the run has ended, as observed, although OpenAI's
    document types them as arrays.
    """

    object: Literal["eval.run"] = "eval.run"
    id: str
    eval_id: str
    report_url: str
    status: RunStatus
    model: str
    name: str
    created_at: UnixTime
    result_counts: ResultCounts
    per_model_usage: list[PerModelUsage] | None
    per_testing_criteria_results: list[PerCriterionResult] | None
    data_source: dict[str, JsonValue]
    error: ApiError | None
    metadata: dict[str, str]
    shared_with_openai: bool = False


class DeletedRun(WireModel):
    """The answer to DELETE /evals/{eval_id}/runs/{run_id}."""

    object: Literal["eval.run.deleted"] = "eval.run.deleted"
    deleted: bool = True
    run_id: str
