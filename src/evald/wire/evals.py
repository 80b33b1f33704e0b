"""Evals: what is tested (criteria) and over what kind of rows (data source config)."""

from typing import Literal

from pydantic import Field, JsonValue

from evald.wire.base import JsonObject, Metadata, UnixTime, WireModel
from evald.wire.criteria import TestingCriterion, criterion_json
from evald.wire.data_source_configs import DataSourceConfig
from evald.wire.graders import Grader


class CreateEvalRequest(WireModel):
    """The body of POST /evals."""

    name: str | None = None
    metadata: Metadata | None = None
    data_source_config: DataSourceConfig
    testing_criteria: list[Grader] = Field(min_length=1)


class UpdateEvalRequest(WireModel):
    """The body of POST /evals/{eval_id}: criteria and config never change."""

    name: str | None = None
    metadata: Metadata | None = None


class Eval(WireModel):
    """An eval as it is kept; `data_source_config` is already in its echoed form."""

    id: str
    created_at: UnixTime
    name: str
    metadata: dict[str, str]
    data_source_config: JsonObject
    testing_criteria: list[TestingCriterion]


class DeletedEval(WireModel):
    """The answer to DELETE /evals/{eval_id}."""

    object: Literal["eval.deleted"] = "eval.deleted"
    deleted: bool = True
    eval_id: str


def eval_json(an_eval: Eval) -> dict[str, JsonValue]:
    """The eval as the API answers it, in the key order captured.

    Source: observed 2026-07.
    """
    return {
        "id": an_eval.id,
        "object": "eval",
        "created_at": an_eval.created_at,
        "data_source_config": an_eval.data_source_config,
        "name": an_eval.name,
        "testing_criteria": [criterion_json(each) for each in an_eval.testing_criteria],
        "metadata": dict(an_eval.metadata),
    }
