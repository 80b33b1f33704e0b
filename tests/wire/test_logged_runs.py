"""Runs over stored chat completions and responses, from the filters to the verdicts."""

import json
from dataclasses import replace
from itertools import count
from typing import Any

import openai
import pytest

from evald.ports.kept import StoredLog
from tests.support.kept_logs import NOW, completion, keep_logs, keep_messages, response
from tests.support.running_server import RunningServer
from tests.wire.bodies import Json, an_eval, completions, custom, responses, string_check, template
from tests.wire.runs import ended, ended_run, graded, items_of, new_eval, new_run, said_by

ARGUMENTS = "sample.output_tools[0].function.arguments"

_uses = (f"use {number}" for number in count(1))


@pytest.fixture
def use() -> str:
    """A metadata value that only this test's logs have."""
    return next(_uses)


def stored_completions(use: str, /, **filters: Any) -> Json:
    """A source of the completions of one test."""
    given = filters.pop("metadata", {})
    return {"type": "stored_completions", "metadata": {"use": use, **given}, **filters}


def stored_responses(use: str, /, **filters: Any) -> Json:
    """A source of the responses of one test."""
    return {**stored_completions(use, **filters), "type": "responses"}


def as_they_are(source: Json) -> Json:
    """A data source whose logs are graded as they are."""
    make = completions if source["type"] == "stored_completions" else responses
    return make(source, model=None, input_messages=None)


def logs_eval(*criteria: Json, **config: Any) -> Json:
    """The body that creates an eval over logs."""
    return an_eval(*criteria, data_source_config={"type": "logs", **config})


def has(text: str) -> Json:
    """A criterion that passes where the output holds this text."""
    return string_check(operation="like", reference=text)


def kept(server: RunningServer, *logs: StoredLog) -> list[str]:
    return keep_logs(server.folder, logs)


def ids_by_run(client: openai.OpenAI, sources: list[Json], **config: Any) -> list[list[str]]:
    """The logs that a run over each of these sources was over, in the order of its rows."""
    eval_id = new_eval(client, logs_eval(has(""), **config))
    runs = [new_run(client, eval_id, as_they_are(source)) for source in sources]
    items = [items_of(client, ended(client, eval_id, run_id)) for run_id in runs]
    return [[str(each.datasource_item["id"]) for each in of_run] for of_run in items]


@pytest.mark.parametrize("config", ["logs", "stored_completions"])
def test_completions_are_graded_as_they_are(
    server: RunningServer, client: openai.OpenAI, use: str, config: str
) -> None:
    """Observed 2025: `item.input`, `sample.output_text`, no model. What else there is is ours."""
    ids = kept(
        server,
        completion("Capital of France?", "Paris", metadata={"use": use}),
        completion("Capital of Spain?", "Rome", metadata={"use": use}, created=NOW + 1),
    )
    body = an_eval(
        string_check(reference="Paris"),
        string_check("asked", input="{{ item.input }}", operation="like", reference="Capital"),
        data_source_config={"type": config, "metadata": {"use": use}},
    )
    source = {"type": "completions", "source": {"type": "stored_completions"}}

    run = ended_run(client, body, source)

    first, second = items_of(client, run)
    assert (run.status, run.model, run.result_counts.total) == ("completed", "", 2)
    assert (first.status, second.status) == ("pass", "fail")
    assert first.datasource_item == {
        "input": [{"role": "user", "content": "Capital of France?"}],
        "id": ids[0],
        "model": "mock-model",
        "metadata": {"use": use},
    }
    assert said_by(first) == "Paris"
    assert [(m.role, m.content) for m in first.sample.input] == [("user", "Capital of France?")]
    assert run.per_model_usage == []
    assert run.to_dict()["data_source"] == {**source, "model": None, "sampling_params": None}


def test_tool_calls_of_a_completion_can_be_graded(
    server: RunningServer, client: openai.OpenAI, use: str
) -> None:
    """That samples have them is documented."""
    tool = {"type": "function", "function": {"name": "weather", "parameters": {}}}
    call = {"name": "weather", "arguments": '{"city":"Oslo"}'}
    called = {"tool_calls": [{"id": "c", "type": "function", "function": call}]}
    log = completion(
        "Oslo?", None, metadata={"use": use}, message=called, request={"tools": [tool]}
    )
    kept(server, log)
    criteria = [
        string_check("n", input="{{ sample.output_tools[0].function.name }}", reference="weather"),
        string_check("a", input=f"{{{{ {ARGUMENTS}.city }}}}", reference="Oslo"),
        string_check("o", input="{{ sample.input_tools[0].function.name }}", reference="weather"),
        string_check("i", input="{{ item.tools[0].function.name }}", reference="weather"),
        string_check("c", input="{{ sample.choices[0].finish_reason }}", reference="stop"),
    ]  # fmt: skip

    (item,) = graded(client, logs_eval(*criteria), as_they_are(stored_completions(use)))

    assert [result.passed for result in item.results] == [True] * 5


