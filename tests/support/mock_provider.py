"""A provider without any model: fast, deterministic, and at fault exactly when told to.

`python -m tests.support.mock_provider --port 8090 --latency-ms 200` serves it by itself.
"""

import argparse
import asyncio
import base64
import json
import math
import re
import sys
import zlib
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass, field, fields
from typing import Any, cast

import orjson
import uvloop

_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_AUTHORIZATION = re.compile(rb"\r\nauthorization:[ \t]*([^\r]*)", re.IGNORECASE)
_REASONS = {
    200: b"OK",
    400: b"Bad Request",
    401: b"Unauthorized",
    404: b"Not Found",
    429: b"Too Many Requests",
}


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong. Requests for answers are counted from 1 on; 0 and "" mean never.

    Where several faults fall on one request, the first of this list has it; slowness comes on top.
    """

    refuse_prompt: str = ""  # 401, where the last user message holds this
    refuse_formats: str = ""  # 400, where the response format's type is among these
    rate_limit_every: int = 0  # 429, for every so many-th request
    retry_after_s: float = 1.0
    error_every: int = 0  # 500
    drop_every: int = 0  # the connection is closed without a word
    slow_at: int = 0  # this one request takes `slow_s` more
    slow_prompt: str = ""  # and so does one whose last user message holds this
    slow_s: float = 150.0


@dataclass(slots=True)
class Seen:
    """What has happened so far."""

    requests: int = 0
    answers: int = 0
    refusals: int = 0
    rate_limits: int = 0
    errors: int = 0
    drops: int = 0
    embedding_calls: int = 0
    embedded_texts: int = 0
    abandoned: int = 0  # closed by the client before its answer was sent
    connections: int = 0
    at_once: int = 0  # requests being answered now
    most_at_once: int = 0
    authorizations: set[str] = field(default_factory=set)


def echo(text: str) -> str:
    """The last user message, word for word."""
    return text


class MockProvider:
    """Speaks chat completions, responses, embeddings and the list of models.

    The embedding of a text counts its words. A call for embeddings fails only where one of its
    texts holds `refuse_prompt`: with a 400, as for a text that is too long.

    Args:
        answer: what is said to a last user message.
        latency_s: seconds from a request to its answer.
        faults: what goes wrong.
        models: the names in the list of models; any name is answered for.
    """

    def __init__(
        self,
        answer: Callable[[str], str] = echo,
        *,
        latency_s: float = 0.0,
        faults: Faults | None = None,
        models: Sequence[str] = ("mock-model",),
    ) -> None:
        self.answer = answer
        self.latency_s = latency_s
        self.faults = faults or Faults()
        self.models = tuple(models)
        self.seen = Seen()
        self.port = 0

    @property
    def base_url(self) -> str:
        """What an OpenAI client calls its base URL."""
        return f"http://127.0.0.1:{self.port}/v1"

    def forget(self) -> None:
        """Nothing was seen so far: for one test after another that asks the same provider.

        In place, for its connections count on the same object.
        """
        for each, fresh in zip(fields(Seen), astuple(Seen()), strict=True):
            setattr(self.seen, each.name, fresh)

    async def until(self, holds: Callable[[Seen], bool], *, within_s: float) -> None:
        """Returns as soon as it holds of what was seen.

        Raises:
            TimeoutError: it did not within so many seconds.
        """
        async with asyncio.timeout(within_s):
            while not holds(self.seen):  # noqa: ASYNC110 - the hot path tells nobody
                await asyncio.sleep(0.001)


@asynccontextmanager
async def serving(mock: MockProvider, *, port: int = 0) -> AsyncIterator[MockProvider]:
    """The same provider, reachable; port 0 takes any free one."""
    loop = asyncio.get_running_loop()
    connections: set[_Connection] = set()
    server = await loop.create_server(
        lambda: _Connection(mock, connections), "127.0.0.1", port, backlog=2_048
    )
    mock.port = server.sockets[0].getsockname()[1]
    try:
        yield mock
    finally:
        server.close()
        for connection in tuple(connections):
            connection.abort()
        await server.wait_closed()


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a request for an answer comes down to."""

    model: str
    text: str  # the last user message
    number: int
    is_chat: bool
    format: str  # the type of the response format; empty where there is none


