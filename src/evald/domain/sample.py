"""A sample: what a model was asked and said, as graders see it and as it is kept."""

from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain.tally import Usage
from evald.wire.errors import ApiError


@dataclass(frozen=True, slots=True)
class Sample:
    """One row's sample.

    `variables` is the `sample` namespace of templates and python graders: `model`, `choices`,
    `output_text`, `output_tools`, and `output_json`, `output_audio`, `output_reasoning_summary`,
    `input_tools` where there is something to say. None when there is no answer.
    `echo` is the `sample` object of the output item. `usage` is by the answering model's name;
    empty where no call was made. `error` is why there is no answer.
    """

    variables: JsonValue
    echo: dict[str, JsonValue]
    usage: dict[str, Usage]
    error: ApiError | None = None
