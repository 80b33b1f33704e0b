"""Second chances over HTTP: retry, resume, regrade. All of it is ours.

The routes are asked by plain HTTP; what they make is read by the official client.
"""

from typing import Any

import httpx2
import openai
import pytest
from openai.types.evals import RunRetrieveResponse

from tests.support.mock_provider import MockProvider
from tests.wire.bodies import (
    Json,
    an_eval,
    completions,
    custom,
    in_file,
    inline,
    jsonl,
    row,
    said,
    string_check,
)
from tests.wire.runs import ended, ended_run, items_of, new_eval, new_run, said_by, wait_for

OTHER = string_check("other", operation="ne")


@pytest.fixture(scope="module")
def run(client: openai.OpenAI) -> RunRetrieveResponse:
    """A run that has ended, of which a row was refused, two passed and one failed."""
    content = [row("one"), row("two [refused]"), row("three"), row("four", "five")]
    return ended_run(client, an_eval(), completions(inline(content)))


def ask(http: httpx2.Client, run_id: str, verb: str, *, key: str = "", **body: Any) -> Json:
    """The run that is answered; raises where it is none."""
    headers = {"idempotency-key": key} if key else {}
    answer = http.post(f"/v1/evald/runs/{run_id}/{verb}", json=body or None, headers=headers)
    assert answer.status_code == (201 if verb == "regrade" else 200), answer.text
    made: Json = answer.json()
    return made


def refusal(http: httpx2.Client, run_id: str, verb: str, **body: Any) -> tuple[int, str, str]:
    """The status, code and message of the error that is answered."""
    answer = http.post(f"/v1/evald/runs/{run_id}/{verb}", json=body or None)
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


def regraded(
    client: openai.OpenAI, http: httpx2.Client, run_id: str, **body: Any
) -> RunRetrieveResponse:
    """The run that graded the items anew, once it has ended."""
    made = ask(http, run_id, "regrade", **body)
    assert made["status"] == "queued"
    return ended(client, made["eval_id"], made["id"])


def test_a_retry_asks_again_for_errored_rows_alone(
    client: openai.OpenAI, http: httpx2.Client, provider: MockProvider, run: RunRetrieveResponse
) -> None:
    before, asked = items_of(client, run), provider.seen.requests

    taken_up = ask(http, run.id, "retry")
    again = ended(client, run.eval_id, run.id)
    after = items_of(client, again)

    assert (taken_up["status"], taken_up["error"]) == ("in_progress", None)
    assert taken_up["result_counts"] == {"total": 4, "errored": 0, "failed": 1, "passed": 2}
    assert taken_up["per_testing_criteria_results"] is None
    assert again.result_counts == run.result_counts
    assert again.per_testing_criteria_results == run.per_testing_criteria_results
    assert [each.status for each in after] == ["pass", "error", "pass", "fail"]
    assert [a.id == b.id for a, b in zip(after, before, strict=True)] == [True, False, True, True]
    assert provider.seen.requests == asked + 1


def test_usage_that_was_paid_stays_in_the_sum(client: openai.OpenAI, http: httpx2.Client) -> None:
    """The answer of a row whose grader errs was paid for, at each of its chances."""
    grader = string_check("missing", input="{{ sample.output_json.x }}")
    run = ended_run(client, an_eval(grader), completions(inline([row("say")])))

    ask(http, run.id, "retry")
    again = ended(client, run.eval_id, run.id)

    assert [each.invocation_count for each in run.per_model_usage] == [1]
    assert [each.invocation_count for each in again.per_model_usage] == [2]
    assert again.result_counts.total == again.result_counts.errored == 1


@pytest.mark.parametrize("verb", ["retry", "resume"])
def test_a_run_with_nothing_to_take_up_is_answered_as_it_is(
    client: openai.OpenAI, http: httpx2.Client, verb: str
) -> None:
    run = ended_run(client, an_eval(), completions(inline([row("one")])))

    answered = [ask(http, run.id, verb) for _ in range(2)]

    assert answered[0] == answered[1]
    assert answered[0] == client.evals.runs.retrieve(run.id, eval_id=run.eval_id).to_dict()


@pytest.mark.parametrize("verb", ["retry", "resume"])
def test_a_run_under_way_is_answered_as_it_is(
    client: openai.OpenAI, http: httpx2.Client, verb: str
) -> None:
    eval_id = new_eval(client)
    run_id = new_run(client, eval_id, completions(inline([row("[slow]")])))
    wait_for(client, eval_id, run_id, until=lambda run: run.status == "in_progress")

    answered = ask(http, run_id, verb)
    refused = refusal(http, run_id, "regrade", testing_criteria=[OTHER])
    client.evals.runs.cancel(run_id, eval_id=eval_id)

    assert answered["status"] == "in_progress"
    assert refused[:2] == (400, "run_under_way")


