"""A grader's own call: asked, asked once more where nothing came of it, and shown on the grade."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pydantic import JsonValue

from evald.domain.conversation.asked import asked_of
from evald.domain.conversation.chat_answer import read_chat_answer
from evald.domain.conversation.messages import MessagesUnusable
from evald.domain.conversation.reading import Reading, error_of, said, usage_json
from evald.domain.tally import Usage
from evald.domain.template import Variables
from evald.graders.call_plan import CallPlan, ModelGrader
from evald.graders.grade import Fault, Grade, errored
from evald.graders.structured import OutputMode, next_mode
from evald.graders.tools import GraderTools
from evald.ports.model import ModelAnswer, ModelFailure, ModelRequest
from evald.wire.errors import ApiError

SHOWN_TEXT = 200
"""So many characters of a model's own words go into an error's message."""


@dataclass(frozen=True, slots=True)
class NoVerdict:
    """Why an answer is no verdict."""

    code: str
    message: str
    fault: Fault


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that came to its end: what was sent, what came back, and by which mode.

    `usage` and `seconds` are those of the answers, also of one that was asked for before.
    """

    body: dict[str, JsonValue]
    reading: Reading
    mode: OutputMode
    usage: Mapping[str, Usage]
    seconds: float = 0.0


async def grade_by_model(
    grader: ModelGrader,
    variables: Variables,
    *,
    tools: GraderTools,
    read: Callable[[str], Grade | NoVerdict],
) -> Grade:
    """The grade that `read` makes of what the grader's model says, with the call on it.

    A refusal, and an answer of which `read` can make nothing, is asked for once more; then the
    grade is errored. A provider's failure errs it at once: the model port has tried again already.
    Every call that was answered counts, and the last one is shown.

    Raises:
        UnknownVariable: a message names what is not there.
    """
    try:
        plan = tools.call_plans.plan_of(grader)
    except MessagesUnusable as unusable:
        message = f"The messages of criterion '{grader.name}' cannot be sent: {unusable}."
        return errored("invalid_input_messages", message)
    messages = plan.messages(variables)
    call = await _call(plan, messages, tools)
    outcome = _outcome(plan, call, read)
    if isinstance(outcome, NoVerdict) and outcome.fault is not Fault.MODEL_SERVER:
        again = await _call(plan, messages, tools)
        call = replace(
            again,
            usage=_together(call.usage, again.usage),
            seconds=call.seconds + again.seconds,
        )
        outcome = _outcome(plan, call, read)
    return _shown(outcome, call)


async def _call(plan: CallPlan, messages: list[JsonValue], tools: GraderTools) -> _Call:
    """One answer or failure, by the surest mode that the provider does not refuse."""
    mode = tools.call_plans.mode_of(plan)
    while True:
        request = plan.request(messages, mode, deadline=tools.deadline)
        outcome = await tools.model.ask(request)
        if isinstance(outcome, ModelAnswer):
            tools.call_plans.note_answered(plan, mode)
            return _answered(request, outcome, mode)
        lesser = next_mode(mode, outcome)
        if lesser is None:
            return _Call(request.body, _unanswered(request, outcome), mode, {})
        mode = lesser


def _answered(request: ModelRequest, answer: ModelAnswer, mode: OutputMode) -> _Call:
    reading = read_chat_answer(answer.body)
    if not reading.model:
        reading = replace(reading, model=request.model)
    usage = {reading.model: reading.usage}
    return _Call(request.body, reading, mode, usage, answer.seconds)


def _unanswered(request: ModelRequest, failure: ModelFailure) -> Reading:
    return Reading(request.model, Usage(), error=error_of(failure.code, failure.message))


def _outcome(
    plan: CallPlan, call: _Call, read: Callable[[str], Grade | NoVerdict]
) -> Grade | NoVerdict:
    reading = call.reading
    if reading.error is not None:
        return NoVerdict(reading.error.code, reading.error.message, Fault.MODEL_SERVER)
    if reading.refusal:
        why = f": {reading.refusal[:SHOWN_TEXT]}"
        return _refused(plan, why)
    if reading.finish_reason == "content_filter" and not reading.text:
        return _refused(plan, " (finish_reason 'content_filter').")
    outcome = read(reading.text)
    if isinstance(outcome, NoVerdict) and reading.finish_reason == "length":
        return _truncated(plan)
    return outcome


def _refused(plan: CallPlan, why: str) -> NoVerdict:
    message = f"Model '{plan.grader.model}' refused to grade for criterion '{plan.grader.name}'"
    return NoVerdict("grader_refused", message + why, Fault.MODEL_REFUSAL)


def _truncated(plan: CallPlan) -> NoVerdict:
    return NoVerdict(
        "grader_truncated",
        f"The answer of model '{plan.grader.model}' for criterion '{plan.grader.name}' was cut off "
        "at its token limit before its result; max_completions_tokens in the criterion's "
        "sampling_params sets it.",
        Fault.MODEL_PARSE,
    )


def unparsable(grader: ModelGrader) -> NoVerdict:
    """What an answer without the JSON that was asked for is."""
    return NoVerdict(
        "grader_unparsable",
        f"The answer of model '{grader.model}' for criterion '{grader.name}' holds no JSON "
        "with a result.",
        Fault.MODEL_PARSE,
    )


def _together(one: Mapping[str, Usage], other: Mapping[str, Usage]) -> dict[str, Usage]:
    models = [*one, *(model for model in other if model not in one)]
    return {model: one.get(model, Usage()) + other.get(model, Usage()) for model in models}


def _shown(outcome: Grade | NoVerdict, call: _Call) -> Grade:
    grade = outcome
    if isinstance(grade, NoVerdict):
        error = error_of(grade.code, grade.message)
        grade = errored(error.code, error.message, fault=grade.fault)
    # The usual mode is left unsaid, so that a result has the keys that clients know.
    is_usual = call.mode is OutputMode.JSON_SCHEMA
    details: dict[str, JsonValue] = {} if is_usual else {"structured_output": call.mode.value}
    sample = _sample_json(call, grade.error)
    return replace(grade, sample=sample, usage=call.usage, details=details)


def _sample_json(call: _Call, error: ApiError | None) -> dict[str, JsonValue]:
    """The call as a result shows it, in the key order captured.

    Source: observed 2025-07; the place of the error is documented; `seconds` is ours.
    """
    asked, reading = asked_of(call.body), call.reading
    return {
        "input": asked.input,
        "output": [said(reading)] if reading.choices else [],
        "finish_reason": reading.finish_reason,
        "model": reading.model,
        "usage": usage_json(sum(call.usage.values(), Usage())),
        "error": {"code": error.code, "message": error.message} if error else None,
        "seed": asked.seed,
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "reasoning_effort": asked.reasoning_effort,
        "max_completions_tokens": asked.token_limit,
        **({"seconds": round(call.seconds, 3)} if call.usage else {}),
    }
