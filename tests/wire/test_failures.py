"""Providers that refuse, stall or say "later", as runs and items tell of them."""

import openai
import pytest
from openai.types.evals import RunRetrieveResponse

from tests.support.mock_provider import MockProvider
from tests.wire.bodies import an_eval, completions, free_eval, inline, responses, row, rows
from tests.wire.runs import ended_run, graded, items_of, new_eval, new_run, said_by, wait_for


def test_twenty_first_rows_refused_alike_fail_the_run(client: openai.OpenAI) -> None:
    """Ours: one error of the run, and not the same one of every row."""
    content = [row(f"[refused] {n}") for n in range(300)]

    run = ended_run(client, an_eval(), completions(inline(content)))

    assert run.status == "failed"
    assert run.error.code == "invalid_api_key"
    assert "Incorrect API key provided." in run.error.message
    counts = run.result_counts
    assert counts.total == counts.errored < 300
    assert [each.id for each in client.evals.runs.list(run.eval_id, status="failed")] == [run.id]


def test_a_few_refused_rows_are_errored_items_of_a_completed_run(client: openai.OpenAI) -> None:
    """Observed in kind (`completed` with errored items); where the error stands is documented."""
    content = [row(f"[refused] {n}") for n in range(10)]

    run = ended_run(client, an_eval(), completions(inline(content)))

    assert run.status == "completed"
    assert run.to_dict()["error"] is None
    assert (run.result_counts.total, run.result_counts.errored) == (10, 10)
    assert run.per_model_usage == []
    assert [(each.passed, each.failed) for each in run.per_testing_criteria_results] == [(0, 0)]
    item = items_of(client, run)[0]
    assert item.status == "error"
    assert item.sample.output == []
    assert item.sample.error.code == "invalid_api_key"
    assert item.sample.error.message == "Incorrect API key provided."
    assert [(result.passed, result.score) for result in item.results] == [(False, 0.0)]


def test_one_refused_row_costs_only_itself(client: openai.OpenAI) -> None:
    """Ours: a run never fails because of one row."""
    content = [*rows(30), row("[refused]"), *rows(30)]

    items = graded(client, an_eval(), completions(inline(content)))

    assert [item.datasource_item_id for item in items if item.status == "error"] == [30]
    assert all(item.status == "pass" for item in items[:30] + items[31:])


@pytest.mark.parametrize("data_source", ["completions", "responses"])
def test_rate_limits_are_waited_out(
    client: openai.OpenAI, busy_provider: MockProvider, data_source: str
) -> None:
    """Ours: a 429 costs time, and no row."""
    build = {"completions": completions, "responses": responses}[data_source]
    before = busy_provider.seen.rate_limits

    items = graded(client, an_eval(), build(inline(rows(8)), model="busy"))

    assert [item.status for item in items] == ["pass"] * 8
    assert busy_provider.seen.rate_limits > before


def test_a_run_tells_how_far_it_is(client: openai.OpenAI) -> None:
    """That the total is 0 while queued was observed; that it is the rows after that is ours."""
    eval_id = new_eval(client, free_eval())
    run_id = new_run(client, eval_id, completions(inline([row("a"), row("[slow]"), row("b", "x")])))

    def has_two_items(run: RunRetrieveResponse) -> bool:
        return run.result_counts.passed + run.result_counts.failed == 2

    run = wait_for(client, eval_id, run_id, until=has_two_items)

    counts = run.result_counts
    assert run.status == "in_progress"
    assert (counts.total, counts.passed, counts.failed, counts.errored) == (3, 1, 1, 0)
    assert run.to_dict()["per_model_usage"] is None
    assert run.to_dict()["per_testing_criteria_results"] is None
    early = client.evals.runs.output_items.list(run_id, eval_id=eval_id)
    assert [(item.datasource_item_id, said_by(item)) for item in early] == [(0, "a"), (2, "b")]
    assert client.evals.runs.list(eval_id, status="in_progress").data[0].id == run_id

    canceled = client.evals.runs.cancel(run_id, eval_id=eval_id)

    assert canceled.result_counts.to_dict() == {
        "total": 2,
        "errored": 0,
        "failed": 1,
        "passed": 1,
    }
    kept = client.evals.runs.output_items.list(run_id, eval_id=eval_id)
    assert [item.datasource_item_id for item in kept] == [0, 2]
