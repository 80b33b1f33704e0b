"""Data sources of a run: where its rows come from and how they are sampled."""

from typing import Annotated, Literal

from pydantic import Field, JsonValue, TypeAdapter

from evald.wire.base import Metadata, OpenWireModel, UnixTime, WireModel
from evald.wire.messages import EvalItem

MostRows = Annotated[int, Field(ge=1)]
"""How many logs a run is over at most."""


class FileContentSource(WireModel):
    """Rows in the request itself.

    `content` is taken out of the request and kept as a file before this type is read, so here it
    is empty; it is spliced into every echo.
    """

    type: Literal["file_content"]
    content: list[JsonValue]


class FileIdSource(WireModel):
    """Rows in an uploaded JSONL file."""

    type: Literal["file_id"]
    id: str


class EvaldRunSource(WireModel):
    """Rows made of another run's output items, to be graded anew with the samples they have.

    Source: ours.
    """

    type: Literal["evald_run"]
    run_id: str


class StoredCompletionsSource(WireModel):
    """Rows made of stored chat completions."""

    type: Literal["stored_completions"]
    metadata: Metadata | None = None
    model: str | None = None
    created_after: UnixTime | None = None
    created_before: UnixTime | None = None
    limit: MostRows | None = None


class ResponsesSource(WireModel):
    """Rows made of stored responses. `limit` is undocumented, and accepted as observed."""

    type: Literal["responses"]
    metadata: Metadata | None = None
    model: str | None = None
    instructions_search: str | None = None
    created_after: UnixTime | None = None
    created_before: UnixTime | None = None
    reasoning_effort: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    users: list[str] | None = None
    tools: list[str] | None = None
    limit: MostRows | None = None


class TemplateMessages(WireModel):
    """Messages whose contents are templates over the row's item."""

    type: Literal["template"]
    template: list[EvalItem]


class ItemReferenceMessages(WireModel):
    """The path of a message list inside the row, such as `item.input`."""

    type: Literal["item_reference"]
    item_reference: str


InputMessages = Annotated[TemplateMessages | ItemReferenceMessages, Field(discriminator="type")]


class SamplingParams(OpenWireModel):
    """How a model is to be sampled; what is not set is not sent.

    Both spellings of the token limit are read; where both are given the documented one,
    `max_completion_tokens`, wins. `text` belongs to responses runs, `response_format` to
    completions runs.
    """

    temperature: float | None = None
    top_p: float | None = None
    seed: int | None = None
    max_completion_tokens: int | None = None
    max_completions_tokens: int | None = None
    reasoning_effort: str | None = None
    response_format: dict[str, JsonValue] | None = None
    tools: list[JsonValue] | None = None
    text: dict[str, JsonValue] | None = None


JsonlRowSource = Annotated[
    FileContentSource | FileIdSource | EvaldRunSource, Field(discriminator="type")
]
CompletionsRowSource = Annotated[
    FileContentSource | FileIdSource | StoredCompletionsSource, Field(discriminator="type")
]
ResponsesRowSource = Annotated[
    FileContentSource | FileIdSource | ResponsesSource, Field(discriminator="type")
]


class JsonlDataSource(WireModel):
    """Rows that are graded as they are; no model is asked."""

    type: Literal["jsonl"]
    source: JsonlRowSource


class CsvDataSource(WireModel):
    """Rows of a CSV file, whose header names the fields of the item; no model is asked.

    Source: documented by Azure.
    """

    type: Literal["csv"]
    source: FileIdSource


class CompletionsDataSource(WireModel):
    """Rows that are sampled through chat completions."""

    type: Literal["completions"]
    source: CompletionsRowSource
    input_messages: InputMessages | None = None
    model: str | None = None
    sampling_params: SamplingParams | None = None


class ResponsesDataSource(WireModel):
    """Rows that are sampled through the Responses API."""

    type: Literal["responses"]
    source: ResponsesRowSource
    input_messages: InputMessages | None = None
    model: str | None = None
    sampling_params: SamplingParams | None = None


UnsampledDataSource = JsonlDataSource | CsvDataSource
DataSource = Annotated[
    UnsampledDataSource | CompletionsDataSource | ResponsesDataSource, Field(discriminator="type")
]


_DATA_SOURCE: TypeAdapter[DataSource] = TypeAdapter(DataSource)


def read_data_source(echoed: dict[str, JsonValue]) -> DataSource:
    """The data source of which `data_source_json` made this object."""
    return _DATA_SOURCE.validate_python(echoed)


def data_source_json(source: DataSource) -> dict[str, JsonValue]:
    """The data source as a run echoes it: messages normalised, `sampling_params` null if absent.

    Source: observed 2025-05.
    """
    echoed: dict[str, JsonValue] = source.model_dump(exclude_unset=True)
    match source:
        case JsonlDataSource() | CsvDataSource():
            return echoed
        case CompletionsDataSource() | ResponsesDataSource():
            return {**echoed, "model": source.model, "sampling_params": _sent(source)}


def _sent(source: CompletionsDataSource | ResponsesDataSource) -> JsonValue:
    if source.sampling_params is None:
        return None
    return source.sampling_params.model_dump(exclude_unset=True)
