"""Samples that were given before, made again of what their output items keep of them."""

from pydantic import JsonValue

from evald.domain.conversation.asked import asked_elsewhere
from evald.domain.conversation.reading import (
    Reading,
    error_of,
    objects,
    text_or_empty,
    tokens,
)
from evald.domain.sample import Sample
from evald.domain.tally import Usage
from evald.sampling.echo import echo
from evald.sampling.variables import sample_variables

Json = dict[str, JsonValue]


def sample_of_echo(kept: JsonValue) -> Sample:
    """The sample of which an output item kept this echo; no call is counted for it.

    It is shown as it was. Graders see `model`, `choices`, `output_text`, `output_tools`, and
    `output_json` and `input_tools` where there are any, made of the message that was kept; of an
    answer's further choices, its audio and its reasoning an output item keeps nothing. A sample
    that was errored is so again, for the same reason.

    Args:
        kept: `echo`, the `sample` of an output item, and perhaps `input_tools`.
    """
    given = kept if isinstance(kept, dict) else {}
    shown = given.get("echo")
    if not isinstance(shown, dict):
        return Sample(None, echo(asked_elsewhere({}), Reading("", Usage())), {})
    error = shown.get("error")
    if isinstance(error, dict):
        code, message = text_or_empty(error.get("code")), text_or_empty(error.get("message"))
        return Sample(None, shown, {}, error_of(code or "invalid_sample", message))
    messages = objects(shown.get("output"))
    if not messages:
        return Sample(None, shown, {})
    variables = sample_variables(_reading(shown, messages))
    if given.get("input_tools"):
        variables["input_tools"] = given["input_tools"]
    return Sample(variables, shown, {})


def _reading(shown: Json, messages: list[Json]) -> Reading:
    """What was said; of several messages, as a sample from elsewhere may have, the last counts."""
    finish_reason = text_or_empty(shown.get("finish_reason")) or None
    said = messages[-1]
    return Reading(
        model=text_or_empty(shown.get("model")),
        usage=tokens(shown),
        choices=[
            {"index": index, "message": message, "finish_reason": finish_reason}
            for index, message in enumerate(messages)
        ],
        text=text_or_empty(said.get("content")),
        tool_calls=[*objects(said.get("tool_calls"))],
        finish_reason=finish_reason,
    )