class _Connection(asyncio.Protocol):
    """One connection: reads requests one after another and answers each in its time."""

    def __init__(self, mock: MockProvider, connections: set["_Connection"]) -> None:
        self._mock = mock
        self._seen = mock.seen
        self._connections = connections
        self._buffer = bytearray()
        self._needed = 0  # so many bytes make the request whole, once its head is there
        self._head_end = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class
        self._connections.add(self)
        self._seen.connections += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._seen.abandoned += 1
            self._seen.at_once -= 1

    def abort(self) -> None:
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._needed == 0:
            self._head_end = self._buffer.find(b"\r\n\r\n") + 4
            if self._head_end < 4:
                return
            length = _CONTENT_LENGTH.search(self._buffer, 0, self._head_end)
            self._needed = self._head_end + (int(length[1]) if length else 0)
        if len(self._buffer) >= self._needed:
            try:
                self._receive()
            except (KeyError, TypeError, AttributeError, ValueError):
                self._send(400, _error("This is no request of the API.", "invalid_request"))

    def _receive(self) -> None:
        head = bytes(self._buffer[: self._head_end])
        body = bytes(self._buffer[self._head_end : self._needed])
        del self._buffer[: self._needed]
        self._needed = 0
        key = _AUTHORIZATION.search(head)
        if key is not None:
            self._seen.authorizations.add(key[1].decode("latin-1"))
        method, path, _ = head.split(b" ", 2)
        path = path.partition(b"?")[0]
        if method == b"GET" and path.endswith(b"/models"):
            self._send(200, _model_list(self._mock.models))
            return
        try:
            self._call(method, path, body)
        except (ValueError, LookupError, TypeError, AttributeError):
            self._send(400, _error("The request is none.", "invalid_value"))

    def _call(self, method: bytes, path: bytes, body: bytes) -> None:
        if method == b"POST" and path.endswith((b"/chat/completions", b"/responses")):
            self._take_up(_parsed(body), is_chat=path.endswith(b"/chat/completions"))
        elif method == b"POST" and path.endswith(b"/embeddings"):
            self._embed(_parsed(body))
        else:
            self._send(404, _error("Unknown URL", "unknown_url"))

    def _take_up(self, body: dict[str, Any], *, is_chat: bool) -> None:
        seen, faults = self._seen, self._mock.faults
        text = _last_user_text(body["messages" if is_chat else "input"])
        form = (body.get("response_format") or {}).get("type", "")
        model = body["model"]
        seen.requests += 1
        seen.at_once += 1
        seen.most_at_once = max(seen.most_at_once, seen.at_once)
        asked = _Asked(model, text, seen.requests, is_chat=is_chat, format=form)
        latency_s = self._mock.latency_s
        if asked.number == faults.slow_at or (faults.slow_prompt and faults.slow_prompt in text):
            latency_s += faults.slow_s
        if latency_s > 0:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(latency_s, self._answer, asked)
        else:
            self._answer(asked)

    def _embed(self, body: dict[str, Any]) -> None:
        refused = self._mock.faults.refuse_prompt
        texts: list[str] = body["input"]
        self._seen.embedding_calls += 1
        self._seen.embedded_texts += len(texts)
        if refused and any(refused in text for text in texts):
            self._send(400, _error("This text cannot be embedded.", "context_length_exceeded"))
        else:
            self._send(200, _embeddings(body["model"], texts))

    def _answer(self, asked: _Asked) -> None:
        seen, faults, number = self._seen, self._mock.faults, asked.number
        self._timer = None
        seen.at_once -= 1
        if faults.refuse_prompt and faults.refuse_prompt in asked.text:
            seen.refusals += 1
            self._send(401, _error("Incorrect API key provided.", "invalid_api_key"))
        elif asked.format and asked.format in faults.refuse_formats.split():
            seen.refusals += 1
            message = f"'response_format' of type '{asked.format}' is not supported."
            self._send(400, _error(message, "unsupported_value"))
        elif _is_turn(number, faults.rate_limit_every):
            seen.rate_limits += 1
            error = _error("Rate limit reached for requests", "rate_limit_exceeded")
            self._send(429, error, _retry_after(faults.retry_after_s))
        elif _is_turn(number, faults.error_every):
            seen.errors += 1
            self._send(500, _error("The server had an error.", "server_error"))
        elif _is_turn(number, faults.drop_every):
            seen.drops += 1
            self._transport.close()
        else:
            seen.answers += 1
            shape = _chat_completion if asked.is_chat else _response
            self._send(200, shape(asked, self._mock.answer(asked.text)))

    def _send(self, status: int, body: bytes, headers: bytes = b"") -> None:
        head = b"HTTP/1.1 %d %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%b\r\n"
        reason = _REASONS.get(status, b"Error")
        self._transport.write(head % (status, reason, len(body), headers) + body)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        value: dict[str, Any] = orjson.loads(body)
    except orjson.JSONDecodeError:  # half an emoji, `"\\ud83d"`, is JSON to most others
        value = json.loads(body)
    return value


