"""Bodies of requests as the wire tests send them."""

from typing import Any

Json = dict[str, Any]

ITEM_SCHEMA: Json = {
    "type": "object",
    "properties": {"prompt": {"type": "string"}, "expected": {"type": "string"}},
    "required": ["prompt", "expected"],
}


def string_check(name: str = "same", **changes: Any) -> Json:
    """A criterion that compares the output with what the item expects."""
    return {
        "type": "string_check",
        "name": name,
        "input": "{{ sample.output_text }}",
        "operation": "eq",
        "reference": "{{ item.expected }}",
        **changes,
    }


def custom(item_schema: Json = ITEM_SCHEMA) -> Json:
    """A config of rows of one's own, with samples."""
    return {"type": "custom", "item_schema": item_schema, "include_sample_schema": True}


def an_eval(*criteria: Json, **changes: Any) -> Json:
    """The body that creates an eval of these criteria."""
    return {
        "name": "echo",
        "data_source_config": custom(),
        "testing_criteria": [*criteria] or [string_check()],
        **changes,
    }


def free_eval(*criteria: Json) -> Json:
    """The body that creates an eval whose items may hold anything."""
    return an_eval(*criteria, data_source_config=custom({}))


def row(prompt: str, expected: str = "", **more: Any) -> Json:
    """A row whose prompt an echoing model gives back."""
    return {"item": {"prompt": prompt, "expected": expected or prompt, **more}}


def rows(count: int) -> list[Json]:
    """So many rows that pass where the model echoes."""
    return [row(f"say {n}") for n in range(count)]


def inline(content: list[Json]) -> Json:
    """A source of rows in the request itself."""
    return {"type": "file_content", "content": content}


def in_file(file_id: str) -> Json:
    """A source of rows in an uploaded file."""
    return {"type": "file_id", "id": file_id}


def jsonl(source: Json) -> Json:
    """A data source of rows that are graded as they are."""
    return {"type": "jsonl", "source": source}


def said(text: str, /, **item: Any) -> Json:
    """A row that brings its output along."""
    return {"item": item, "sample": {"output_text": text}}


def template(*messages: Json) -> Json:
    """Input messages from a template; without messages, the item's prompt as the user's."""
    given = [*messages] or [{"role": "user", "content": "{{ item.prompt }}"}]
    return {"type": "template", "template": given}


def completions(source: Json, **changes: Any) -> Json:
    """A data source of rows sampled through chat completions, by default from an echoing model."""
    return {
        "type": "completions",
        "model": "mock-model",
        "input_messages": template(),
        "source": source,
        **changes,
    }


def responses(source: Json, **changes: Any) -> Json:
    """A data source of rows sampled through Responses."""
    return completions(source, **{"type": "responses", **changes})
