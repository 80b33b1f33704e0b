"""Chat completions through the gateway: passed on as they are, and kept if that is wanted.

Rests on: documented (the official client's shapes), observed 2026-04 (stored completions), and ours
where a test says so. Every test runs on both databases.
"""

import asyncio
import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import httpx2
import openai
import pytest

from evald.adapters.clock import SystemClock
from tests.support.postgresql import new_database
from tests.support.running_server import RunningServer, running_server
from tests.support.scripted_provider import (
    EVENTS,
    JSON,
    Reply,
    ScriptedProvider,
    json_reply,
    scripted_provider,
    stream_reply,
)

UPSTREAM_KEY = "sk-upstream-0123456789"
HELLO: Any = [{"role": "user", "content": "Hello?"}]
_numbers = count(1)


@pytest.fixture(scope="module")
def provider() -> Iterator[ScriptedProvider]:
    with scripted_provider() as scripted:
        yield scripted


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)]
)
def gateway(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    provider: ScriptedProvider,
) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("gateway")
    (folder / "evald.toml").write_text(
        f'[[providers]]\nname = "storing"\nbase_url = "{provider.base_url}"\n'
        'models = ["storing*"]\nforward_store = true\n'
        '[[providers]]\nname = "gone"\nbase_url = "http://127.0.0.1:9/v1"\nmodels = ["gone"]\n'
        '[[providers]]\nname = "own"\ntype = "python"\ntarget = "own_model:answer"\n'
        'models = ["own"]\n'
    )
    (folder / "own_model.py").write_text("def answer(body):\n    return 'own words'\n")
    more = {"EVALD_DATABASE_URL": new_database()} if request.param == "postgresql" else {}
    with running_server(
        folder / "data",
        EVALD_UPSTREAM_BASE_URL=provider.base_url,
        EVALD_UPSTREAM_API_KEY=UPSTREAM_KEY,
        EVALD_ATTEMPT_TIMEOUT_S="2",
        **more,
    ) as running:
        yield running


@pytest.fixture(scope="module")
def client(gateway: RunningServer) -> openai.OpenAI:
    return gateway.client(max_retries=0)


@pytest.fixture(scope="module")
def http(gateway: RunningServer) -> Iterator[httpx2.Client]:
    headers = {"authorization": "Bearer sk-any"}
    with httpx2.Client(base_url=f"{gateway.url}/v1", headers=headers, timeout=10) as plain:
        yield plain


@pytest.fixture
def model() -> str:
    """A name that no other test uses."""
    return f"model-{next(_numbers)}"


def completion(said: Any = "Hi.", **changes: Any) -> dict[str, Any]:
    message = said if isinstance(said, dict) else {"role": "assistant", "content": said}
    return {
        "id": f"chatcmpl-up-{next(_numbers)}",
        "object": "chat.completion",
        "created": SystemClock().now(),
        "model": "m-2026-01-01",
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
        "system_fingerprint": "fp_1",
        **changes,
    }


