"""`make bench-gateway`: what a call costs that goes through the gateway, beside one that does not.

A provider in a process of its own answers at once: a completion of some 500 bytes, or a stream of
20 chunks, a millisecond apart. One client asks the provider and the server in turns, one call after
another; the added latency is the difference of the medians. CPU is the server's own.
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
    print(f"{'':<22} {'direct':>16} {'gateway':>16} {'added':>8} {'to first':>9} {'CPU/call':>9}")
    with tempfile.TemporaryDirectory() as folder, provider() as base_url:
        data = Path(folder) / "data"
        with running_server(data, EVALD_UPSTREAM_BASE_URL=base_url) as server:
            process = psutil.Process(server.process.pid)
            async with aiohttp.ClientSession() as session:
                for is_stored in (False, True):
                    for is_stream in (False, True):
                        body = call_body(is_stored=is_stored, is_stream=is_stream)
                        line = await compare(
                            session, body, (base_url, f"{server.url}/v1", process, calls)
                        )
                        kind = "stream" if is_stream else "whole"
                        print(f"{kind + (', stored' if is_stored else ''):<22} {line}")


def call_body(*, is_stored: bool, is_stream: bool) -> bytes:
    """The body of a call with a few messages and perhaps metadata."""
    messages = [{"role": "system", "content": MESSAGE}, {"role": "user", "content": MESSAGE}]
    body = {"model": "m", "messages": messages, "temperature": 0.5}
    kept = {"store": True, "metadata": {"use": "chat", "version": "3"}} if is_stored else {}
    return json.dumps({**body, **kept, **({"stream": True} if is_stream else {})}).encode()


async def compare(
    session: aiohttp.ClientSession, body: bytes, where: tuple[str, str, psutil.Process, int]
) -> str:
    """The figures of one kind of call."""
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
    async with session.post(f"{url}/chat/completions", data=body, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        content = await answer.content.readany()
        times.first.append(time.perf_counter() - began)
        while piece := await answer.content.readany():
            content += piece
    times.last.append(time.perf_counter() - began)
    assert content.endswith((b"[DONE]\n\n", b"}")), content[-100:]


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
        if b'"stream": true' in body or b'"stream":true' in body:
            self._begin_stream(f"chatcmpl-{self._number()}")
        else:
            self._send(completion(f"chatcmpl-{self._number()}"))

    def _send(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self._write(head % len(body) + body)

    def _begin_stream(self, log_id: str) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        self._write(head + b"transfer-encoding: chunked\r\n\r\n")
        self._send_chunk(log_id, 0)

    def _send_chunk(self, log_id: str, number: int) -> None:
        if number < CHUNKS:
            event = chunk(log_id, is_last=number == CHUNKS - 1)
            self._write(b"%x\r\n%b\r\n" % (len(event), event))
            asyncio.get_running_loop().call_later(PAUSE_S, self._send_chunk, log_id, number + 1)
        else:
            self._write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")

    def _write(self, content: bytes) -> None:
        self._transport.write(content)


def completion(log_id: str) -> bytes:
    """A whole answer."""
    message = {"role": "assistant", "content": MESSAGE, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    usage = {"prompt_tokens": 90, "completion_tokens": 45, "total_tokens": 135}
    answer = {"id": log_id, "object": "chat.completion", "created": int(time.time()), "model": "m"}
    return json.dumps({**answer, "choices": [choice], "usage": usage}).encode()


def chunk(log_id: str, *, is_last: bool) -> bytes:
    """An event of a stream."""
    choice = {
        "index": 0,
        "delta": {"content": "paper "},
        "logprobs": None,
        "finish_reason": "stop" if is_last else None,
    }
    head = {"id": log_id, "object": "chat.completion.chunk", "created": int(time.time())}
    return f"data: {json.dumps({**head, 'model': 'm', 'choices': [choice]})}\n\n".encode()


if __name__ == "__main__":
    main()
