"""`label_model` and `score_model`, as runs show them.

The default provider echoes the last user message, so that a grader whose message is a verdict gets
that verdict; the mirror says back the request, so that a test sees what went out.
"""

import json
from typing import Any

import httpx2
import openai
import pytest
from openai.types.evals.runs import OutputItemListResponse

from tests.support.mock_provider import MockProvider
from tests.support.running_server import RunningServer
from tests.wire.bodies import Json, completions, free_eval, inline, jsonl, row, said, string_check
from tests.wire.mirror import SNAPSHOT
from tests.wire.runs import ended, ended_run, graded, items_of, new_eval, new_run

VERDICT = '{"steps": [], "result": {{ item.verdict }}}'
LABELS: Json = {"type": "label_model", "labels": ["good", "bad"], "passing_labels": ["good"]}


def user(content: Any = VERDICT) -> Json:
    return {"role": "user", "content": content}


def score(name: str = "score", **changes: Any) -> Json:
    """A criterion whose score is the item's verdict."""
    messages = [user()]
    return {
        "type": "score_model",
        "name": name,
        "model": "mock-grader",
        "input": messages,
        **changes,
    }


def label(**changes: Any) -> Json:
    """A criterion whose label is the item's verdict."""
    return score("label", **LABELS, **changes)


def error_of(item: OutputItemListResponse, number: int = 0) -> Any:
    return item.results[number].to_dict()["error"]


def sample_of(item: OutputItemListResponse, number: int = 0) -> Any:
    """The call of a grader."""
    return item.results[number].to_dict()["sample"]


SCORES: list[tuple[Json, str, float, bool]] = [
    ({}, "0.5", 0.5, True),
    ({}, "0.4", 0.4, False),
    ({}, "12", 1.0, True),
    ({"pass_threshold": 0.9}, "0.8", 0.8, False),
    ({"range": [1, 7], "pass_threshold": 5.0}, "5", 5.0, True),
    ({"range": [1, 7], "pass_threshold": 5.0}, "0", 1.0, False),
    ({"range": [1, 7]}, "4", 4.0, True),
    ({"range": [1, 7]}, "3.9", 3.9, False),
    ({}, '"high"', 0.0, False),
]


def test_score_model_truth(client: openai.OpenAI) -> None:
    """Clipping and 0 for what is no number are documented; scale and comparison inferred."""
    criteria = [
        score(str(number), input=[user(f'{{"steps": [], "result": {verdict}}}')], **fields)
        for number, (fields, verdict, _, _) in enumerate(SCORES)
    ]

    (item,) = graded(client, free_eval(*criteria), jsonl(inline([said("x")])))

    shown = [(result.score, result.passed) for result in item.results]
    assert shown == [(worth, passed) for _, _, worth, passed in SCORES]


def test_label_model_truth(client: openai.OpenAI) -> None:
    """Which labels pass is documented; 1, 0 and the error are ours."""
    content = [said("x", verdict=chosen) for chosen in ('"good"', '"bad"', '"ok"')]

    items = graded(client, free_eval(label()), jsonl(inline(content)))

    assert [item.status for item in items] == ["pass", "fail", "error"]
    assert [item.results[0].score for item in items] == [1.0, 0.0, 0.0]
    assert [item.results[0].passed for item in items] == [True, False, False]
    assert error_of(items[2])["code"] == "label_unknown"
    assert "'ok'" in error_of(items[2])["message"]