def test_completions_that_were_imported_have_their_messages(
    server: RunningServer, client: openai.OpenAI, use: str
) -> None:
    """Ours: an archive holds a completion and its messages apart."""
    log = completion("?", "Ja.", metadata={"use": use}, request_id="req_1")
    (log_id,) = kept(server, imported(log))
    keep_messages(server.folder, log_id, ["Be German.", "Yes?"])

    (item,) = graded(client, logs_eval(has("Ja")), as_they_are(stored_completions(use)))

    assert item.datasource_item["input"] == [
        {"role": "system", "content": "Be German."},
        {"role": "user", "content": "Yes?"},
    ]
    assert item.status == "pass"


def imported(log: StoredLog) -> StoredLog:
    """The log as one of which only the answer is known."""
    return replace(log, request=None)


def test_responses_are_graded_as_they_are(
    server: RunningServer, client: openai.OpenAI, use: str
) -> None:
    """Observed 2025: `item.input`, `sample.output_text`, calls of MCP servers in `output_tools`."""
    mcp = {"type": "mcp_call", "id": "m", "name": "search", "server_label": "docs"}
    asked = {"instructions": "Be brief.", "tools": [{"type": "mcp", "server_label": "docs"}]}
    log = response(
        "Capital of France?", "Paris", metadata={"use": use}, request=asked,
        output=[{**mcp, "arguments": '{"q":"France"}'}],
    )  # fmt: skip
    (log_id,) = kept(server, log)
    criteria = [
        string_check(reference="Paris"),
        string_check("t", input="{{ sample.output_tools[0].function.name }}", reference="search"),
        string_check("i", input="{{ item.instructions }}", reference="Be brief."),
    ]

    run = ended_run(client, logs_eval(*criteria), as_they_are(stored_responses(use)))

    (item,) = items_of(client, run)
    assert [result.passed for result in item.results] == [True] * 3
    assert item.datasource_item == {
        "input": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Capital of France?"},
        ],
        "id": log_id,
        "model": "mock-model",
        "metadata": {"use": use},
        "instructions": "Be brief.",
        "tools": [{"type": "mcp", "server_label": "docs"}],
    }


def test_a_response_that_failed_is_an_errored_item(
    server: RunningServer, client: openai.OpenAI, use: str
) -> None:
    """Ours."""
    failed = {"object": "response", "status": "failed", "error": {"code": "boom", "message": "x"}}
    kept(server, response("?", "", metadata={"use": use}, body=json.dumps(failed)))

    (item,) = graded(client, logs_eval(has("")), as_they_are(stored_responses(use)))

    assert item.status == "error"
    assert item.sample.error.code == "invalid_sample"


def test_completions_are_sampled_anew_with_a_model(
    server: RunningServer, client: openai.OpenAI, use: str
) -> None:
    """Observed 2025 (`item_reference`); that it may be left out is ours."""
    asked = [{"role": "system", "content": "Echo."}, {"role": "user", "content": "Ping"}]
    kept(server, completion("", "Pong", metadata={"use": use}, request={"messages": asked}))
    source = stored_completions(use)
    reference = {"type": "item_reference", "item_reference": "item.input"}

    for messages in (reference, None):
        run = ended_run(
            client,
            logs_eval(string_check(reference="Ping")),
            completions(source, input_messages=messages),
        )
        (item,) = items_of(client, run)
        assert (item.status, said_by(item)) == ("pass", "Ping")
        assert [(m.role, m.content) for m in item.sample.input] == [
            ("system", "Echo."),
            ("user", "Ping"),
        ]
        assert [each.invocation_count for each in run.per_model_usage] == [1]


