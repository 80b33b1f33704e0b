"""The demo's way through the API, as any user of the official `openai` client would write it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from openai import DefaultHttpxClient, OpenAI
from openai.types import EvalCreateResponse
from openai.types.eval_create_params import DataSourceConfigCustom, TestingCriterion
from openai.types.evals import EvalAPIError, RunRetrieveResponse
from openai.types.evals.create_eval_completions_run_data_source_param import (
    CreateEvalCompletionsRunDataSourceParam,
)
from openai.types.evals.runs import OutputItemListResponse
from openai.types.evals.runs.output_item_list_response import Sample

from evald.cli.demo.finished_runs import CriterionCount, FinishedRun, MissedItem, Usage
from evald.cli.demo.tickets import CATEGORIES, TICKETS, packaged

POLL_EVERY_S = 0.1

INSTRUCTIONS = """\
You sort the tickets of an IT help desk. Answer with one word: Hardware, Software or Other.
Hardware: a device, a part of it or its supplies are broken, used up or wanted.
Software: a program, an operating system, a driver or a setting misbehaves or is wanted.
Other: everything else, such as passwords and access rights, buildings, invoices, rules, courses.
"""

DATA_SOURCE_CONFIG: DataSourceConfigCustom = {
    "type": "custom",
    "item_schema": {
        "type": "object",
        "properties": {
            "ticket_text": {"type": "string"},
            "correct_label": {"type": "string", "enum": list(CATEGORIES)},
        },
        "required": ["ticket_text", "correct_label"],
        "additionalProperties": False,
    },
    "include_sample_schema": True,
}

TESTING_CRITERIA: list[TestingCriterion] = [
    {
        "type": "string_check",
        "name": "Right category",
        "operation": "eq",
        "input": "{{ sample.output_text }}",
        "reference": "{{ item.correct_label }}",
    },
    {
        # `like` asks whether the input contains the reference: here, the answer.
        "type": "string_check",
        "name": "One of the three words",
        "operation": "like",
        "input": " ".join(CATEGORIES),
        "reference": "{{ sample.output_text }}",
    },
    {
        # The dearest mistake: somebody with a broken device is told that it is none.
        "type": "string_check",
        "name": "No broken device turned away",
        "operation": "ne",
        "input": "{{ item.correct_label }} taken for {{ sample.output_text }}",
        "reference": "Hardware taken for Other",
    },
]

_ENDED = ("completed", "failed", "canceled")
_UUID_SUFFIX = len("-ca5755f9-7b5d-49e2-b656-b368d347ad07")


@dataclass(frozen=True, slots=True)
class StartedRun:
    """A run that may still be going on."""

    id: str
    eval_id: str
    model: str
    since: float  # seconds, of the monotonic clock


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run at its end."""

    run: RunRetrieveResponse
    seconds: float  # from the request that created it to the answer that says it has ended


@dataclass(frozen=True, slots=True)
class Prepared:
    """What has been created for the runs."""

    evaluation: EvalCreateResponse
    file_id: str


def official_client(server_url: str) -> OpenAI:
    """The `openai` client, of which nothing but the address is changed.

    The key is any: a server of one's own machine, without keys, wants to see one. A proxy of the
    environment is passed by, since it could not reach this machine.
    """
    http_client = DefaultHttpxClient(trust_env=False)
    return OpenAI(base_url=f"{server_url}/v1", api_key="demo", http_client=http_client)


def prepare(client: OpenAI) -> Prepared:
    """Uploads the tickets and creates the eval."""
    file = client.files.create(file=(TICKETS, packaged(TICKETS)), purpose="evals")
    evaluation = client.evals.create(
        name="IT tickets",
        data_source_config=DATA_SOURCE_CONFIG,
        testing_criteria=TESTING_CRITERIA,
        metadata={"made_by": "evald demo"},
    )
    return Prepared(evaluation=evaluation, file_id=file.id)


def start_run(client: OpenAI, prepared: Prepared, *, model: str) -> StartedRun:
    """Creates a run in which `model` is asked for the category of every ticket."""
    since = time.monotonic()
    eval_id = prepared.evaluation.id
    run = client.evals.runs.create(
        eval_id, name=model, data_source=_data_source(prepared.file_id, model)
    )
    return StartedRun(id=run.id, eval_id=eval_id, model=model, since=since)


def follow(
    client: OpenAI,
    started: Sequence[StartedRun],
    *,
    advance: Callable[[str, int], None],
    pause: Callable[[float], None],
) -> list[EndedRun]:
    """Polls the runs until all have ended, telling `advance` how many items of a model are done."""
    ended: dict[str, EndedRun] = {}
    while True:
        for each in [run for run in started if run.id not in ended]:
            run = client.evals.runs.retrieve(each.id, eval_id=each.eval_id)
            counts = run.result_counts
            advance(each.model, counts.passed + counts.failed + counts.errored)
            if run.status in _ENDED:
                ended[each.id] = EndedRun(run=run, seconds=time.monotonic() - each.since)
        if len(ended) == len(started):
            return [ended[each.id] for each in started]
        pause(POLL_EVERY_S)


def finished_run(client: OpenAI, ended: EndedRun) -> FinishedRun:
    """An ended run with the items that did not pass, in the order of their tickets."""
    run = ended.run
    counts = run.result_counts
    # Null, not an empty list, is what a run has that ended before its first item.
    usages = run.per_model_usage or []
    criteria = run.per_testing_criteria_results or []
    return FinishedRun(
        model=run.model,
        status=run.status,
        failure=run.error.message if run.status == "failed" else None,
        report_url=run.report_url,
        passed=counts.passed,
        failed=counts.failed,
        errored=counts.errored,
        criteria=tuple(
            CriterionCount(each.testing_criteria[:-_UUID_SUFFIX], each.passed, each.failed)
            for each in criteria
        ),
        usage=Usage(
            prompt_tokens=sum(each.prompt_tokens for each in usages),
            completion_tokens=sum(each.completion_tokens for each in usages),
        ),
        seconds=ended.seconds,
        failed_items=_missed_items(client, run, status="fail"),
        errored_items=_missed_items(client, run, status="error"),
    )


def _data_source(file_id: str, model: str) -> CreateEvalCompletionsRunDataSourceParam:
    return {
        "type": "completions",
        "source": {"type": "file_id", "id": file_id},
        "input_messages": {
            "type": "template",
            "template": [
                {"role": "developer", "content": INSTRUCTIONS},
                {"role": "user", "content": "{{ item.ticket_text }}"},
            ],
        },
        "model": model,
    }


def _missed_items(
    client: OpenAI, run: RunRetrieveResponse, *, status: Literal["fail", "error"]
) -> tuple[MissedItem, ...]:
    # The client fetches page after page while we go through them. "error" is a status its types
    # do not know, so the filter is given by hand.
    pages = client.evals.runs.output_items.list(
        run.id, eval_id=run.eval_id, extra_query={"status": status}
    )
    missed = [_missed_item(item) for item in pages]
    return tuple(sorted(missed, key=lambda item: item.position))


def _missed_item(item: OutputItemListResponse) -> MissedItem:
    return MissedItem(
        position=item.datasource_item_id,
        ticket=str(item.datasource_item["ticket_text"]),
        expected=str(item.datasource_item["correct_label"]),
        answer=_answer(item.sample),
    )


def _answer(sample: Sample | None) -> str:
    """What the model has said, else why it has not: both may be null, whatever the types say."""
    if sample is None:
        return ""
    reason = _reason(sample.error)
    return reason or " ".join(message.content or "" for message in sample.output)


def _reason(error: EvalAPIError | None) -> str | None:
    return None if error is None else error.message
