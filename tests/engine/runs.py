"""Runs as the engine tests make, watch and count them."""

import threading
import time
from collections.abc import Callable, Iterator

import openai
from openai.types.evals import RunRetrieveResponse

from tests.support.running_server import RunningServer

MODEL = "mock-model"


def rows(count: int) -> list[dict[str, object]]:
    """Rows whose prompt the mock provider echoes; every tenth expects something else."""
    return [
        {"item": {"prompt": f"say {n}", "expected": "other" if n % 10 == 9 else f"say {n}"}}
        for n in range(count)
    ]


SAME: dict[str, object] = {
    "type": "string_check",
    "name": "same",
    "input": "{{ sample.output_text }}",
    "operation": "eq",
    "reference": "{{ item.expected }}",
}


def create_eval(client: openai.OpenAI, *criteria: dict[str, object]) -> str:
    """The id of an eval over such rows; without criteria, of whether the model said the same."""
    made = client.evals.create(
        name="echo",
        data_source_config={
            "type": "custom",
            "item_schema": {
                "type": "object",
                "properties": {"prompt": {"type": "string"}, "expected": {"type": "string"}},
                "required": ["prompt", "expected"],
            },
            "include_sample_schema": True,
        },
        testing_criteria=[*criteria] or [SAME],  # type: ignore[list-item]
    )
    return made.id


def create_run(
    client: openai.OpenAI, eval_id: str, content: list[dict[str, object]], *, model: str = MODEL
) -> str:
    """The id of a run over this content."""
    run = client.evals.runs.create(
        eval_id,
        name="echo run",
        data_source={
            "type": "completions",
            "model": model,
            "input_messages": {
                "type": "template",
                "template": [{"role": "user", "content": "{{ item.prompt }}"}],
            },
            "source": {"type": "file_content", "content": content},
        },  # type: ignore[arg-type,misc]
    )
    return run.id


def watch(
    client: openai.OpenAI, eval_id: str, run_id: str, *, within_s: float = 60.0
) -> Iterator[RunRetrieveResponse]:
    """The run, again and again, until it is enough for the caller or too late."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        yield client.evals.runs.retrieve(run_id, eval_id=eval_id)
        threading.Event().wait(0.02)  # asking takes processor time from what is waited for
    raise AssertionError(f"run {run_id} did not come so far within {within_s} s")


def wait_for(
    server: RunningServer,
    eval_id: str,
    run_id: str,
    *,
    until: Callable[[RunRetrieveResponse], bool],
    within_s: float = 60.0,
) -> RunRetrieveResponse:
    """The run as it was when the condition first held."""
    client = server.client()
    return next(run for run in watch(client, eval_id, run_id, within_s=within_s) if until(run))


def has_ended(run: RunRetrieveResponse) -> bool:
    """Whether the run stays as it is."""
    return run.status in ("completed", "failed", "canceled")


def recorded(run: RunRetrieveResponse) -> int:
    """How many rows have an output item."""
    counts = run.result_counts
    return counts.passed + counts.failed + counts.errored


def item_rows(client: openai.OpenAI, eval_id: str, run_id: str) -> list[int]:
    """The row of every output item, by auto-paging."""
    pages = client.evals.runs.output_items.list(run_id, eval_id=eval_id, limit=100)
    return [item.datasource_item_id for item in pages]