def test_the_graders_call_stands_on_the_result(client: openai.OpenAI, http: httpx2.Client) -> None:
    """Observed 2025-07: keys, their order, the values of what was not set; the time is ours."""
    picture = {"type": "input_image", "image_url": "https://x.test/{{ item.photo }}"}
    system = {"role": "system", "content": ["Be strict.", picture]}
    eval_id = new_eval(client, free_eval(score(input=[system, user()])))
    source = jsonl(inline([said("x", verdict=0.75, photo="a.png")]))
    run = ended(client, eval_id, new_run(client, eval_id, source))

    text = http.get(f"/v1/evals/{eval_id}/runs/{run.id}/output_items").text

    (result,) = json.loads(text)["data"][0]["results"]
    verdict = '{"steps": [], "result": 0.75}'
    assert list(result) == ["name", "sample", "passed", "score"]
    usage = result["sample"].pop("usage")
    assert list(usage) == ["total_tokens", "completion_tokens", "prompt_tokens", "cached_tokens"]
    name, seconds = result["sample"].popitem()
    assert name == "seconds"
    assert 0.0 <= seconds < 60.0
    assert list(result["sample"].items()) == [
        (
            "input",
            [
                {"role": "system", "content": "Be strict. <image>https://x.test/a.png</image>"},
                {"role": "user", "content": verdict},
            ],
        ),
        ("output", [{"role": "assistant", "content": verdict}]),
        ("finish_reason", "stop"),
        ("model", "mock-grader"),
        ("error", None),
        ("seed", None),
        ("temperature", 1.0),
        ("top_p", 1.0),
        ("reasoning_effort", None),
        ("max_completions_tokens", 4096),
    ]


def test_what_goes_out_for_a_grader(client: openai.OpenAI) -> None:
    """Parts, parameters and the strict schema are documented; names of the latter are observed."""
    parts = [
        {"type": "input_text", "text": "Hear {{ item.name }}:"},
        {"type": "input_audio", "input_audio": {"data": "{{ item.sound }}", "format": "wav"}},
        {"type": "input_image", "image_url": "{{ item.photo }}", "detail": "low"},
    ]
    params = {"seed": 42, "max_completions_tokens": 99, "reasoning_effort": "low"}
    criterion = label(model="mirror", input=[user(parts)], sampling_params=params)
    item = {"name": "Ada", "sound": "UklGRg==", "photo": "https://x.test/a.png"}

    (shown,) = graded(client, free_eval(criterion), jsonl(inline([said("x", **item)])))

    asked = json.loads(sample_of(shown)["output"][0]["content"])
    form = asked.pop("response_format")
    assert asked == {
        "model": "mirror",
        "seed": 42,
        "reasoning_effort": "low",
        "max_completion_tokens": 99,
        "messages": [
            user(
                [
                    {"type": "text", "text": "Hear Ada:"},
                    {
                        "type": "input_audio",
                        "input_audio": {"data": "UklGRg==", "format": "wav"},
                    },
                    {
                        "type": "image_url",
                        "image_url": {"url": "https://x.test/a.png", "detail": "low"},
                    },
                ]
            )
        ],
    }
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    properties = form["json_schema"]["schema"]["properties"]
    assert list(properties) == ["steps", "result"]
    assert properties["result"] == {"type": "string", "enum": ["good", "bad"]}
    assert sample_of(shown)["input"] == [
        user("Hear Ada: <audio> <image>https://x.test/a.png</image>")
    ]
    assert sample_of(shown)["max_completions_tokens"] == 99


@pytest.mark.parametrize(
    ("model", "code"), [("mirror-refuses", "grader_refused"), ("mirror", "grader_unparsable")]
)
def test_no_verdict_is_asked_for_once_more_and_both_calls_count(
    client: openai.OpenAI, model: str, code: str
) -> None:
    """Ours: the criterion is errored with the reason, and its call is shown."""
    run = ended_run(
        client,
        free_eval(score(model=model), string_check()),
        jsonl(inline([said("x", expected="x", verdict=1)])),
    )

    (item,) = items_of(client, run)
    assert item.status == "error"
    assert [result.passed for result in item.results] == [False, True]
    assert error_of(item)["code"] == sample_of(item)["error"]["code"] == code
    assert sample_of(item)["model"] == SNAPSHOT
    assert sample_of(item)["usage"]["total_tokens"] == 18
    (usage,) = run.per_model_usage
    assert (usage.run_model_name, usage.invocation_count) == (SNAPSHOT, 2)
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (14, 4, 6)
    counts = [(each.passed, each.failed) for each in run.per_testing_criteria_results]
    assert counts == [(0, 0), (1, 0)]