def chunks(*deltas: Any, usage: Any = None) -> list[dict[str, Any]]:
    head = {
        "id": f"chatcmpl-up-{next(_numbers)}",
        "object": "chat.completion.chunk",
        "created": SystemClock().now(),
        "model": "m-2026-01-01",
    }
    told = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        for delta in deltas
    ]
    end = {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return [*told, end, *([{**head, "choices": [], "usage": usage}] if usage else [])]


def post(http: httpx2.Client, model: str, **body: Any) -> httpx2.Response:
    return http.post("/chat/completions", json={"model": model, "messages": HELLO, **body})


def code_of(answer: httpx2.Response) -> tuple[int, str | None, str | None]:
    error = answer.json()["error"]
    assert list(error) == ["message", "type", "param", "code"]
    return answer.status_code, error["code"], error["param"]


# What is passed on


def test_a_clients_headers_go_along_as_far_as_they_are_the_providers(
    client: openai.OpenAI, provider: ScriptedProvider, model: str
) -> None:
    """Ours: which ones."""
    provider.replies[model] = json_reply(completion())

    client.chat.completions.create(
        model=model, messages=HELLO, extra_headers={"OpenAI-Beta": "x=v1", "X-Own": "1"}
    )

    sent = provider.request_of(model).headers
    assert (sent.get("openai-beta"), sent.get("x-own")) == ("x=v1", None)
    assert sent["authorization"] == f"Bearer {UPSTREAM_KEY}"


def test_bytes_go_both_ways_as_they_are(
    http: httpx2.Client, provider: ScriptedProvider, model: str
) -> None:
    answer = b'{ "id":"c",\n"choices":[ ],"odd": 1.50, "big":123456789012345678901234567890}'
    provider.replies[model] = Reply([answer[:20], answer[20:]])
    asked = b'{"model":"%b" , "temperature":1.0, "odd":{"a":[1e2]}}' % model.encode()

    got = http.post("/chat/completions", content=asked, headers=JSON)

    assert got.content == answer
    assert provider.request_of(model).body == asked


def test_what_is_stored_is_answered_as_it_came_too(
    http: httpx2.Client, provider: ScriptedProvider, model: str
) -> None:
    """And of what was asked, `store` and `metadata` alone are missing, numbers as they were."""
    answer = json.dumps(completion(odd=1.5), indent=1).replace("1.5", "1.50").encode()
    provider.replies[model] = Reply([answer])
    asked = '{"model":"%s","store":true,"seed":123456789012345678901,"top_p":1.0,"metadata":{}}'

    got = http.post("/chat/completions", content=asked % model, headers=JSON)

    assert got.content == answer
    sent = b'{"model":"%b","seed":123456789012345678901,"top_p":1.0}' % model.encode()
    assert provider.request_of(model).body == sent


@pytest.mark.parametrize("stored", [True, False])
def test_a_stream_is_passed_on_byte_for_byte(
    http: httpx2.Client, provider: ScriptedProvider, model: str, stored: bool
) -> None:
    events = b"".join(
        [
            b": keep-alive\r\n\r\n",
            *(f"data:  {json.dumps(each)}\r\n\r\n".encode() for each in chunks({"content": "ü"})),
            b"event: odd\nid: 1\ndata: [DONE]\n\n",
        ]
    )
    provider.replies[model] = Reply([events[:77], events[77:]], 200, EVENTS)

    got = post(http, model, stream=True, store=stored)

    assert got.headers["content-type"] == EVENTS["content-type"]
    assert got.content == events


def test_a_client_gets_each_event_as_it_comes(
    client: openai.OpenAI, provider: ScriptedProvider, model: str
) -> None:
    told = [f"data: {json.dumps(each)}\n\n".encode() for each in chunks({"content": "a"})]
    provider.replies[model] = Reply([told[0], "hang"], 200, EVENTS)

    with client.chat.completions.create(model=model, messages=HELLO, stream=True) as stream:
        assert next(stream).choices[0].delta.content == "a"


@pytest.mark.parametrize("status", [400, 404, 409, 422, 429, 500, 503, 529])
def test_an_error_of_the_provider_keeps_status_and_body(
    http: httpx2.Client, provider: ScriptedProvider, model: str, status: int
) -> None:
    error = {"error": {"message": "No.", "odd": [1]}}
    provider.replies[model] = json_reply(error, status=status, retry_after="7", x_request_id="up")

    got = post(http, model, store=True, stream=True)

    assert (got.status_code, got.json()) == (status, error)
    assert (got.headers["retry-after"], got.headers["x-upstream-request-id"]) == ("7", "up")
    assert got.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize("status", [401, 403])
def test_an_error_about_our_key_is_ours(
    http: httpx2.Client, provider: ScriptedProvider, model: str, status: int
) -> None:
    provider.replies[model] = json_reply({"error": f"bad key {UPSTREAM_KEY}"}, status=status)

    got = post(http, model)

    assert code_of(got) == (502, "provider_auth", None)
    assert "bad key" not in got.text


def test_what_becomes_of_a_provider_that_cannot_be_asked(http: httpx2.Client) -> None:
    assert code_of(post(http, "gone")) == (502, "provider_unreachable", None)


@pytest.mark.slow
def test_a_provider_that_says_nothing_is_given_up(
    http: httpx2.Client, provider: ScriptedProvider, model: str
) -> None:
    provider.replies[model] = Reply(silent=True)

    assert code_of(post(http, model)) == (504, "provider_timeout", None)


def test_an_answer_that_breaks_off_is_no_answer(
    http: httpx2.Client, provider: ScriptedProvider, model: str
) -> None:
    provider.replies[model] = Reply([b'{"id":', "break"])

    assert code_of(post(http, model)) == (502, "provider_broken", None)


def test_a_redirect_is_no_answer(
    http: httpx2.Client, provider: ScriptedProvider, model: str
) -> None:
    provider.replies[model] = Reply([], 302, {"location": "http://127.0.0.1:9/"})

    assert code_of(post(http, model)) == (502, "provider_broken", None)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", (400, "invalid_json", None)),
        (b"[]", (400, "invalid_type", None)),
        (b"{}", (400, "missing_required_parameter", "model")),
        (b'{"model":1}', (400, "invalid_type", "model")),
        (b'{"model":"m","store":1}', (400, "invalid_type", "store")),
        (b'{"model":"m","metadata":{"a":1}}', (400, "invalid_type", "metadata.a")),
        (b'{"model":"m","metadata":[]}', (400, "invalid_type", "metadata")),
        (
            json.dumps({"model": "m", "metadata": {str(n): "" for n in range(17)}}).encode(),
            (400, "invalid_value", "metadata"),
        ),
        (
            json.dumps({"model": "m", "metadata": {"a": "x" * 513}}).encode(),
            (400, "invalid_value", "metadata"),
        ),
        (b'{"model":"m","metadata":{"a":"\\ud800"}}', (400, "invalid_value", "metadata.a")),
        (b'{"model":"m","store":true,"x":NaN}', (400, "invalid_json", None)),
    ],
)
def test_what_is_refused_here(http: httpx2.Client, body: bytes, told: Any) -> None:
    assert code_of(http.post("/chat/completions", content=body, headers=JSON)) == told


