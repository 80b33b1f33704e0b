"""Imports of logs over the wire. All of it is ours, but for the shapes of what is imported."""

import json
from itertools import count
from typing import Any

import httpx2
import openai
import pytest

from tests.wire.conftest import SMALL_ROW, error_of
from tests.wire.runs import graded

JSONL = {"content-type": "application/jsonl"}
_NUMBERS = count()


def completion(**changes: Any) -> dict[str, Any]:
    """A completion whose id no other test has."""
    message = {"role": "assistant", "content": "Hi"}
    return {
        "id": f"chatcmpl-sent-{next(_NUMBERS)}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "gpt-test",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        **changes,
    }


def sent(http: httpx2.Client, *values: Any, **query: str) -> Any:
    """The report on these lines."""
    lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in values]
    answer = http.post("/v1/evald/logs", content=b"\n".join(lines), headers=JSONL, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_report_says_what_became_of_every_line(http: httpx2.Client) -> None:
    asked = {"messages": [{"role": "user", "content": "Hello"}]}
    good, other = completion(), completion()
    changed = {**other, "model": "gpt-other"}

    report = sent(http, {"request": asked, "response": good}, other, good, changed, b'{"id', b"x")

    fault = "Line 6: it is not JSON: Expecting value: line 1 column 1 (char 0)."
    assert report == {
        "object": "evald.log_import",
        "dry_run": False,
        "lines": 6,
        "new": 2,
        "there": 1,
        "conflicts": 1,
        "bad": 2,
        "others": 0,
        "problems": report["problems"],
        "unlisted": 0,
    }
    conflict, cut, bad = report["problems"]
    message = f"Line 4: '{other['id']}' is here already with other content."
    assert conflict == {"line": 4, "id": other["id"], "code": "conflict", "message": message}
    assert (cut["line"], cut["code"]) == (5, "bad")
    assert bad == {"line": 6, "id": None, "code": "bad", "message": fault}


def test_what_was_sent_is_listed_and_its_messages_too(
    client: openai.OpenAI, http: httpx2.Client
) -> None:
    asked = {"model": "gpt-test", "messages": [{"role": "user", "content": "Hello"}]}
    answered = completion()
    sent(http, {"request": asked, "response": answered, "metadata": {"sent": answered["id"]}})

    (listed,) = client.chat.completions.list(metadata={"sent": answered["id"]}).data
    messages = client.chat.completions.messages.list(answered["id"]).data

    assert (listed.id, listed.created, listed.model) == (answered["id"], 1_700_000_000, "gpt-test")
    assert listed.choices[0].message.content == "Hi"
    assert [(each.role, each.content) for each in messages] == [("user", "Hello")]


def test_what_is_listed_can_be_sent_again(client: openai.OpenAI, http: httpx2.Client) -> None:
    """A stored completion as it is listed tells more than its answer did, and is the same."""
    asked = {"model": "gpt-test", "messages": [{"role": "user", "content": "Hello"}]}
    answered = completion()
    sent(http, {"request": asked, "response": answered, "metadata": {"again": answered["id"]}})
    page = http.get("/v1/chat/completions", params={"metadata[again]": answered["id"]}).json()
    (listed,) = client.chat.completions.list(metadata={"again": answered["id"]}).data

    report = sent(http, page, listed.model_dump_json().encode(), listed.to_dict())

    assert (report["there"], report["new"], report["conflicts"], report["bad"]) == (3, 0, 0, 0)


def test_a_response_that_was_sent_is_answered(client: openai.OpenAI, http: httpx2.Client) -> None:
    said = {"type": "output_text", "text": "Hi", "annotations": []}
    message = {"type": "message", "id": "msg_1", "role": "assistant", "content": [said]}
    answered: dict[str, Any] = {
        "id": f"resp_sent{next(_NUMBERS)}",
        "object": "response",
        "created_at": 1_700_000_000,
        "status": "completed",
        "model": "gpt-test",
        "output": [message],
    }

    report = sent(http, {"request": {"model": "gpt-test", "input": "Hello"}, "response": answered})

    assert report["new"] == 1
    assert client.responses.retrieve(answered["id"]).output_text == "Hi"


def test_an_export_of_spans_is_taken_as_one_document(http: httpx2.Client) -> None:
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-test",
        "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text","content":"Hello"}]}]',
        "gen_ai.output.messages": '[{"role":"assistant","parts":[]}]',
    }
    listed = [{"key": key, "value": {"stringValue": each}} for key, each in attributes.items()]
    span = {"traceId": "a1", "spanId": f"b{next(_NUMBERS)}", "attributes": listed}
    export = {"resourceSpans": [{"scopeSpans": [{"spans": [span, {"name": "GET"}]}]}]}
    headers = {"content-type": "application/json; charset=utf-8"}
    content = json.dumps(export, indent=2).encode()

    first = http.post("/v1/evald/logs", content=content, headers=headers).json()
    again = http.post("/v1/evald/logs", content=content, headers=headers).json()

    assert (first["new"], first["others"], first["bad"]) == (1, 1, 0)
    assert (again["new"], again["there"]) == (0, 1)