def test_a_providers_refusal_is_the_criterions_error_in_its_words(client: openai.OpenAI) -> None:
    """Ours; that the error of a grader may stand in its sample is documented."""
    criterion = score(input=[user("[refused]")])
    content = [said("x", expected="x", verdict=1)]

    (item,) = graded(client, free_eval(criterion, string_check()), jsonl(inline(content)))

    assert item.status == "error"
    assert error_of(item) == sample_of(item)["error"]
    assert error_of(item)["code"] == "invalid_api_key"
    assert sample_of(item)["output"] == []
    assert item.results[1].passed


@pytest.mark.parametrize(("model", "mode"), [("unstrict", "json_object"), ("plain", "text")])
def test_providers_without_structured_outputs_grade_too(
    client: openai.OpenAI,
    unstrict_provider: MockProvider,
    plain_provider: MockProvider,
    model: str,
    mode: str,
) -> None:
    """Ours: noted on the result, told to the model, and refused once, not once a row."""
    seen = {"unstrict": unstrict_provider, "plain": plain_provider}[model].seen
    before = seen.refusals
    criterion = score(model=model, input=[user(f"Well:\n```json\n{VERDICT}\n```")])
    content = [said("x", verdict=number / 300) for number in range(300)]

    items = graded(client, free_eval(criterion), jsonl(inline(content)))

    assert [item.results[0].score for item in items] == [number / 300 for number in range(300)]
    assert {item.results[0].to_dict()["structured_output"] for item in items} == {mode}
    asked = sample_of(items[0])["input"]
    assert [message["role"] for message in asked] == ["system", "user"]
    assert "JSON Schema" in asked[0]["content"]
    # Rows of the first moment are under way before the first of them is refused.
    assert 0 < seen.refusals - before < 300


def test_graders_that_are_all_refused_alike_fail_the_run(client: openai.OpenAI) -> None:
    """Ours: also where no model is sampled."""
    criterion = score(input=[user("[refused]")])

    run = ended_run(client, free_eval(criterion), jsonl(inline([said("x")] * 300)))

    assert run.status == "failed"
    assert run.error.code == "invalid_api_key"
    assert run.result_counts.errored == run.result_counts.total < 300


def test_tokens_of_graders_count_by_model_and_apart_on_the_page(
    client: openai.OpenAI, server: RunningServer
) -> None:
    """That graders count is inferred; that our page tells them apart is ours."""
    content = [row("say", verdict=1)] * 3
    both = [score(model="mirror-grader"), score("same model", model="mock-model")]

    run = ended_run(client, free_eval(*both), completions(inline(content)))

    usages = {each.run_model_name: each for each in run.per_model_usage}
    assert {name: each.invocation_count for name, each in usages.items()} == {
        "mock-model": 6,
        SNAPSHOT: 6,  # it says back the request, in which there is no result, and is asked again
    }
    page = httpx2.get(run.report_url)
    told = [
        line for line in page.text.splitlines() if line in ("<td>samples</td>", "<td>grades</td>")
    ]
    assert told == ["<td>samples</td>", "<td>grades</td>", "<td>grades</td>"]


def test_a_variable_that_is_not_there_costs_no_call(client: openai.OpenAI) -> None:
    """Ours, as for any criterion."""
    run = ended_run(client, free_eval(score()), jsonl(inline([said("x")])))

    (item,) = items_of(client, run)
    assert error_of(item)["code"] == "unresolved_variable"
    assert sample_of(item) is None
    assert run.per_model_usage == []


def test_sampling_params_of_a_label_model_are_echoed(client: openai.OpenAI) -> None:
    """Observed as null; that they may be given is ours."""
    created = client.evals.create(**free_eval(label(sampling_params={"temperature": 0.5})))

    assert created.testing_criteria[0].to_dict()["sampling_params"] == {"temperature": 0.5}