def test_what_is_not_declared_to_be_json_is_refused(http: httpx2.Client) -> None:
    got = http.post("/chat/completions", content=b"{}", headers={"content-type": "text/plain"})

    assert code_of(got) == (400, "unsupported_content_type", None)


def test_a_function_of_the_operator_answers_too(client: openai.OpenAI) -> None:
    kept = client.chat.completions.create(model="own", messages=HELLO, store=True)
    told = list(client.chat.completions.create(model="own", messages=HELLO, stream=True))

    assert client.chat.completions.retrieve(kept.id).choices[0].message.content == "own words"
    assert told[0].choices[0].delta.content == "own words"


def test_a_provider_that_keeps_answers_is_told(
    http: httpx2.Client, provider: ScriptedProvider
) -> None:
    provider.replies["storing-1"] = json_reply(completion())

    made = post(http, "storing-1", store=True, metadata={"a": "b"})

    assert provider.body_of("storing-1")["store"] is True
    assert provider.body_of("storing-1")["metadata"] == {"a": "b"}
    kept = http.get(f"/chat/completions/{made.json()['id']}").json()
    assert kept["metadata"] == {"a": "b"}


# What is kept


def test_a_completion_that_was_not_to_be_stored_is_not(
    client: openai.OpenAI, provider: ScriptedProvider, model: str
) -> None:
    provider.replies[model] = json_reply(completion())

    made = client.chat.completions.create(model=model, messages=HELLO, metadata={"a": "b"})

    with pytest.raises(openai.NotFoundError):
        client.chat.completions.retrieve(made.id)


