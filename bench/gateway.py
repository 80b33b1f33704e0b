"""`make bench-gateway`: what a call costs that goes through the gateway, beside one that does not.

A provider in a process of its own answers at once: a completion or a response of some 500 bytes, or
a stream that tells it in 20 pieces, a millisecond apart. One client asks the provider and the
server in turns, one call after another; the added latency is the difference of the medians. CPU is
the server's own.
"""

import argparse
import asyncio
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil
import uvloop

from tests.support.running_server import ROOT, running_server

CHUNKS = 20
PAUSE_S = 0.001
MESSAGE = "Your printer needs paper. " * 8


def main() -> None:
    """Prints the table, or is the provider."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=1_000)
    parser.add_argument("--provider", action="store_true", help="be the provider")
    chosen = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(be_provider() if chosen.provider else measure(chosen.calls))


@dataclass(slots=True)
class Times:
    """Seconds to the first byte and to the last, of each call."""

    first: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)


async def measure(calls: int) -> None:
    """Prints a line for each kind of call."""
    print(f"{platform.machine()}, {psutil.cpu_count()} cores, Python {platform.python_version()}")
    print(f"{calls:,} calls of each kind; times in ms, medians (95th percentiles in brackets)")
    print(f"{'':<26} {'direct':>16} {'gateway':>16} {'added':>8} {'to first':>9} {'CPU/call':>9}")
    with tempfile.TemporaryDirectory() as folder, provider() as base_url:
        data = Path(folder) / "data"
        with running_server(data, EVALD_UPSTREAM_BASE_URL=base_url) as server:
            process = psutil.Process(server.process.pid)
            async with aiohttp.ClientSession() as session:
                for asked in ASKED:
                    place = asked.route
                    where = (f"{base_url}/{place}", f"{server.url}/v1/{place}", process, calls)
                    print(f"{asked.name:<26} {await compare(session, asked.body(), where)}")


@dataclass(frozen=True, slots=True)
class Asked:
    """One kind of call."""

    route: str
    is_stored: bool
    is_stream: bool

    @property
    def name(self) -> str:
        """What its line of the table is called."""
        kind = "stream" if self.is_stream else "whole"
        stored = ", stored" if self.is_stored else ""
        return f"{'chat' if 'chat' in self.route else 'response'}, {kind}{stored}"

    def body(self) -> bytes:
        """A few messages and perhaps metadata."""
        messages = [{"role": "system", "content": MESSAGE}, {"role": "user", "content": MESSAGE}]
        is_chat = "chat" in self.route
        body = {"model": "m", "messages" if is_chat else "input": messages, "temperature": 0.5}
        # A response is stored unless it is not to be, a completion if it is.
        not_kept = {} if is_chat else {"store": False}
        kept = {"store": True, "metadata": {"use": "chat", "version": "3"}}
        stream = {"stream": True} if self.is_stream else {}
        return json.dumps({**body, **(kept if self.is_stored else not_kept), **stream}).encode()


ASKED = [
    Asked(route, is_stored, is_stream)
    for route in ("chat/completions", "responses")
    for is_stored in (False, True)
    for is_stream in (False, True)
]


async def compare(
    session: aiohttp.ClientSession, body: bytes, where: tuple[str, str, psutil.Process, int]
) -> str:
    """The figures of one kind of call, to these addresses."""
    base_url, server_url, process, calls = where
    direct, gateway = Times(), Times()
    for _ in range(100):
        await call(session, server_url, body, Times())
    cpu = 0.0
    for _ in range(max(calls // 50, 1)):
        for _ in range(50):
            await call(session, base_url, body, direct)
        before = cpu_s(process)
        for _ in range(50):
            await call(session, server_url, body, gateway)
        cpu += cpu_s(process) - before
    added, first = (
        1_000 * (statistics.median(through) - statistics.median(beside))
        for through, beside in ((gateway.last, direct.last), (gateway.first, direct.first))
    )
    per_call = 1_000 * cpu / len(gateway.last)
    figures = f"{shown(direct.last):>16} {shown(gateway.last):>16}"
    return f"{figures} {added:>8.2f} {first:>9.2f} {per_call:>9.2f}"


def cpu_s(process: psutil.Process) -> float:
    """Seconds of CPU that the process has used."""
    used = process.cpu_times()
    return float(used.user + used.system)


def shown(seconds: list[float]) -> str:
    """Median and 95th percentile in milliseconds."""
    ordered = sorted(seconds)
    high = ordered[len(ordered) * 95 // 100]
    return f"{1_000 * statistics.median(ordered):.2f} ({1_000 * high:.2f})"


async def call(session: aiohttp.ClientSession, url: str, body: bytes, times: Times) -> None:
    """One call, timed."""
    headers = {"content-type": "application/json", "authorization": "Bearer x"}
    began = time.perf_counter()
    async with session.post(url, data=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        content = await answer.content.readany()
        times.first.append(time.perf_counter() - began)
        while piece := await answer.content.readany():
            content += piece
    times.last.append(time.perf_counter() - began)
    assert content.endswith((b"[DONE]\n\n", b"}", b"}\n\n")), content[-100:]
    assert b'"error": {' not in content, content[-500:]


@contextmanager
def provider() -> Iterator[str]:
    """The base URL of the provider, in a process of its own."""
    command = [sys.executable, "-m", "bench.gateway", "--provider"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


async def be_provider() -> None:
    """Answers until it is killed; its first line says where."""
    numbers = iter(range(10**9))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(lambda: next(numbers)), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await asyncio.Event().wait()


class Answering(asyncio.Protocol):
    """One connection: answers every request at once, with ids that count up."""

    def __init__(self, number: Callable[[], int]) -> None:
        self._number = number
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remembers where to write."""
        assert isinstance(transport, asyncio.WriteTransport) or hasattr(transport, "write")
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answers a request as soon as it is whole."""
        self._buffer += data
        head, parted, body = self._buffer.partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if not parted or len(body) < int(length or 0):
            return
        self._buffer = b""
        is_chat = b"/chat/completions " in head
        if b'"stream": true' in body or b'"stream":true' in body:
            self._begin_stream(chat_events if is_chat else response_events)
        else:
            self._send((completion if is_chat else response)(self._number()))

    def _send(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self._write(head % len(body) + body)

    def _begin_stream(self, events: Callable[[int], Iterator[bytes]]) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        self._write(head + b"transfer-encoding: chunked\r\n\r\n")
        self._send_next(events(self._number()))

    def _send_next(self, events: Iterator[bytes]) -> None:
        if (event := next(events, None)) is not None:
            self._write(b"%x\r\n%b\r\n" % (len(event), event))
            asyncio.get_running_loop().call_later(PAUSE_S, self._send_next, events)
        else:
            self._write(b"0\r\n\r\n")

    def _write(self, content: bytes) -> None:
        self._transport.write(content)


def completion(number: int) -> bytes:
    """A whole answer."""
    message = {"role": "assistant", "content": MESSAGE, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 90, "completion_tokens": 45, "total_tokens": 135}
    answer = {**head_of(f"chatcmpl-{number}", "chat.completion"), "choices": [choice]}
    return json.dumps({**answer, "usage": usage}).encode()


def chat_events(number: int) -> Iterator[bytes]:
    """A stream that tells a completion."""
    head = head_of(f"chatcmpl-{number}", "chat.completion.chunk")
    for left in reversed(range(CHUNKS)):
        choice = {
            "index": 0,
            "delta": {"content": "paper "},
            "logprobs": None,
            "finish_reason": None if left else "stop",
        }
        yield f"data: {json.dumps({**head, 'choices': [choice]})}\n\n".encode()
    yield b"data: [DONE]\n\n"


def head_of(log_id: str, kind: str) -> dict[str, object]:
    """What begins a completion and each of its chunks."""
    return {"id": log_id, "object": kind, "created": int(time.time()), "model": "m"}


def response(number: int) -> bytes:
    """A whole response."""
    return json.dumps(response_object(number, "completed")).encode()


def response_events(number: int) -> Iterator[bytes]:
    """A stream that tells a response."""
    begun, ended = (response_object(number, each) for each in ("in_progress", "completed"))
    yield response_event("response.created", 0, response=begun)
    for place in range(1, CHUNKS):
        where = {"item_id": f"msg_{number}", "output_index": 0, "content_index": 0}
        yield response_event("response.output_text.delta", place, delta="paper ", **where)
    yield response_event("response.completed", CHUNKS, response=ended)


def response_event(kind: str, place: int, **rest: object) -> bytes:
    """One event of such a stream."""
    value = {"type": kind, "sequence_number": place, **rest}
    return f"event: {kind}\ndata: {json.dumps(value)}\n\n".encode()


def response_object(number: int, status: str) -> dict[str, object]:
    """A response that says the message once it is completed."""
    part = {"type": "output_text", "text": MESSAGE, "annotations": [], "logprobs": []}
    message = {"id": f"msg_{number}", "type": "message", "status": status, "role": "assistant"}
    usage = {"input_tokens": 90, "output_tokens": 45, "total_tokens": 135}
    is_whole = status == "completed"
    return {
        "id": f"resp_{number}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "model": "m",
        "output": [{**message, "content": [part]}] if is_whole else [],
        "usage": usage if is_whole else None,
    }


if __name__ == "__main__":
    main()