def test_responses_are_sampled_anew_with_their_instructions(
    server: RunningServer, client: openai.OpenAI, use: str
) -> None:
    """Observed 2025 (`item_reference`); the instructions as a system message are ours."""
    kept(server, response("Ping", "Pong", metadata={"use": use}, request={"instructions": "Echo."}))
    source = responses(stored_responses(use), model="mirror", input_messages=None)

    (item,) = graded(client, logs_eval(has("Ping")), source)

    assert json.loads(said_by(item))["input"] == [
        {"role": "system", "content": "Echo."},
        {"role": "user", "content": "Ping"},
    ]


def test_a_template_may_ask_something_else_about_a_log(
    server: RunningServer, client: openai.OpenAI, use: str
) -> None:
    """Ours."""
    kept(server, completion("Ping", "Pong", metadata={"use": use, "language": "German"}))
    asked = template({"role": "user", "content": "In {{ item.metadata.language }}?"})
    source = completions(stored_completions(use), input_messages=asked)

    (item,) = graded(client, logs_eval(has("In German?")), source)

    assert item.status == "pass"


def test_without_a_model_input_messages_are_no_matter(
    server: RunningServer, client: openai.OpenAI, use: str
) -> None:
    """Ours."""
    kept(server, completion("Ping", "Pong", metadata={"use": use}))
    source = completions(stored_completions(use), model=None, input_messages=template())

    (item,) = graded(client, logs_eval(has("Pong")), source)

    assert item.status == "pass"


@pytest.fixture(scope="module")
def many(server: RunningServer) -> list[str]:
    """Five completions of different times, models and metadata, oldest first."""
    logs = [
        completion(
            "?", str(number), metadata={"use": "many", "part": "odd" if number % 2 else "even"},
            model="m-new" if number > 2 else "m-old", created=NOW + number,
        )
        for number in (3, 1, 4, 0, 2)
    ]  # fmt: skip
    keep_logs(server.folder, logs)
    return [log.id for log in sorted(logs, key=lambda log: log.created)]


def test_filters_of_stored_completions(client: openai.OpenAI, many: list[str]) -> None:
    """Documented (filters), inferred (inclusive bounds); order and `limit` are ours."""
    table: list[tuple[Json, list[int]]] = [
        ({}, [0, 1, 2, 3, 4]),
        ({"model": "m-new", "metadata": {"part": "odd"}}, [3]),
        ({"created_after": NOW + 1, "created_before": NOW + 1}, [1]),
        ({"limit": 2}, [3, 4]),
        ({"limit": 99}, [0, 1, 2, 3, 4]),
        ({"limit": 1, "model": "m-old"}, [2]),
    ]

    found = ids_by_run(client, [stored_completions("many", **filters) for filters, _ in table])

    assert found == [[many[number] for number in which] for _, which in table]


@pytest.fixture(scope="module")
def asked(server: RunningServer) -> list[str]:
    """Four responses that were asked differently."""
    asked: list[Json] = [
        {"instructions": "Answer in LATIN, please.", "user": "ann", "temperature": 0.5},
        {"tools": [{"type": "function", "name": "look"}], "safety_identifier": "bob"},
        {"reasoning": {"effort": "low"}, "tools": [{"type": "web_search"}], "top_p": 0.1},
        {"input": [{"role": "developer", "content": "No latin!"}], "user": "ann"},
    ]
    logs = [
        response("?", "!", metadata={"use": "asked"}, request=each, created=NOW + number)
        for number, each in enumerate(asked)
    ]
    return keep_logs(server.folder, logs)


def test_filters_of_responses(client: openai.OpenAI, asked: list[str]) -> None:
    """Documented; `limit` observed 2025; what a search and several users or tools mean is ours."""
    table: list[tuple[Json, list[int]]] = [
        ({"instructions_search": "latin"}, [0, 3]),
        ({"instructions_search": "latin", "limit": 1}, [3]),
        ({"users": ["bob", "ann"]}, [0, 1, 3]),
        ({"users": []}, [0, 1, 2, 3]),
        ({"tools": ["web_search", "look"]}, [1, 2]),
        ({"reasoning_effort": "low"}, [2]),
        ({"temperature": 0.5}, [0]),
        ({"top_p": 0.1, "model": "mock-model"}, [2]),
    ]

    found = ids_by_run(client, [stored_responses("asked", **filters) for filters, _ in table])

    assert found == [[asked[number] for number in which] for _, which in table]


def test_the_evals_filter_and_the_runs_both_hold(client: openai.OpenAI, many: list[str]) -> None:
    """Observed 2025 that both apply; that they are AND-ed is inferred."""
    found = ids_by_run(client, [stored_completions("many")], metadata={"part": "odd"})

    assert found == [[many[1], many[3]]]