def test_a_stored_completion_is_shown_in_the_form_of_the_hosted_service(
    http: httpx2.Client, provider: ScriptedProvider, model: str
) -> None:
    """Observed 2026-04, but for what the request said."""
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    provider.replies[model] = json_reply(completion("Hi."))

    answer = post(
        http, model, store=True, metadata={"a": "b"}, tools=tools, temperature=0.5, user="u"
    )

    made = answer.json()
    assert http.get(f"/chat/completions/{made['id']}").json() == {
        "object": "chat.completion",
        "id": made["id"],
        "model": "m-2026-01-01",
        "created": made["created"],
        "request_id": answer.headers["x-request-id"],
        "tool_choice": None,
        "usage": made["usage"],
        "seed": None,
        "top_p": 1.0,
        "temperature": 0.5,
        "presence_penalty": 0.0,
        "frequency_penalty": 0.0,
        "system_fingerprint": "fp_1",
        "input_user": "u",
        "service_tier": "default",
        "tools": tools,
        "metadata": {"a": "b"},
        "choices": [
            {
                "index": 0,
                "message": {
                    "content": "Hi.",
                    "role": "assistant",
                    "tool_calls": None,
                    "function_call": None,
                },
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "response_format": None,
    }


STREAMED = [
    {"role": "assistant", "content": "", "refusal": None},
    {"content": "Let me "},
    {"content": "see."},
    {"reasoning_content": "Hm"},
    {"reasoning_content": "m."},
    {"tool_calls": [{"index": 0, "id": "a", "type": "function", "function": {"name": "f"}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": '{"x":'}}]},
    {"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]},
]
ASSEMBLED = {
    "role": "assistant",
    "content": "Let me see.",
    "refusal": None,
    "reasoning_content": "Hmm.",
    "tool_calls": [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x":1}'}}
    ],
    "function_call": None,
}


def test_a_stream_is_kept_as_the_answer_that_it_tells(
    client: openai.OpenAI, provider: ScriptedProvider, model: str
) -> None:
    usage = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    provider.replies[model] = stream_reply(*chunks(*STREAMED, usage=usage))

    told = list(
        client.chat.completions.create(model=model, messages=HELLO, store=True, stream=True)
    )

    kept = client.chat.completions.retrieve(told[0].id).to_dict()
    assert kept["choices"][0]["message"] == ASSEMBLED  # type: ignore[index]
    assert kept["usage"] == usage


async def test_an_async_client_streams_and_stores(
    gateway: RunningServer, provider: ScriptedProvider, model: str
) -> None:
    provider.replies[model] = lambda _: stream_reply(*chunks({"content": "a"}, {"content": "b"}))
    async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key="x") as client:

        async def ask() -> str:
            stream = await client.chat.completions.create(
                model=model, messages=HELLO, store=True, stream=True
            )
            told = [chunk async for chunk in stream]
            return told[0].id

        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(ask()) for _ in range(10)]

        pages = await client.chat.completions.list(model=model, limit=4)
        kept = [each async for each in pages]

    assert sorted(each.id for each in kept) == sorted(task.result() for task in asking)
    assert {each.choices[0].message.content for each in kept} == {"ab"}


@pytest.mark.parametrize("is_stream", [True, False])
def test_the_second_of_two_answers_with_one_id_gets_another(
    client: openai.OpenAI, provider: ScriptedProvider, model: str, is_stream: bool
) -> None:
    """Ours: ids of two providers may meet."""
    answer = completion("Hi.", id=f"same-{model}")
    stream = stream_reply(*({**each, "id": f"same-{model}"} for each in chunks({"content": "Hi."})))
    provider.replies[model] = json_reply(answer)
    first = client.chat.completions.create(model=model, messages=HELLO, store=True)
    provider.replies[model] = stream if is_stream else json_reply(answer)

    told: Any = client.chat.completions.create(
        model=model, messages=HELLO, store=True, stream=is_stream
    )

    ids = {chunk.id for chunk in told} if is_stream else {told.id}
    assert first.id == f"same-{model}"
    assert len(ids) == 1
    assert ids.isdisjoint({first.id})
    kept = client.chat.completions.retrieve(ids.pop())
    assert kept.choices[0].message.content == "Hi."


def test_an_answer_without_an_id_gets_one(
    http: httpx2.Client, provider: ScriptedProvider, model: str
) -> None:
    """Ours: some servers give none."""
    answer = completion()
    del answer["id"]
    provider.replies[model] = json_reply(answer)

    made = post(http, model, store=True).json()

    assert http.get(f"/chat/completions/{made['id']}").status_code == 200


@pytest.mark.parametrize("end", [["break"], pytest.param(["hang"], marks=pytest.mark.slow), []])
def test_a_stream_that_breaks_off_says_so_and_is_not_kept(
    http: httpx2.Client, provider: ScriptedProvider, model: str, end: Any
) -> None:
    told = chunks({"content": "a"})[:1]
    provider.replies[model] = stream_reply(*told, done=False, end=end)

    got = post(http, model, store=True, stream=True)

    *events, last, rest = got.text.split("\n\n")
    assert (len(events), rest) == (1, "")
    error = json.loads(last.removeprefix("data: "))["error"]
    assert error["code"] == ("provider_timeout" if end == ["hang"] else "provider_broken")
    assert "[DONE]" not in got.text
    assert http.get(f"/chat/completions/{told[0]['id']}").status_code == 404


def test_the_official_client_raises_where_a_stream_breaks_off(
    client: openai.OpenAI, provider: ScriptedProvider, model: str
) -> None:
    told = chunks({"content": "a"})[:1]
    provider.replies[model] = stream_reply(*told, done=False, end=["break"])
    stream = client.chat.completions.create(model=model, messages=HELLO, stream=True)

    with pytest.raises(openai.APIError, match="broke the connection"):
        list(stream)


def test_a_stream_that_ends_whole_without_done_is_kept(
    client: openai.OpenAI, provider: ScriptedProvider, model: str
) -> None:
    provider.replies[model] = stream_reply(*chunks({"content": "a"}), done=False)

    told = list(
        client.chat.completions.create(model=model, messages=HELLO, store=True, stream=True)
    )

    assert client.chat.completions.retrieve(told[0].id).choices[0].message.content == "a"


@pytest.mark.parametrize(
    "reply",
    [
        Reply([b'{"object":"list","data":[]}']),
        Reply([b"<html>"], 200, {"content-type": "text/html"}),
        Reply([b'{"choices":[],"x":' + b"[" * 300 + b"]" * 300 + b"}"]),
    ],
)
def test_what_is_no_completion_is_passed_on_and_not_kept(
    http: httpx2.Client, provider: ScriptedProvider, model: str, reply: Reply
) -> None:
    provider.replies[model] = reply

    got = post(http, model, store=True)

    assert (got.content, got.headers["x-evald-stored"]) == (reply.steps[0], "false")


@pytest.mark.parametrize("odd", [b"data: {\n\n", b'data: {"error":{"message":"m"}}\n\n'])
def test_a_stream_that_cannot_be_kept_says_so_before_its_end(
    http: httpx2.Client, provider: ScriptedProvider, model: str, odd: bytes
) -> None:
    provider.replies[model] = stream_reply(*chunks({"content": "a"}), odd)

    got = post(http, model, store=True, stream=True)

    *_, comment, done, rest = got.content.split(b"\n\n")
    assert comment.startswith(b": not stored: ")
    assert (done, rest) == (b"data: [DONE]", b"")
    assert http.get("/chat/completions", params={"model": model}).json()["data"] == []


# What is done with what is kept


@pytest.fixture
def kept(client: openai.OpenAI, provider: ScriptedProvider, model: str) -> list[str]:
    """The ids of five completions of this model, each with metadata of its own."""
    provider.replies[model] = lambda _: json_reply(completion(model=model))
    ids = []
    for number in range(5):
        metadata = {"number": str(number), "use": "odd" if number % 2 else "even"}
        made = client.chat.completions.create(
            model=model, messages=HELLO, store=True, metadata=metadata
        )
        ids.append(made.id)
    return ids


def test_a_list_goes_on_page_by_page(client: openai.OpenAI, kept: list[str], model: str) -> None:
    rising = [each.id for each in client.chat.completions.list(model=model, limit=2)]
    falling = [each.id for each in client.chat.completions.list(model=model, order="desc")]

    assert (rising, falling) == (kept, kept[::-1])


def test_a_list_can_be_asked_for_metadata(
    client: openai.OpenAI, kept: list[str], model: str
) -> None:
    def found(**metadata: str) -> list[str]:
        page = client.chat.completions.list(model=model, metadata=metadata)
        return [each.id for each in page]

    assert found(use="even") == [kept[0], kept[2], kept[4]]
    assert found(use="even", number="2") == [kept[2]]
    assert found(use="even", number="3") == []
    assert found(nothing="x") == []


def test_a_completion_is_found_by_the_name_that_was_asked_for(
    client: openai.OpenAI, provider: ScriptedProvider, model: str
) -> None:
    provider.replies[model] = json_reply(completion(model=f"{model}-2026-01-01"))
    made = client.chat.completions.create(model=model, messages=HELLO, store=True)

    for name in (model, f"{model}-2026-01-01"):
        assert [each.id for each in client.chat.completions.list(model=name)] == [made.id]


def test_an_unknown_cursor_is_refused(http: httpx2.Client) -> None:
    got = http.get("/chat/completions", params={"after": "chatcmpl-x"})

    assert code_of(got) == (400, "invalid_cursor", "after")


def test_metadata_can_be_changed(client: openai.OpenAI, kept: list[str], model: str) -> None:
    changed = client.chat.completions.update(kept[0], metadata={"use": "other"})

    assert changed.metadata == {"use": "other"}
    assert client.chat.completions.retrieve(kept[0]).metadata == {"use": "other"}
    found = client.chat.completions.list(model=model, metadata={"use": "other"})
    assert [each.id for each in found] == [kept[0]]
    assert client.chat.completions.update(kept[0], metadata=None).metadata == {}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, (400, "missing_required_parameter", "metadata")),
        ({"metadata": {"a": 1}}, (400, "invalid_type", "metadata.a")),
    ],
)
def test_a_change_that_is_refused(
    http: httpx2.Client, kept: list[str], body: Any, told: Any
) -> None:
    assert code_of(http.post(f"/chat/completions/{kept[0]}", json=body)) == told


def test_a_deleted_completion_is_gone(
    client: openai.OpenAI, http: httpx2.Client, kept: list[str], model: str
) -> None:
    """Observed 2026-04 (the answer)."""
    deleted = http.delete(f"/chat/completions/{kept[0]}").json()

    assert deleted == {"object": "chat.completion.deleted", "id": kept[0], "deleted": True}
    assert [each.id for each in client.chat.completions.list(model=model)] == kept[1:]
    assert http.delete(f"/chat/completions/{kept[0]}").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("POST", ""), ("DELETE", ""), ("GET", "/messages")]
)
def test_what_is_not_there_is_a_404(http: httpx2.Client, method: str, path: str) -> None:
    got = http.request(method, f"/chat/completions/chatcmpl-x{path}", json={"metadata": None})

    assert code_of(got) == (404, "not_found", None)


