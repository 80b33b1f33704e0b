"""Evals: what is tested (criteria) and over what kind of rows (data source config)."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field, JsonValue

from evald.wire.base import JsonObject, Metadata, UnixTime, WireModel
from evald.wire.criteria import TestingCriterion, criterion_json
from evald.wire.data_source_configs import DataSourceConfig
from evald.wire.graders import MAX_GRADERS, Grader


class CreateEvalRequest(WireModel):
    """The body of POST /evals."""

    name: str | None = None
    metadata: Metadata | None = None
    data_source_config: DataSourceConfig
    testing_criteria: list[Grader] = Field(min_length=1, max_length=MAX_GRADERS)


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


class ImportedEval(Eval):
    """An eval that comes from elsewhere: `imported` is its body there, answered instead of ours.

    `testing_criteria` are those of its criteria that can be used here.
    """

    imported: JsonObject


@dataclass(frozen=True, slots=True)
class EchoedCriterion:
    """What any criterion shows of itself, whether or not it can be used here."""

    id: str
    name: str
    type: str


class DeletedEval(WireModel):
    """The answer to DELETE /evals/{eval_id}."""

    object: Literal["eval.deleted"] = "eval.deleted"
    deleted: bool = True
    eval_id: str


def changed_eval(an_eval: Eval, changes: dict[str, JsonValue]) -> Eval:
    """The eval with another name or metadata, in its imported body too."""
    if not isinstance(an_eval, ImportedEval):
        return an_eval.model_copy(update=changes)
    changed = {key: new for key, new in changes.items() if new != getattr(an_eval, key)}
    return an_eval.model_copy(update={**changes, "imported": {**an_eval.imported, **changed}})


def eval_json(an_eval: Eval) -> dict[str, JsonValue]:
    """The eval as the API answers it: as it is composed here, or as it was answered elsewhere."""
    return an_eval.imported if isinstance(an_eval, ImportedEval) else composed_eval(an_eval)


def echoed_criteria(an_eval: Eval) -> list[EchoedCriterion]:
    """Every criterion of the eval; of an imported one, those too that cannot be used."""
    if not isinstance(an_eval, ImportedEval):
        return [
            EchoedCriterion(each.id, each.grader.name, each.grader.type)
            for each in an_eval.testing_criteria
        ]
    echoed = an_eval.imported.get("testing_criteria")
    return [_echoed(each) for each in echoed] if isinstance(echoed, list) else []


def _echoed(criterion: JsonValue) -> EchoedCriterion:
    said = criterion if isinstance(criterion, dict) else {}
    own_id = _text(said.get("id"))
    return EchoedCriterion(own_id, _text(said.get("name")) or own_id, _text(said.get("type")))


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def composed_eval(an_eval: Eval) -> dict[str, JsonValue]:
    """The body of an eval made here, in the key order captured.

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