def test_a_canceled_run_is_resumed_and_not_retried(
    client: openai.OpenAI, http: httpx2.Client
) -> None:
    eval_id = new_eval(client)
    content = [row("one"), row("two [refused]"), row("[slow] three")]
    run_id = new_run(client, eval_id, completions(inline(content)))
    wait_for(client, eval_id, run_id, until=lambda run: run.result_counts.errored == 1)
    client.evals.runs.cancel(run_id, eval_id=eval_id)

    refused = refusal(http, run_id, "retry")
    resumed = ask(http, run_id, "resume")
    client.evals.runs.cancel(run_id, eval_id=eval_id)

    assert refused[:2] == (400, "run_incomplete")
    assert "rows have no output item; resume it" in refused[2]
    assert resumed["status"] == "in_progress"
    assert resumed["result_counts"]["errored"] == 0


def test_a_run_that_failed_before_its_rows_were_known_is_not_resumed(
    client: openai.OpenAI, http: httpx2.Client
) -> None:
    source: Json = {"type": "stored_completions", "metadata": {"nobody": "has this"}}
    body = an_eval(data_source_config={"type": "logs"})
    run = ended_run(client, body, {"type": "completions", "source": source})

    status, code, message = refusal(http, run.id, "resume")

    assert (status, code) == (400, "run_unplanned")
    assert run.error.message in message


def test_a_run_whose_file_was_just_deleted_is_taken_up(
    client: openai.OpenAI, http: httpx2.Client
) -> None:
    """The bytes go a while later; a run that needs them keeps them until it ends."""
    line = b'{"item": {"prompt": "x [refused]", "expected": "x"}}\n'
    file = client.files.create(file=("rows.jsonl", line), purpose="evals")
    run = ended_run(client, an_eval(), completions(in_file(file.id)))

    ask(http, run.id, "retry")
    ended(client, run.eval_id, run.id)
    client.files.delete(file.id)
    assert ask(http, run.id, "retry")["status"] == "in_progress"
    assert ended(client, run.eval_id, run.id).status == "completed"


def test_grading_anew_asks_no_model_and_shows_the_same_samples(
    client: openai.OpenAI, http: httpx2.Client, provider: MockProvider, run: RunRetrieveResponse
) -> None:
    asked = provider.seen.requests

    again = regraded(client, http, run.id, testing_criteria=[OTHER], metadata={"why": "ne"})
    old, new = items_of(client, run), items_of(client, again)

    assert again.status == "completed"
    assert provider.seen.requests == asked
    assert again.per_model_usage == []
    assert (again.name, again.metadata) == (run.name, {"why": "ne"})
    assert [each.status for each in new] == ["fail", "error", "fail", "pass"]
    assert [each.sample for each in new] == [each.sample for each in old]
    assert [each.datasource_item for each in new] == [each.datasource_item for each in old]


def test_the_eval_that_is_made_names_its_origin_and_takes_the_same_rows(
    client: openai.OpenAI, http: httpx2.Client, run: RunRetrieveResponse
) -> None:
    again = regraded(client, http, run.id, testing_criteria=[OTHER], name="stricter")
    old, made = (client.evals.retrieve(each.eval_id) for each in (run, again))

    assert again.name == "stricter"
    assert made.metadata == {"regraded_eval_id": old.id, "regraded_run_id": run.id}
    assert made.data_source_config == old.data_source_config
    assert [each.name for each in made.testing_criteria] == ["other"]


def test_an_eval_that_is_there_grades_anew_by_the_official_client_too(
    client: openai.OpenAI, http: httpx2.Client, run: RunRetrieveResponse
) -> None:
    eval_id = new_eval(client, an_eval(OTHER))
    source = jsonl({"type": "evald_run", "run_id": run.id})

    by_us = regraded(client, http, run.id, eval_id=eval_id)
    by_them = ended(client, eval_id, new_run(client, eval_id, source))

    assert by_us.eval_id == eval_id
    # The client has no type for it, and shows what it got.
    sources: list[Any] = [by_us.data_source.source, by_them.data_source.source]
    assert [(each.type, each.run_id) for each in sources] == [("evald_run", run.id)] * 2
    assert by_us.result_counts == by_them.result_counts


def test_what_was_graded_anew_can_be_again(
    client: openai.OpenAI, http: httpx2.Client, run: RunRetrieveResponse
) -> None:
    once = regraded(client, http, run.id, testing_criteria=[OTHER])
    twice = regraded(client, http, once.id, testing_criteria=[string_check()])

    assert [said_by(each) for each in items_of(client, twice)[2:]] == ["three", "four"]
    assert twice.result_counts == run.result_counts


