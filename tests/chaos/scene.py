"""What is killed, what it works on meanwhile, and how it is looked at in the end."""

import json
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
import openai

from tests.engine.runs import has_ended, rows
from tests.support.running_server import RunningServer

ROWS = 120
LOGGED = 60
ANSWER, WANTED = "{{ sample.output_text }}", "{{ item.expected }}"
MODEL = "mock-model"
CODE = """
def grade(sample, item):
    return float(item["expected"] in sample["output_text"])
"""
SAME: dict[str, Any] = {
    "type": "string_check",
    "name": "same",
    "input": ANSWER,
    "operation": "eq",
    "reference": WANTED,
}
BLEU: dict[str, Any] = {
    "type": "text_similarity",
    "name": "alike",
    "evaluation_metric": "bleu",
    "input": ANSWER,
    "reference": WANTED,
    "pass_threshold": 0.9,
}
LABEL: dict[str, Any] = {
    "type": "label_model",
    "name": "label",
    "model": "mock-grader",
    "input": [{"role": "user", "content": '{"steps": [], "result": "good"}'}],
    "labels": ["good", "bad"],
    "passing_labels": ["good"],
}
SCORE: dict[str, Any] = {
    "type": "score_model",
    "name": "score",
    "model": "mock-grader",
    "input": [{"role": "user", "content": '{"steps": [], "result": 7}'}],
    "range": [0, 10],
    "pass_threshold": 5,
}
PYTHON: dict[str, Any] = {"type": "python", "name": "code", "source": CODE, "pass_threshold": 1.0}
MULTI: dict[str, Any] = {
    "type": "multi",
    "name": "both",
    "graders": {
        "alike": {key: BLEU[key] for key in BLEU if key != "pass_threshold"},
        "same": SAME,
    },
    "calculate_output": "0.5 * alike + 0.5 * same",
}
PROMPT = {"type": "template", "template": [{"role": "user", "content": "{{ item.prompt }}"}]}
ITEM_SCHEMA = {
    "type": "object",
    "properties": {"prompt": {"type": "string"}, "expected": {"type": "string"}},
    "required": ["prompt", "expected"],
}
SAID_SAMPLE: dict[str, Any] = {**SAME, "reference": "{{ item.input[0].content }}"}


@dataclass(frozen=True, slots=True)
class Work:
    """An eval, and the data source of its run."""

    name: str
    config: dict[str, Any]
    criteria: Sequence[dict[str, Any]]
    source: dict[str, Any]


def content(*, with_sample: bool = False) -> dict[str, Any]:
    """Inline rows; every tenth fails."""
    made = rows(ROWS)
    if with_sample:
        for row in made:
            item: dict[str, str] = row["item"]  # type: ignore[assignment]
            row["sample"] = {"output_text": item["prompt"]}
    return {"type": "file_content", "content": made}


CUSTOM = {"type": "custom", "item_schema": ITEM_SCHEMA, "include_sample_schema": True}
LOGS = {"type": "logs", "metadata": {"use": "chaos"}}
STORED = {"type": "stored_completions", "metadata": {"use": "chaos"}}


def works(file_id: str) -> list[Work]:
    """Runs with every kind of grader and of data source."""
    sampled = {"type": "completions", "model": MODEL, "input_messages": PROMPT}
    uploaded = {"type": "file_id", "id": file_id}
    again = {"type": "item_reference", "item_reference": "item.input"}
    return [
        Work("inline", CUSTOM, [SAME, BLEU], {**sampled, "source": content()}),
        Work("file", CUSTOM, [SAME, LABEL], {**sampled, "source": uploaded}),
        Work("responses", CUSTOM, [SCORE], {**sampled, "type": "responses", "source": content()}),
        Work(
            "as they are",
            CUSTOM,
            [PYTHON, MULTI],
            {"type": "jsonl", "source": content(with_sample=True)},
        ),
        Work("stored", LOGS, [SAID_SAMPLE], {"type": "completions", "source": STORED}),
        Work(
            "stored, sampled anew",
            LOGS,
            [SAID_SAMPLE],
            {"type": "completions", "model": MODEL, "input_messages": again, "source": STORED},
        ),
    ]


def prepare(client: openai.OpenAI) -> list[Work]:
    """What is worked on, once the logs and the file are there that some of it is about."""
    for number in range(LOGGED):
        client.chat.completions.create(
            model=MODEL,
            messages=[{"role": "user", "content": f"say {number}"}],
            store=True,
            metadata={"use": "chaos"},
        )
    lines = "".join(json.dumps(row) + "\n" for row in rows(ROWS))
    file = client.files.create(file=("rows.jsonl", lines.encode()), purpose="evals")
    return works(file.id)


