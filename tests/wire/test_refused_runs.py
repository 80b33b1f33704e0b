"""Runs that cannot work: refused at once where that can be seen, or failed with the reason."""

import threading
import time
from typing import Any

import openai
import pytest
from openai.types.evals import RunListResponse

from tests.wire.bodies import (
    Json,
    an_eval,
    completions,
    custom,
    in_file,
    inline,
    jsonl,
    responses,
    row,
    rows,
    said,
)
from tests.wire.runs import WITHIN_S, ended, ended_run, items_of, new_eval, new_run

MANY = 150_000
CONTENT = "data_source.source.content"
NUMBERS = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.fixture(scope="module")
def eval_id(client: openai.OpenAI) -> str:
    return new_eval(client)


@pytest.fixture(scope="module")
def numbers_id(client: openai.OpenAI) -> str:
    """An eval whose items hold an integer `n`."""
    return new_eval(client, an_eval(data_source_config=custom(NUMBERS)))


def refusal(client: openai.OpenAI, eval_id: str, body: Json) -> openai.BadRequestError:
    with pytest.raises(openai.BadRequestError) as refused:
        client.post(f"/evals/{eval_id}/runs", body=body, cast_to=object)
    assert list(client.evals.runs.list(eval_id)) == []
    return refused.value


def failed_run(client: openai.OpenAI, eval_id: str) -> RunListResponse:
    """The first run of the eval that has failed; runs that have not are not sent along."""
    end = time.monotonic() + WITHIN_S
    while time.monotonic() < end:
        for run in client.evals.runs.list(eval_id, status="failed"):
            return run
        threading.Event().wait(0.05)
    raise AssertionError(f"no run of {eval_id} failed within {WITHIN_S} s")


def upload(client: openai.OpenAI, content: bytes) -> str:
    return client.files.create(file=("rows.jsonl", content), purpose="evals").id


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({}, "data_source", "missing_required_parameter"),
        ({"data_source": []}, "data_source", "invalid_type"),
        ({"data_source": {"type": "tsv"}}, "data_source.type", "invalid_value"),
        (
            {"data_source": {"type": "jsonl"}},
            "data_source.source",
            "missing_required_parameter",
        ),
        (
            {"data_source": jsonl({"type": "stored_completions"})},
            "data_source.source.type",
            "invalid_value",
        ),
        (
            {"data_source": jsonl({"type": "file_content"})},
            "data_source.source.content",
            "missing_required_parameter",
        ),
        (
            {"data_source": jsonl({"type": "file_content", "content": {}})},
            "data_source.source.content",
            "invalid_type",
        ),
        (
            {"data_source": jsonl(in_file("file-nowhere"))},
            "data_source.source.id",
            "file_not_found",
        ),
        (
            {"data_source": completions(inline([]), model=None)},
            "data_source.model",
            "missing_required_parameter",
        ),
        (
            {"data_source": responses(inline([]), input_messages=None)},
            "data_source.input_messages",
            "missing_required_parameter",
        ),
        (
            {
                "data_source": completions(
                    inline([]),
                    input_messages={"type": "item_reference", "item_reference": "sample.x"},
                )
            },
            "data_source.input_messages.item_reference",
            "invalid_value",
        ),
        (
            {"data_source": completions(inline([]), sampling_params={"temperature": "hot"})},
            "data_source.sampling_params.temperature",
            "invalid_type",
        ),
        (
            {"data_source": jsonl(inline([])), "metadata": {"a": "v" * 513}},
            "metadata",
            "invalid_value",
        ),
    ],
)
def test_a_run_that_cannot_work_is_refused(
    client: openai.OpenAI, eval_id: str, body: Json, param: str, code: str
) -> None:
    """Ours: the document has a 400 for runs, and no words for it."""
    error = refusal(client, eval_id, body)

    assert (error.param, error.code) == (param, code)


def test_a_row_over_which_a_pattern_runs_out_of_steps_is_that_items_error(
    client: openai.OpenAI,
) -> None:
    """Ours: no bad row, and no run or server held up by it."""
    pattern = "^(?:(?=a)a|aa)*$(?<!b)"
    schema = {"type": "object", "properties": {"text": {"pattern": pattern}}}
    content = [said("x", text="aa", expected="x"), said("x", text="a" * 50 + "c", expected="x")]

    run = ended_run(client, an_eval(data_source_config=custom(schema)), jsonl(inline(content)))

    fine, undecided = items_of(client, run)
    assert (run.status, fine.status, undecided.status) == ("completed", "pass", "error")
    assert undecided.sample.error.code == "item_schema_undecided"


def test_an_eval_over_logs_runs_over_rows_of_ones_own(client: openai.OpenAI) -> None:
    """Ours: what can be made to work is accepted."""
    body = an_eval(data_source_config={"type": "logs"})

    run = ended_run(client, body, jsonl(inline([said("x", expected="x")])))

    assert run.result_counts.passed == 1


