"""Samples made of what the model port gave back: an answer, or a failure."""

from dataclasses import replace
from typing import assert_never

from pydantic import JsonValue

from evald.domain.conversation.asked import asked_of
from evald.domain.conversation.chat_answer import read_chat_answer
from evald.domain.conversation.reading import Reading, error_of, unreadable
from evald.domain.sample import Sample
from evald.domain.tally import Usage
from evald.ports.model import ModelAnswer, ModelFailure, ModelRequest
from evald.sampling.echo import echo
from evald.sampling.response_answer import read_response
from evald.sampling.variables import sample_variables
from evald.wire.errors import ApiError


def sample_of_answer(request: ModelRequest, answer: ModelAnswer) -> Sample:
    """The sample that a model's answer makes.

    An answer with nothing in it to grade makes an errored sample, with the error that the answer
    gives or else `malformed_answer`; its call and its tokens are counted all the same.
    """
    reading = _read(request, answer.body)
    if not reading.model:
        reading = replace(reading, model=request.model)
    kept = echo(asked_of(request.body), reading, seconds=answer.seconds)
    usage = {reading.model: reading.usage}
    if reading.error is not None:
        return Sample(None, kept, usage, reading.error)
    variables, tools = sample_variables(reading), request.body.get("tools")
    if tools:
        variables["input_tools"] = tools
    return Sample(variables, kept, usage)


def sample_of_failure(request: ModelRequest, failure: ModelFailure) -> Sample:
    """The errored sample of a call that was not answered."""
    return sample_of_error(request, error_of(failure.code, failure.message))


def sample_of_error(request: ModelRequest, error: ApiError) -> Sample:
    """The errored sample of a request to which there is no answer."""
    reading = Reading(model=request.model, usage=Usage(), error=error)
    return Sample(None, echo(asked_of(request.body), reading), {}, error)


def _read(request: ModelRequest, body: dict[str, JsonValue]) -> Reading:
    match request.api:
        case "chat_completions":
            return read_chat_answer(body)
        case "responses":
            return read_response(body)
        case "embeddings":
            return unreadable(body, "Embeddings are no sample.")
        case _:
            assert_never(request.api)