def begin(client: openai.OpenAI, work: Work) -> tuple[str, str]:
    """The ids of an eval and of a run of it."""
    made = client.evals.create(
        name=work.name,
        data_source_config=work.config,  # type: ignore[arg-type]
        testing_criteria=list(work.criteria),  # type: ignore[arg-type]
    )
    run = client.evals.runs.create(made.id, data_source=work.source)  # type: ignore[arg-type]
    return made.id, run.id


def end_state(client: openai.OpenAI, eval_id: str, run_id: str) -> dict[str, Any]:
    """Everything of an ended run that must not depend on what happened meanwhile."""
    run: dict[str, Any] = client.evals.runs.retrieve(run_id, eval_id=eval_id).to_dict()
    items: dict[int, Any] = {}
    verdicts: dict[tuple[str, str], list[int]] = {}
    for each in client.evals.runs.output_items.list(run_id, eval_id=eval_id, limit=100):
        item: dict[str, Any] = each.to_dict()
        assert item["datasource_item_id"] not in items, "a row was recorded twice"
        items[item["datasource_item_id"]] = {
            "item": item["datasource_item"],
            "status": item["status"],
            "scores": [(result["score"], result["passed"]) for result in item["results"]],
            "said": item["sample"]["output"],
            "error": item["sample"]["error"],
        }
        for result in item["results"]:
            outcome = "error" if "error" in result else "pass" if result["passed"] else "fail"
            verdicts.setdefault((result["name"], outcome), []).append(item["datasource_item_id"])
    criteria = {criterion for criterion, _ in verdicts}
    for key in ((each, outcome) for each in criteria for outcome in ("pass", "fail", "error")):
        assert found_by_verdict(client, run_id, *key) == verdicts.get(key, []), key
    results = run["per_testing_criteria_results"] or []
    return {
        "status": run["status"],
        "error": run["error"],
        "counts": run["result_counts"],
        "usage": run["per_model_usage"],
        "criteria": [(each["passed"], each["failed"]) for each in results],
        "items": items,
    }


def found_by_verdict(client: openai.OpenAI, run_id: str, criterion: str, outcome: str) -> list[int]:
    """The rows of the items to which this criterion gave this verdict, as they are searched for."""
    query = {"criterion": criterion, "outcome": outcome, "limit": "100"}
    rows_found: list[int] = []
    has_more = True
    while has_more:
        page: Any = client.get(
            f"/evald/runs/{run_id}/items", cast_to=object, options={"params": query}
        )
        assert page["has_verdicts"], run_id
        rows_found += [each["datasource_item_id"] for each in page["data"]]
        has_more, query["after"] = page["has_more"], page["next"] or ""
    return rows_found


def have_ended(server: RunningServer, runs: Sequence[tuple[str, str]]) -> bool:
    """Whether every run has ended."""
    client = server.client()
    found = (client.evals.runs.retrieve(run_id, eval_id=eval_id) for eval_id, run_id in runs)
    return all(map(has_ended, found))


def rows_done(server: RunningServer, eval_id: str, run_id: str) -> int:
    """How many rows of the run have an item; as many as there may be of one that has ended."""
    run = server.client().evals.runs.retrieve(run_id, eval_id=eval_id)
    counts = run.result_counts
    return sys.maxsize if has_ended(run) else counts.passed + counts.failed + counts.errored


def wait_until_further(server: RunningServer, ids: tuple[str, str], before: int) -> int:
    """How many rows of the run have an item, once they are more than before."""
    end = time.monotonic() + 60
    while (done := rows_done(server, *ids)) <= before < sys.maxsize:
        assert time.monotonic() < end, f"run {ids[1]} stands still at {before} rows"
        threading.Event().wait(0.05)
    return done


def wait_until_ended(
    server: RunningServer, runs: Sequence[tuple[str, str]], *, within_s: float
) -> None:
    """Returns once every run has ended."""
    end = time.monotonic() + within_s
    while not have_ended(server, runs):
        assert time.monotonic() < end, f"some of {runs} did not end"
        threading.Event().wait(0.1)


def name_endpoint(server: RunningServer, url: str) -> None:
    """The endpoint is told of runs that end."""
    made = httpx2.post(
        f"{server.url}/v1/evald/webhooks",
        headers={"authorization": "Bearer sk-anything"},
        json={"url": url},
    )
    assert made.status_code == 201, made.text
