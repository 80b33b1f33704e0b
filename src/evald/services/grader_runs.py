"""Grader runs: one grader on one sample, and whether a grader is sound; nothing is kept."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.errors import SandboxUnavailable
from evald.domain.tally import Usage
from evald.domain.template import Variables
from evald.graders.by_type import grade, runs_code
from evald.graders.check import check_formula, check_grader
from evald.graders.grade import Fault, Grade, errored
from evald.graders.hopeless import refuse_hopeless_grader
from evald.graders.python_code import FAILURE
from evald.graders.tools import GraderTools
from evald.ports.embeddings import Embedder, Embeddings
from evald.ports.model import ModelAnswer, ModelClient, ModelFailure, ModelRequest
from evald.sampling.attachments import ModelWithFiles, ProjectFiles
from evald.sampling.uploaded import sample_of_row
from evald.services.context import Context
from evald.wire.grader_runs import (
    GraderErrors,
    GraderRun,
    GraderRunMetadata,
    RunGraderRequest,
    TokenUsage,
    ValidateGraderRequest,
    ValidGrader,
)
from evald.wire.graders import Grader

RETRIES_S = 30.0
"""Somebody waits for the answer: after so long, what failed is not tried again."""

GRADING_S = 300.0
"""How long a grader may take in all: a slow model or two minutes of code, within the ten minutes
that the official client waits."""


async def run_grader(context: Context, project_id: str, request: RunGraderRequest) -> GraderRun:
    """The grader's reward for the sample, and what went wrong.

    What goes wrong while grading, a formula that cannot be read included, is no error of the
    request: it is told by flags, with a reward of 0.0.

    Raises:
        InvalidValue: the grader holds what it may not hold.
        SandboxUnavailable: the grader has code to run, which may not run here.
    """
    check_grader(request.grader, param="grader")
    await _refuse_code(context, request.grader)
    began = context.clock.monotonic()
    tools = _hurried(context, began)
    model = ModelWithFiles(tools.model, ProjectFiles(context, project_id))
    graded = await _graded(request, replace(tools, model=model))
    return run_of_grade(request.grader, graded, seconds=context.clock.monotonic() - began)


def validate_grader(request: ValidateGraderRequest) -> ValidGrader:
    """The grader as it was read, once it is found sound.

    Raises:
        InvalidValue: the grader, one inside of it, a template or a formula cannot be used.
    """
    check_grader(request.grader, param="grader")
    check_formula(request.grader, param="grader")
    refuse_hopeless_grader(request.grader, {}, param="grader")
    return ValidGrader(grader=request.grader)


async def _refuse_code(context: Context, grader: Grader) -> None:
    if runs_code(grader) and (refusal := await context.sandbox.refusal()):
        raise SandboxUnavailable(
            f"Grader '{grader.name}' has code to run, and this server runs none: {refusal}",
            param="grader.type",
        )


@dataclass(frozen=True, slots=True)
class _HurriedModel:
    """Asks another client, which is to give up retrying at that moment."""

    inner: ModelClient
    retry_until: float

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        return await self.inner.ask(replace(request, retry_until=self.retry_until))


@dataclass(frozen=True, slots=True)
class _HurriedEmbedder:
    """Asks another embedder, which is to give up at that moment."""

    inner: Embedder
    until: float

    @property
    def model(self) -> str:
        return self.inner.model

    async def embed(self, texts: Sequence[str], *, deadline: float) -> Embeddings | ModelFailure:
        return await self.inner.embed(texts, deadline=min(deadline, self.until))


def _hurried(context: Context, began: float) -> GraderTools:
    tools, until = context.grader_tools(began + GRADING_S), began + RETRIES_S
    embedder = _HurriedEmbedder(tools.similarity.embedder, until)
    return replace(
        tools,
        model=_HurriedModel(tools.model, until),
        similarity=replace(tools.similarity, embedder=embedder),
    )


async def _graded(request: RunGraderRequest, tools: GraderTools) -> Grade:
    try:
        async with asyncio.timeout(GRADING_S):
            return await grade(request.grader, _variables(request), tools)
    except TimeoutError:
        message = f"The grader was not done within {GRADING_S:g} seconds."
        return errored("grader_timeout", message, fault=Fault.UNRESPONSIVE)


def _variables(request: RunGraderRequest) -> Variables:
    """What templates may name; without an item, there is nothing in it.

    `sample.output_json` is there for any JSON, also for a number or a text in quotes.

    Source: OpenAI's OpenAPI document, `model_sample`.
    """
    sample = sample_of_row(request.model_sample).variables
    if isinstance(sample, dict) and "output_json" not in sample:
        sample = {**sample, **_parsed(request.model_sample)}
    return Variables({} if request.item is None else request.item, sample)


def _parsed(text: str) -> dict[str, JsonValue]:
    try:
        return {"output_json": exact_json.parse(text)}
    except ValueError:
        return {}


def run_of_grade(grader: Grader, graded: Grade, *, seconds: float) -> GraderRun:
    """What a grade comes to on the wire: its reward, its flags, and what it cost.

    A grade that is made of others has their flags too. `sampled_model_name` is null where no model
    was asked, or several.
    """
    scores = {name: part.score for name, part in graded.parts.items()}
    asked = {str(each.sample["model"]) for each in _each(graded) if each.sample is not None}
    models = asked & graded.usage.keys()
    return GraderRun(
        reward=graded.score,
        metadata=GraderRunMetadata(
            name=grader.name,
            type=grader.type,
            errors=_errors(graded),
            execution_time=seconds,
            scores=scores,
            token_usage=_tokens(sum(graded.usage.values(), Usage())) if graded.usage else None,
            sampled_model_name=models.pop() if len(models) == 1 else None,
            error=graded.error,
        ),
        sub_rewards=scores,
        model_grader_token_usage_per_model={
            model: _tokens(usage) for model, usage in graded.usage.items()
        },
    )


def _each(graded: Grade) -> Iterator[Grade]:
    """The grades of which this one is made, then itself."""
    yield from graded.parts.values()
    yield graded


def _errors(graded: Grade) -> GraderErrors:
    said: dict[str, bool | str] = {}
    for each in _each(graded):
        if each.fault is None:
            continue
        said.setdefault(each.fault.value, True)
        if FAILURE in each.details:
            details = str(each.details[FAILURE])
            said.setdefault("python_grader_runtime_error_details", details)
        if each.error is not None:
            match each.fault:
                case Fault.PYTHON_SERVER:
                    said.setdefault("python_grader_server_error_type", each.error.code)
                case Fault.MODEL_SERVER:
                    said.setdefault("model_grader_server_error_details", each.error.message)
    return GraderErrors.model_validate(said)


def _tokens(usage: Usage) -> TokenUsage:
    return TokenUsage(
        prompt_tokens=usage.prompt_tokens,
        total_tokens=usage.total_tokens,
        completion_tokens=usage.completion_tokens,
        cached_tokens=usage.cached_tokens,
    )