@pytest.mark.parametrize(
    ("bad", "pointer"),
    [
        ({"item": {"n": "7"}}, "/item/n"),
        ({"item": {}}, "/item"),
        ({"item": [1]}, "/item"),
        ({"n": 7}, "no 'item'"),
        (7, "an object"),
    ],
)
def test_a_bad_row_is_refused_naming_row_and_place(
    client: openai.OpenAI, numbers_id: str, bad: Any, pointer: str
) -> None:
    """That rows must fit is documented; the answer is ours."""
    content = [{"item": {"n": 1}}, {"item": {"n": 2}}, bad, {"item": {"n": 3}}]

    error = refusal(client, numbers_id, {"data_source": jsonl(inline(content))})

    assert (error.param, error.code) == (f"{CONTENT}[2]", "invalid_data_source")
    assert pointer in error.message
    assert "2" in error.message


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"item": {"n": "7"}}', "/item/n"),
        (b'{"item": {"n": 7}', "JSON"),
        (b'{"item": {"n": NaN}}', "NaN"),
        (b'{"item": {"n": 7}} {"item": {"n": 8}}', "JSON"),
        (b'{"n": 7}', "no 'item'"),
        (b"[]", "an object"),
        (b'{"item": {"n": 7, "text": "\xff"}}', "UTF-8"),
    ],
)
def test_a_bad_line_is_refused_naming_the_line(
    client: openai.OpenAI, numbers_id: str, line: bytes, reason: str
) -> None:
    """Ours: blank lines count, so that the number is the one that an editor shows."""
    file_id = upload(client, b'{"item": {"n": 1}}\n\n' + line + b'\n{"item": {"n": 2}}\n')

    error = refusal(client, numbers_id, {"data_source": jsonl(in_file(file_id))})

    assert (error.param, error.code) == ("data_source.source.id", "invalid_data_source")
    assert "Line 3 of the file" in error.message
    assert reason in error.message


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf{"item":{"n":1}}\r\n\r\n  \t\r\n{"item":{"n":2}}\r\n',
        b'\n\n{"item":{"n":1}}\n\n \n{"item":{"n":2}}',
        b' {"item": {"n": 1}, "other": 3} \n{"item":{"n":2}}\n\n\n',
    ],
)
def test_blank_lines_crlf_and_a_byte_order_mark_are_passed_over(
    client: openai.OpenAI, numbers_id: str, content: bytes
) -> None:
    """Ours; nothing says what the hosted service did."""
    run_id = new_run(client, numbers_id, jsonl(in_file(upload(client, content))))

    items = items_of(client, ended(client, numbers_id, run_id))
    client.evals.runs.delete(run_id, eval_id=numbers_id)

    assert [(item.datasource_item_id, item.datasource_item) for item in items] == [
        (0, {"n": 1}),
        (1, {"n": 2}),
    ]


def test_rows_that_come_twice_are_kept_twice(client: openai.OpenAI) -> None:
    """Inferred."""
    run = ended_run(client, an_eval(), jsonl(inline([row("a"), row("a")])))

    assert [item.datasource_item_id for item in items_of(client, run)] == [0, 1]


@pytest.mark.slow
def test_a_bad_line_far_into_a_file_fails_the_run_before_a_model_is_asked(
    client: openai.OpenAI, numbers_id: str
) -> None:
    """Ours: rows are checked before the answer as far as 0.3 s reach, the others by the run."""
    file_id = upload(client, b'{"item":{"n":1}}\n' * MANY + b'{"item":{"n":"1"}}\n')
    run_id = new_run(client, numbers_id, completions(in_file(file_id)))

    run = ended(client, numbers_id, run_id)
    client.evals.runs.delete(run_id, eval_id=numbers_id)

    assert run.status == "failed"
    assert run.error.code == "invalid_data_source"
    assert f"Line {MANY + 1} of the file" in run.error.message
    assert "/item/n" in run.error.message
    assert run.result_counts.total == 0
    assert run.per_model_usage == []


@pytest.mark.slow
def test_a_bad_row_far_into_the_content_fails_the_run(
    client: openai.OpenAI, numbers_id: str
) -> None:
    """Ours, as with files; rows of the request count from 0."""
    content = b'{"item":{"n":1}},' * MANY + b'{"item":{"n":[]}}'
    body = b'{"data_source":{"type":"jsonl","source":{"type":"file_content","content":[%b]}}}'

    made = client.post(f"/evals/{numbers_id}/runs", content=body % content, cast_to=RunListResponse)
    run = failed_run(client, numbers_id)
    client.evals.runs.delete(run.id, eval_id=numbers_id)

    assert run.id == made.id
    assert run.error.code == "invalid_data_source"
    assert f"Row {MANY} of the content" in run.error.message


def test_rows_before_the_bad_one_do_not_leave_a_run_behind(
    client: openai.OpenAI, eval_id: str
) -> None:
    """Ours: a refused request has made nothing."""
    refusal(client, eval_id, {"data_source": jsonl(inline([*rows(500), {"item": {}}]))})


def test_a_run_of_an_eval_that_is_not_there_is_a_404(client: openai.OpenAI) -> None:
    """Ours; the document would have a 400 here, and a 404 wherever else an id is unknown."""
    with pytest.raises(openai.NotFoundError) as refused:
        new_run(client, "eval_nowhere", jsonl(inline([])))

    assert "eval_nowhere" in refused.value.message