def _dumped(value: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        return json.dumps(value).encode()


def _retry_after(seconds: float) -> bytes:
    """Both headers, as OpenAI sends them."""
    return b"retry-after: %d\r\nretry-after-ms: %d\r\n" % (math.ceil(seconds), seconds * 1_000)


def _is_turn(number: int, every: int) -> bool:
    return every > 0 and number % every == 0


def _last_user_text(messages: Any) -> str:
    if isinstance(messages, str):
        return messages
    for message in reversed(messages):
        if message.get("role") == "user":
            return _text(message.get("content"))
    return ""


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in content or () if isinstance(part.get("text"), str))


def _tokens(text: str) -> int:
    """Four characters are a token, and every text is at least one."""
    return len(text) // 4 + 1


def _chat_completion(asked: _Asked, answer: str) -> bytes:
    prompt_tokens, completion_tokens = _tokens(asked.text), _tokens(answer)
    return _dumped(
        {
            "id": f"chatcmpl-mock-{asked.number}",
            "object": "chat.completion",
            "created": 1_750_000_000,
            "model": asked.model,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": answer, "refusal": None},
                    "logprobs": None,
                    "finish_reason": "stop",
                }
            ],
            "usage": {
                "prompt_tokens": prompt_tokens,
                "completion_tokens": completion_tokens,
                "total_tokens": prompt_tokens + completion_tokens,
                "prompt_tokens_details": {"cached_tokens": 0},
            },
        }
    )


def _response(asked: _Asked, answer: str) -> bytes:
    input_tokens, output_tokens = _tokens(asked.text), _tokens(answer)
    return _dumped(
        {
            "id": f"resp_mock_{asked.number}",
            "object": "response",
            "created_at": 1_750_000_000,
            "status": "completed",
            "error": None,
            "incomplete_details": None,
            "model": asked.model,
            "output": [
                {
                    "id": f"msg_mock_{asked.number}",
                    "type": "message",
                    "status": "completed",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": answer, "annotations": []}],
                }
            ],
            "usage": {
                "input_tokens": input_tokens,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": output_tokens,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": input_tokens + output_tokens,
            },
        }
    )


def _embeddings(model: str, texts: list[str]) -> bytes:
    count = sum(_tokens(text) for text in texts)
    return _dumped(
        {
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": _word_counts(text)}
                for index, text in enumerate(texts)
            ],
            "model": model,
            "usage": {"prompt_tokens": count, "total_tokens": count},
        }
    )


def _word_counts(text: str) -> str:
    """The base64 of 64 floats: how many words fall on each place, and 1.0 for any text."""
    counts = array("f", [1.0] + [0.0] * 63)
    for word in text.lower().split():
        counts[1 + zlib.crc32(word.encode()) % 63] += 1.0
    return base64.b64encode(counts.tobytes()).decode()


def _model_list(names: Sequence[str]) -> bytes:
    models = [
        {"id": name, "object": "model", "created": 1_750_000_000, "owned_by": "mock"}
        for name in names
    ]
    return orjson.dumps({"object": "list", "data": models})


def _error(message: str, code: str) -> bytes:
    error = {"message": message, "type": "mock_error", "param": None, "code": code}
    return orjson.dumps({"error": error})


async def _serve(mock: MockProvider, port: int) -> None:
    async with serving(mock, port=port):
        sys.stdout.write(f"mock provider at {mock.base_url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """Serves until it is killed; the first line it prints says where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    parser.add_argument("--answer", help="said to everything; without it the prompt is echoed")
    for fault in fields(Faults):
        flag = f"--{fault.name.replace('_', '-')}"
        parser.add_argument(flag, type=type(fault.default), default=fault.default)
    chosen = parser.parse_args(arguments)
    mock = MockProvider(
        echo if chosen.answer is None else lambda _: chosen.answer,
        latency_s=chosen.latency_ms / 1_000,
        faults=Faults(**{fault.name: getattr(chosen, fault.name) for fault in fields(Faults)}),
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(mock, chosen.port))


if __name__ == "__main__":
    main()
