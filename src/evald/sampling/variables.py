"""The `sample` namespace of templates: what graders can name of an answer."""

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.conversation.reading import Reading


def sample_variables(reading: Reading) -> dict[str, JsonValue]:
    """The variables that follow from an answer.

    `output_json` is there where the text is a JSON object or list, `output_audio` and
    `output_reasoning_summary` where the answer has them. Numbers of `output_json` keep their text.

    Source: OpenAI, "Graders" guide; the generated sample schema (observed 2026-07).
    """
    variables: dict[str, JsonValue] = {
        "model": reading.model,
        "choices": reading.choices,
        "output_text": reading.text,
        "output_tools": reading.tool_calls,
    }
    output_json = _container(reading.text)
    if output_json is not None:
        variables["output_json"] = output_json
    if reading.audio is not None:
        variables["output_audio"] = reading.audio
    if reading.reasoning_summary is not None:
        variables["output_reasoning_summary"] = reading.reasoning_summary
    return variables


def _container(text: str) -> JsonValue:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return exact_json.parse(text)
    except ValueError:
        return None
