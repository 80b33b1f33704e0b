"""A killed server's run ends with every grader's verdicts as if it had never stopped. Ours."""

import json
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.evals import RunRetrieveResponse

from tests.engine.runs import create_run, has_ended, recorded, wait_for
from tests.support.mock_provider import MockProvider
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

COUNT = 150
ANSWER, WANTED = "{{ sample.output_text }}", "{{ item.expected }}"
BLEU = {"type": "text_similarity", "evaluation_metric": "bleu", "input": ANSWER}
CODE = """
def grade(sample, item):
    print(item["prompt"])
    return float(item["expected"] in sample["output_text"])
"""


def asking(kind: str, field: str, **fields: Any) -> dict[str, Any]:
    """A model grader whose model echoes this field of the item."""
    message = {"role": "user", "content": f"{{{{ item.{field} }}}}"}
    return {"type": kind, "name": kind, "model": "mock-grader", "input": [message], **fields}


CRITERIA: list[Any] = [
    {
        "type": "string_check",
        "name": "same",
        "input": ANSWER,
        "operation": "eq",
        "reference": WANTED,
    },
    {**BLEU, "name": "bleu", "reference": WANTED, "pass_threshold": 0.9},
    {
        **BLEU,
        "name": "cosine",
        "evaluation_metric": "cosine",
        "reference": WANTED,
        "pass_threshold": 0.9,
    },
    asking("label_model", "label", labels=["good", "bad"], passing_labels=["good"]),
    asking("score_model", "worth", range=[0, 10], pass_threshold=5),
    {"type": "python", "name": "code", "source": CODE, "pass_threshold": 1.0},
    {
        "type": "multi",
        "name": "both",
        "graders": {
            "alike": {**BLEU, "name": "alike", "reference": WANTED},
            "code": {"type": "python", "name": "code", "source": CODE},
        },
        "calculate_output": "0.5 * alike + 0.5 * code",
        "pass_threshold": 0.9,
    },
]


def a_row(number: int) -> dict[str, object]:
    said: dict[str, object] = {"steps": [], "result": "bad" if number % 5 == 0 else "good"}
    text = f"say number {number} in words"
    expected = "something else" if number % 10 == 9 else text
    return {
        "item": {
            "prompt": text,
            "expected": expected,
            "label": json.dumps(said),
            "worth": json.dumps({**said, "result": number % 11}),
        }
    }


def new_eval(client: openai.OpenAI) -> str:
    made = client.evals.create(
        data_source_config={
            "type": "custom",
            "item_schema": {"type": "object"},
            "include_sample_schema": True,
        },
        testing_criteria=CRITERIA,
    )
    return made.id


def verdicts(server: RunningServer, eval_id: str, run_id: str) -> list[Any]:
    """Each row with its results, in order, without what no two runs share."""
    found = server.client().evals.runs.output_items.list(run_id, eval_id=eval_id, limit=100)
    items = [each.to_dict() for each in found]
    return [
        (each["datasource_item_id"], each["status"], without_times(each["results"]))
        for each in items
    ]


def without_times(results: Any) -> Any:
    kept = [{**each, "sample": bool(each["sample"])} for each in results]
    return json.loads(json.dumps(kept), object_hook=_timeless)


def _timeless(told: dict[str, Any]) -> dict[str, Any]:
    """What is told, of graders within graders too, but for how long it took."""
    return {key: value for key, value in told.items() if key != "seconds"}


def asked(run: RunRetrieveResponse) -> dict[str, int]:
    """How often each model was asked; embeddings are asked for in batches of any size."""
    calls = {each.run_model_name: each.invocation_count for each in run.per_model_usage}
    return {name: count for name, count in calls.items() if name.startswith("mock")}


def test_every_graders_verdicts_are_those_of_a_run_that_never_stopped(tmp_path: Path) -> None:
    with (
        running_provider(MockProvider(latency_s=0.02)) as mock,
        running_server(tmp_path / "data", EVALD_UPSTREAM_BASE_URL=mock.base_url) as server,
    ):
        client = server.client()
        eval_id = new_eval(client)
        content = [a_row(number) for number in range(COUNT)]
        calm_id = create_run(client, eval_id, content)
        calm = wait_for(server, eval_id, calm_id, until=has_ended, within_s=90)

        run_id = create_run(client, eval_id, content)
        wait_for(server, eval_id, run_id, until=lambda run: recorded(run) >= COUNT // 10)
        server.kill()
        server.start()
        wait_for(server, eval_id, run_id, until=lambda run: recorded(run) >= COUNT // 2)
        server.kill()
        server.start()
        run = wait_for(server, eval_id, run_id, until=has_ended, within_s=90)

        assert calm.status == run.status == "completed"
        assert calm.result_counts.errored == 0
        assert run.result_counts == calm.result_counts
        assert run.per_testing_criteria_results == calm.per_testing_criteria_results
        assert len(run.per_testing_criteria_results) == len(CRITERIA)
        assert all(each.passed and each.failed for each in run.per_testing_criteria_results)
        assert verdicts(server, eval_id, run_id) == verdicts(server, eval_id, calm_id)
        assert asked(run) == asked(calm) == {"mock-model": COUNT, "mock-grader": 2 * COUNT}