@pytest.mark.parametrize(
    ("config", "filters", "told"),
    [
        ({}, {"model": "m-none"}, "metadata use=many and model 'm-none'"),
        ({"metadata": {"use": "few"}}, {}, "use=few (of the eval) and metadata use=many"),
        ({}, {"created_before": NOW - 1}, f"created_before {NOW - 1}"),
    ],
)
def test_a_run_for_which_nothing_fits_fails_and_says_what_was_asked(
    client: openai.OpenAI, many: list[str], config: Json, filters: Json, told: str
) -> None:
    """Ours: a gate must not pass over nothing."""
    source = as_they_are(stored_completions("many", **filters))

    run = ended_run(client, logs_eval(has(""), **config), source)

    assert many
    assert (run.status, run.error.code) == ("failed", "no_logs_found")
    assert told in run.error.message


def test_rows_of_logs_must_fit_the_schema_of_a_custom_eval(
    server: RunningServer, client: openai.OpenAI, use: str
) -> None:
    """That rows are validated is documented; over logs it is ours."""
    schema = {"properties": {"metadata": {"required": ["topic"]}}}
    body = an_eval(has(""), data_source_config=custom(schema))
    source = as_they_are(stored_completions(use))
    kept(server, completion("?", "!", metadata={"use": use, "topic": "t"}))
    eval_id = new_eval(client, body)
    fitting = ended(client, eval_id, new_run(client, eval_id, source))
    (log_id,) = kept(server, completion("?", "!", metadata={"use": use}))

    run = ended(client, eval_id, new_run(client, eval_id, source))

    assert fitting.result_counts.passed == 1
    assert (run.status, run.error.code) == ("failed", "invalid_data_source")
    assert f"The row of log '{log_id}' at /item/metadata" in run.error.message


def test_logs_that_come_later_are_not_of_the_run(
    server: RunningServer, client: openai.OpenAI, use: str
) -> None:
    """Ours: a run is over what fits when it starts, and shows it ever after."""
    kept(server, completion("?", "!", metadata={"use": use}))
    run = ended_run(client, logs_eval(has("")), as_they_are(stored_completions(use)))
    kept(server, completion("?", "!", metadata={"use": use}))

    assert len(items_of(client, run)) == 1


@pytest.mark.parametrize(
    ("source", "param", "code"),
    [
        ({"type": "stored_completions", "limit": 0}, "limit", "invalid_value"),
        ({"type": "stored_completions", "limit": "5"}, "limit", "invalid_type"),
        ({"type": "stored_completions", "metadata": {"a": 1}}, "metadata.a", "invalid_type"),
        ({"type": "stored_completions", "created_after": -1}, "created_after", "invalid_value"),
        ({"type": "responses", "limit": 0}, "limit", "invalid_value"),
        ({"type": "responses", "metadata": ["a"]}, "metadata", "invalid_type"),
        ({"type": "responses", "users": "ann"}, "users", "invalid_type"),
    ],
)
def test_filters_that_cannot_be_are_refused(
    client: openai.OpenAI, source: Json, param: str, code: str
) -> None:
    """Ours."""
    eval_id = new_eval(client, logs_eval(has("")))

    with pytest.raises(openai.BadRequestError) as refused:
        new_run(client, eval_id, as_they_are(source))

    assert refused.value.code == code
    assert str(refused.value.param) == f"data_source.source.{param}"


@pytest.mark.parametrize(
    ("data_source", "param"),
    [
        (completions({"type": "responses"}), "data_source.source.type"),
        (responses({"type": "stored_completions"}), "data_source.source.type"),
        ({"type": "jsonl", "source": {"type": "responses"}}, "data_source.source.type"),
        (
            completions({"type": "stored_completions"}, input_messages=template(), model=7),
            "data_source.model",
        ),
        (
            completions(
                {"type": "stored_completions"},
                input_messages={"type": "item_reference", "item_reference": "sample.x"},
            ),
            "data_source.input_messages.item_reference",
        ),
    ],
)
def test_logs_that_could_not_be_asked_are_refused(
    client: openai.OpenAI, data_source: Json, param: str
) -> None:
    """Documented (which source a run may have); the words are ours."""
    eval_id = new_eval(client, logs_eval(has("")))

    with pytest.raises(openai.BadRequestError) as refused:
        new_run(client, eval_id, data_source)

    assert refused.value.param == param
    assert list(client.evals.runs.list(eval_id)) == []