def test_the_messages_of_a_completion(
    client: openai.OpenAI, http: httpx2.Client, provider: ScriptedProvider, model: str
) -> None:
    """Observed 2026-04 (ids and keys); documented (parts)."""
    provider.replies[model] = json_reply(completion())
    parts: Any = [{"type": "text", "text": "b"}]
    asked: Any = [
        {"role": "system", "content": "a"},
        {"role": "user", "content": parts, "name": "n"},
        {"role": "user", "content": "c"},
    ]
    made = client.chat.completions.create(model=model, messages=asked, store=True)

    pages = client.chat.completions.messages.list(made.id, limit=2)
    listed = http.get(f"/chat/completions/{made.id}/messages?limit=1").json()

    assert [(each.id, each.content) for each in pages] == [
        (f"{made.id}-0", "a"),
        (f"{made.id}-1", None),
        (f"{made.id}-2", "c"),
    ]
    assert listed == {
        "object": "list",
        "data": [
            {
                "id": f"{made.id}-0",
                "role": "system",
                "content": "a",
                "content_parts": None,
                "name": None,
            }
        ],
        "first_id": f"{made.id}-0",
        "last_id": f"{made.id}-0",
        "has_more": True,
    }


# What is spent, and who leaves


def spent_on(http: httpx2.Client, model: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = http.get("/evald/usage").json()["data"]
    return [each for each in listed if each["model"] == model]


def test_what_was_spent_is_told(
    http: httpx2.Client, provider: ScriptedProvider, model: str
) -> None:
    usage = {
        "prompt_tokens": 5,
        "completion_tokens": 1,
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    provider.replies[model] = json_reply(completion())
    post(http, model, store=True)
    provider.replies[model] = stream_reply(*chunks({"content": "a"}, usage=usage))
    post(http, model, store=True, stream=True)
    provider.replies[model] = stream_reply(*chunks({"content": "a"}))
    post(http, model, store=True, stream=True)
    provider.replies[model] = json_reply({"error": {}}, status=429)
    post(http, model, store=True)

    [entry] = spent_on(http, model)

    assert entry | {"day": ""} == {
        "object": "evald.usage",
        "day": "",
        "key_id": "key_any",
        "model": model,
        "route": "chat/completions",
        "calls": 3,
        "untold_calls": 1,
        "input_tokens": 14,
        "cached_tokens": 4,
        "output_tokens": 3,
    }


def test_a_day_that_is_none_is_refused(http: httpx2.Client) -> None:
    got = http.get("/evald/usage", params={"first_day": "yesterday"})

    assert code_of(got) == (400, "invalid_value", "first_day")


def test_other_days_are_other_entries(
    http: httpx2.Client, provider: ScriptedProvider, model: str
) -> None:
    provider.replies[model] = json_reply(completion())
    post(http, model, store=True)

    long_ago = http.get(
        "/evald/usage", params={"first_day": "2020-01-01", "last_day": "2020-12-31"}
    )

    assert long_ago.json() == {"object": "list", "data": [], "has_more": False}


@pytest.mark.parametrize(
    "reply", [Reply(silent=True), stream_reply(b": thinking\n\n", done=False, end=["hang"])]
)
@pytest.mark.parametrize("stored", [True, False])
def test_a_client_that_leaves_closes_the_connection_to_the_provider(
    gateway: RunningServer, provider: ScriptedProvider, model: str, reply: Reply, stored: bool
) -> None:
    provider.replies[model] = reply
    left, seen = provider.left, len(provider.seen)
    body = {"model": model, "messages": HELLO, "stream": True, "store": stored}

    with httpx2.Client() as leaving:
        request = leaving.build_request(
            "POST",
            f"{gateway.url}/v1/chat/completions",
            json=body,
            headers={"authorization": "Bearer x"},
            timeout=0.2,
        )
        with pytest.raises(httpx2.TimeoutException):
            list(leaving.send(request, stream=True).iter_raw())

    assert len(provider.seen) > seen
    assert provider.until(lambda it: it.left > left, within_s=0.5)


# What goes through and is never kept


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("completions", {"prompt": "a"}),
        ("embeddings", {"input": "a", "encoding_format": "base64"}),
        ("moderations", {"input": "a"}),
    ],
)
def test_other_calls_go_through_as_they_are(
    http: httpx2.Client, provider: ScriptedProvider, model: str, route: str, body: Any
) -> None:
    answer = {"object": "list", "data": [], "usage": {"prompt_tokens": 2, "total_tokens": 2}}
    provider.replies[model] = json_reply(answer)

    got = http.post(f"/{route}", json={"model": model, **body})

    assert got.json() == answer
    assert provider.request_of(model).line == f"POST /v1/{route} HTTP/1.1"
    assert provider.body_of(model) == {"model": model, **body}


def test_a_moderation_needs_no_model(http: httpx2.Client, provider: ScriptedProvider) -> None:
    provider.replies["moderations"] = json_reply({"results": []})

    assert http.post("/moderations", json={"input": "a"}).json() == {"results": []}


def test_a_function_of_the_operator_has_no_embeddings(http: httpx2.Client) -> None:
    got = http.post("/embeddings", json={"model": "own", "input": "a"})

    assert code_of(got) == (400, "unsupported_api", None)
