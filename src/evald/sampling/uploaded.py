"""Samples that the rows of a jsonl run bring along, made without asking anybody."""

from dataclasses import replace

from pydantic import JsonValue

from evald.domain.conversation.asked import asked_elsewhere
from evald.domain.conversation.chat_answer import read_chat_answer
from evald.domain.conversation.flatten import flatten_messages
from evald.domain.conversation.reading import Reading, error_of, objects, text_or_empty, tokens
from evald.domain.sample import Sample
from evald.domain.tally import Usage
from evald.domain.template import render
from evald.sampling.echo import echo
from evald.sampling.response_answer import read_response
from evald.sampling.variables import sample_variables


def sample_of_row(sample: JsonValue, *, asked: JsonValue = None) -> Sample:
    """The sample that a row brings along; no call is counted for it.

    A chat completion, a response, or `output_text` and `output_tools` alone, of which `choices`
    are made; a string stands for its `output_text`. Whatever else it holds can be named in
    templates too, and what it says itself goes before what would follow from its choices. Without
    a sample (null) there are no variables.

    Args:
        asked: the messages that were answered by it, where they are known.

    Source: observed 2025 (a whole chat completion; one of model and choices); the rest is ours.
    """
    made = _sample(sample)
    if asked is None:
        return made
    return replace(made, echo={**made.echo, "input": flatten_messages(asked)})


def _sample(sample: JsonValue) -> Sample:
    if isinstance(sample, dict):
        return _sample_of(sample)
    if isinstance(sample, str):
        return _sample_of({"output_text": sample})
    if sample is None:
        return Sample(None, echo(asked_elsewhere({}), Reading("", Usage())), {})
    return _unusable({}, "The row's sample is neither an object nor text.")


def _unusable(sample: dict[str, JsonValue], message: str) -> Sample:
    error = error_of("invalid_sample", message)
    reading = Reading(text_or_empty(sample.get("model")), tokens(sample), error=error)
    return Sample(None, echo(asked_elsewhere(sample), reading), {}, error)


def _sample_of(sample: dict[str, JsonValue]) -> Sample:
    reading = _with_own_output(_read(sample), sample)
    if reading.error is not None and not reading.choices:
        return _unusable(sample, f"The row's sample cannot be used. {reading.error.message}")
    said = sample_variables(reading) if reading.choices else {}
    own = {
        key: value
        for key, value in sample.items()
        if key not in said or (value is not None and key != "output_text")
    }
    return Sample({**said, **own}, echo(asked_elsewhere(sample), reading), {})


def _read(sample: dict[str, JsonValue]) -> Reading:
    if sample.get("object") == "response":
        return read_response(sample)
    if sample.get("choices") is not None:
        return read_chat_answer(sample)
    return Reading(text_or_empty(sample.get("model")), tokens(sample))


def _with_own_output(reading: Reading, sample: dict[str, JsonValue]) -> Reading:
    text, calls = sample.get("output_text"), sample.get("output_tools")
    if text is None and not isinstance(calls, list):
        return reading
    said = replace(
        reading,
        text=reading.text if text is None else render(text),
        tool_calls=[*objects(calls)] if isinstance(calls, list) else reading.tool_calls,
        error=None,
    )
    return said if said.choices else replace(said, choices=[_choice(said)])


def _choice(said: Reading) -> JsonValue:
    message: dict[str, JsonValue] = {"role": "assistant", "content": said.text}
    if said.tool_calls:
        message["tool_calls"] = said.tool_calls
    return {"index": 0, "message": message, "finish_reason": "stop"}
