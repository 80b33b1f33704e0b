"""Connections that stay silent, say nonsense, or never come to an end. Rests on: ours."""

import http.client
import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.hostile.conftest import KEY
from tests.support.running_server import RunningServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

IDLE = 1_000
FEW_FILES = 256
GET = (
    b"GET /v1/evals HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer " + KEY.encode() + b"\r\n"
)


@contextmanager
def few_open_files() -> Iterator[None]:
    """What is started meanwhile may open so few files, until it asks for more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (FEW_FILES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def connected(server: RunningServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=5)


def said_back(server: RunningServer, *sent: bytes) -> bytes:
    """Everything that comes back until the server closes, or says nothing more for a second."""
    with connected(server) as client:
        client.settimeout(1)
        said = b""
        try:
            for piece in sent:
                client.sendall(piece)
            while piece := client.recv(65_536):
                said += piece
        except (TimeoutError, ConnectionError):
            pass
        return said


def is_well(server: RunningServer) -> bool:
    headers = {"authorization": f"Bearer {KEY}"}
    answer = httpx2.get(f"{server.url}/v1/evals", headers=headers, timeout=5)
    return answer.status_code == 200


def test_a_thousand_idle_connections_take_nothing_from_others(tmp_path: Path) -> None:
    with few_open_files():
        started = running_server(tmp_path / "data", EVALD_API_KEY=KEY)
        server = started.__enter__()
    try:
        with ExitStack() as stack:
            for number in range(IDLE):
                client = stack.enter_context(connected(server))
                client.sendall((b"", GET, GET + b"content-length: 9\r\n\r\n{")[number % 3])
            began = time.monotonic()

            assert is_well(server)
            assert httpx2.post(f"{server.url}/v1/files", timeout=5).status_code == 401
            assert time.monotonic() - began < 5
        assert is_well(server)
        assert "Too many open files" not in server.log.read_text()
    finally:
        started.__exit__(None, None, None)


GARBAGE = [
    b"\x00" * 1_000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n",
    b"G\xffT / HTTP/1.1\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
    b"GET http:// HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
    b"CONNECT 127.0.0.1:80 HTTP/1.1\r\nhost: x\r\n\r\n",
    GET + b"host : x\r\n\r\n",
    GET + b"bad\x00name: x\r\n\r\n",
    GET + b"a: b\r\n folded\r\n\r\n",
    GET + b"content-length: -1\r\n\r\n",
    GET + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab",
    GET + b"content-length: 99999999999999999999999999\r\n\r\n",
    GET
    + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\n\r\n",
    GET + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
    GET + b"transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
    GET + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_refused_and_forgotten(server: RunningServer, garbage: bytes) -> None:
    said = said_back(server, garbage)

    assert not said.startswith(b"HTTP/1.1 5")
    assert is_well(server)


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_behind_a_request_leaves_its_answer_whole(
    server: RunningServer, garbage: bytes
) -> None:
    said = said_back(server, GET + b"\r\n", garbage)

    assert said.startswith((b"HTTP/1.1 200 OK", b"HTTP/1.1 400"))
    assert b" 500 " not in said
    assert is_well(server)


def test_requests_in_a_row_are_answered_in_their_order(server: RunningServer) -> None:
    missing = GET.replace(b"/v1/evals", b"/v1/evals/eval_%d") + b"\r\n"

    said = said_back(server, b"".join([missing % number for number in range(200)]))

    found = [said.find(b"'eval_%d'" % number) for number in range(200)]
    assert -1 not in found
    assert found == sorted(found)


@pytest.mark.parametrize(
    "head",
    [
        [GET, *[b"x-%d: " % number + b"a" * 60_000 + b"\r\n" for number in range(1_000)]],
        [GET + b"x: ", *[b"a" * 60_000] * 1_000],
        [b"GET /", *[b"a" * 60_000] * 1_000],
        [GET, *[b"x: y\r\n" * 10_000] * 1_000],
    ],
    ids=["headers", "one header", "path", "many headers"],
)
def test_a_head_without_end_is_not_held(server: RunningServer, head: list[bytes]) -> None:
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss

    said = said_back(server, *head)

    # Nothing at all, where the connection was reset while more was being sent.
    assert said == b"" or said.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))
    assert process.memory_info().rss - before < 20e6
    assert is_well(server)


def test_a_head_of_the_usual_size_is_taken_in_however_small_pieces(server: RunningServer) -> None:
    with connected(server) as client:
        whole = GET + b"x: " + b"y" * 60_000 + b"\r\n\r\n"
        for at in range(0, len(whole), 1_000):
            client.sendall(whole[at : at + 1_000])
        answer = http.client.HTTPResponse(client)
        answer.begin()

        assert answer.status == 200