def test_rows_that_never_had_a_sample_are_graded_anew(
    client: openai.OpenAI, http: httpx2.Client
) -> None:
    check = string_check(input="{{ item.a }}", reference="1")
    body = an_eval(check, data_source_config=custom({}))
    run = ended_run(client, body, jsonl(inline([{"item": {"a": 1}}, said("x", a=2)])))

    again = regraded(client, http, run.id, testing_criteria=[{**check, "operation": "ne"}])

    assert [each.status for each in items_of(client, run)] == ["pass", "fail"]
    assert [each.status for each in items_of(client, again)] == ["fail", "pass"]


def test_a_misfit_row_fails_the_run_and_is_named(
    client: openai.OpenAI, http: httpx2.Client, run: RunRetrieveResponse
) -> None:
    numbers = {"type": "object", "properties": {"prompt": {"type": "integer"}}}
    check = string_check(reference="x")
    eval_id = new_eval(client, an_eval(check, data_source_config=custom(numbers)))

    again = regraded(client, http, run.id, eval_id=eval_id)

    assert (again.status, again.error.code) == ("failed", "invalid_data_source")
    assert again.error.message.startswith(f"Item 0 of run '{run.id}' at /item/prompt")


def test_one_key_makes_one_run_and_takes_one_up_once(
    client: openai.OpenAI, http: httpx2.Client
) -> None:
    run = ended_run(client, an_eval(), completions(inline([row("one [refused]")])))
    criteria = [string_check("anew")]

    first, second = (
        ask(http, run.id, "regrade", key=run.id, testing_criteria=criteria) for _ in range(2)
    )
    conflict = http.post(
        f"/v1/evald/runs/{run.id}/regrade",
        json={"testing_criteria": [OTHER]},
        headers={"idempotency-key": run.id},
    )
    ask(http, run.id, "retry", key=f"{run.id}-retry")
    ended(client, run.eval_id, run.id)
    again = ask(http, run.id, "retry", key=f"{run.id}-retry")

    assert (first["id"], first["eval_id"]) == (second["id"], second["eval_id"])
    assert conflict.status_code == 409
    assert again["status"] == "completed"


@pytest.mark.parametrize("verb", ["retry", "resume", "regrade"])
@pytest.mark.parametrize("run_id", ["evalrun_none", "%00", "..%2fx", "💥", "evalrun_' OR 1=1"])
def test_an_unknown_run_is_not_found(http: httpx2.Client, verb: str, run_id: str) -> None:
    assert refusal(http, run_id, verb, testing_criteria=[OTHER])[:2] in [
        (404, "not_found"),
        (404, "unknown_url"),
    ]


def test_a_deleted_run_or_eval_gets_no_second_chance(
    client: openai.OpenAI, http: httpx2.Client
) -> None:
    run = ended_run(client, an_eval(), completions(inline([row("one [refused]")])))
    client.evals.delete(run.eval_id)

    for verb in ("retry", "resume", "regrade"):
        assert refusal(http, run.id, verb, testing_criteria=[OTHER])[:2] == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "missing_required_parameter", "testing_criteria"),
        ({"testing_criteria": []}, "invalid_value", "testing_criteria"),
        ({"testing_criteria": "x"}, "invalid_type", "testing_criteria"),
        ({"testing_criteria": [OTHER], "eval_id": "eval_x"}, "invalid_value", "eval_id"),
        ({"eval_id": "eval_none"}, "not_found", None),
        ({"eval_id": 7}, "invalid_type", "eval_id"),
        ({"testing_criteria": [OTHER], "metadata": {"a": 1}}, "invalid_type", "metadata.a"),
        (
            {"testing_criteria": [string_check(input="{{ item.x }", operation="is")]},
            "invalid_value",
            "testing_criteria[0].operation",
        ),
    ],
)
def test_what_cannot_grade_is_refused(
    http: httpx2.Client, run: RunRetrieveResponse, body: Json, code: str, param: str | None
) -> None:
    answer = http.post(f"/v1/evald/runs/{run.id}/regrade", json=body)

    error = answer.json()["error"]
    assert answer.status_code == (404 if code == "not_found" else 400)
    assert (error["code"], error["param"]) == (code, param)


def test_a_data_source_that_names_no_run_of_ours_is_refused(client: openai.OpenAI) -> None:
    eval_id = new_eval(client)

    with pytest.raises(openai.NotFoundError):
        new_run(client, eval_id, jsonl({"type": "evald_run", "run_id": "evalrun_none"}))
    with pytest.raises(openai.BadRequestError):
        new_run(client, eval_id, completions({"type": "evald_run", "run_id": "evalrun_none"}))