def test_a_dry_run_changes_nothing(http: httpx2.Client) -> None:
    line = completion()

    assert sent(http, line, dry_run="true")["new"] == 1
    assert sent(http, line, dry_run="true")["new"] == 1
    assert sent(http, line)["new"] == 1


def test_an_empty_stream_is_nothing(http: httpx2.Client) -> None:
    assert sent(http)["lines"] == 0


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"content-type": "text/plain"}, "unsupported_content_type"),
        ({"content-type": "multipart/form-data; boundary=x"}, "unsupported_content_type"),
        ({}, "unsupported_content_type"),
    ],
)
def test_what_a_browser_may_send_from_anywhere_is_refused(
    http: httpx2.Client, headers: dict[str, str], code: str
) -> None:
    answer = http.post("/v1/evald/logs", content=b"{}", headers=headers)

    assert (answer.status_code, error_of(answer)["code"]) == (400, code)


def test_dry_run_is_true_or_false(http: httpx2.Client) -> None:
    answer = http.post("/v1/evald/logs?dry_run=maybe", content=b"{}", headers=JSONL)

    assert (answer.status_code, error_of(answer)["param"]) == (400, "dry_run")


def test_a_line_is_bounded_and_a_stream_is_not(keyed_http: httpx2.Client) -> None:
    """The server's other bodies have at most 100,000 bytes, and its rows at most 20,000."""
    lines = [completion(service_tier="x" * 1_000) for _ in range(150)]
    long = completion(service_tier="x" * SMALL_ROW)

    report = sent(keyed_http, *lines, long, completion())

    assert (report["new"], report["bad"]) == (151, 1)
    assert report["problems"][0]["line"] == 151
    assert f"more than {SMALL_ROW:,} bytes" in report["problems"][0]["message"]


def test_logs_that_were_sent_can_be_sampled_anew(
    client: openai.OpenAI, http: httpx2.Client
) -> None:
    """Stored completions are the source of runs, wherever they come from."""
    asked = {"model": "gpt-test", "messages": [{"role": "user", "content": "Hello"}]}
    answered = completion()
    sent(http, {"request": asked, "response": answered, "metadata": {"run": answered["id"]}})
    stored = {"type": "stored_completions", "metadata": {"run": answered["id"]}}
    check = {
        "type": "string_check",
        "name": "same",
        "input": "{{ sample.output_text }}",
        "operation": "eq",
        "reference": "Hi",
    }
    config = {"type": "stored_completions"}

    (item,) = graded(
        client,
        {"testing_criteria": [check], "data_source_config": config},
        {"type": "completions", "source": stored},
    )

    assert item.status == "pass"
