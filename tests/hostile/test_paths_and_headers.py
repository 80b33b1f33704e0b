"""Ids, file names and headers that try to be something else. Rests on: ours."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest

from tests.hostile.conftest import KEY
from tests.support.raw_client import Answer, Ask, Connection
from tests.support.running_server import RunningServer
from tests.wire.bodies import free_eval

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

TRICKS = [
    "../evals",
    "..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "%2e%2e%5c..%5cwindows",
    "%252e%252e%252f",
    "/etc/passwd",
    "%2Fetc%2Fpasswd",
    "eval_x%00.json",
    "%00",
    "%ED%A0%80",
    "%ff%fe",
    "%",
    "%zz",
    "eval_x%0d%0aX-Injected:%20yes",
    "eval_x;a=b",
    "eval_x?after=../..#x",
    "*",
    "'%20OR%20'1'='1",
    "$(id)",
    "a" * 30_000,
    "%F0%9F%98%80" * 500,
]
ROUTES = [
    ("GET", "/v1/evals/@"),
    ("POST", "/v1/evals/@"),
    ("DELETE", "/v1/evals/@"),
    ("GET", "/v1/evals/@/runs"),
    ("POST", "/v1/evals/@/runs"),
    ("GET", "/v1/evals/@/runs/@"),
    ("POST", "/v1/evals/@/runs/@/cancel"),
    ("DELETE", "/v1/evals/@/runs/@"),
    ("GET", "/v1/evals/@/runs/@/output_items/@"),
    ("GET", "/v1/files/@"),
    ("GET", "/v1/files/@/content"),
    ("DELETE", "/v1/files/@"),
    ("GET", "/v1/evald/imports/@"),
    ("GET", "/v1/models/@"),
    ("GET", "/v1/evals?after=@"),
    ("GET", "/v1/files?after=@&purpose=@"),
    ("GET", "/evaluations/@"),
    ("GET", "/evaluations/@?run_id=@"),
    ("GET", "/@"),
    ("GET", "/static/@"),
]


@pytest.fixture
def raw(server: RunningServer) -> Iterator[Connection]:
    connection = Connection(server.port, [("authorization", f"Bearer {KEY}".encode())])
    yield connection
    connection.close()


def is_harmless(answer: Answer) -> bool:
    return answer.status < 500 and b"root:" not in answer.body and answer.seconds < 5


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_an_id_is_never_a_path(raw: Connection, method: str, route: str) -> None:
    for trick in TRICKS:
        answer = raw.ask(Ask(method, route.replace("@", trick)))

        assert is_harmless(answer), (trick, answer)
        assert answer.status in (200, 400, 404, 405), (trick, answer)


def test_what_a_trick_leads_to_needs_a_key_as_well(server: RunningServer) -> None:
    stranger = Connection(server.port, [])
    for path in ("/v1/../v1/evals", "/x/../v1/evals", "//v1/evals", "/v1//evals", "/%76%31/evals"):
        answer = stranger.ask(Ask("GET", path))

        assert answer.status in (401, 404), (path, answer)
        assert b'"data"' not in answer.body
    stranger.close()


NAMES = [
    "../../../etc/passwd",
    "..\\..\\windows\\system32",
    "/etc/passwd",
    "C:\\secret.txt",
    "....//....//x",
    "a\r\nX-Injected: yes",
    "a\nSet-Cookie: x=y",
    'a"; filename="b',
    "a\0b",
    "\u202egnp.exe",
    "\u0085\u2028x",
    "a" * 2_000,
    "𝕏" * 300,
    ".",
    "..",
    "CON",
    "%2e%2e%2fetc%2fpasswd",
    "~/.bashrc",
    "-rf",
    "$(id)",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("is_extended", [False, True])
def test_a_file_name_is_never_a_path_nor_a_header(
    raw: Connection, server: RunningServer, name: str, is_extended: bool
) -> None:
    before = blobs_and_others(server)
    quoted = name.replace('"', '\\"')
    told = f"filename*=UTF-8''{quote(name, safe='')}" if is_extended else f'filename="{quoted}"'

    uploaded = raw.ask(form(told))
    if uploaded.status == 400:  # a line break ends the header that it stands in
        assert not is_extended
        return
    file = json.loads(uploaded.body)
    content = raw.ask(Ask("GET", f"/v1/files/{file['id']}/content"))

    assert not re.search(r"[/\\\0\r\n]", file["filename"])
    assert file["filename"] not in ("", ".", "..")
    assert (content.status, content.body) == (200, b"{}")
    assert "x-injected" not in content.headers
    assert "set-cookie" not in content.headers
    assert re.fullmatch(
        r"attachment; filename=\"[ -~]*\"; filename\*=UTF-8''[\w.~%-]+",
        content.headers["content-disposition"],
    )
    assert blobs_and_others(server)["others"] == before["others"]


def form(told: str) -> Ask:
    body = (
        b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nevals\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; '
        + told.encode()
        + b"\r\n\r\n{}\r\n--b--\r\n"
    )
    return Ask("POST", "/v1/files", (("content-type", b"multipart/form-data; boundary=b"),), body)


def blobs_and_others(server: RunningServer) -> dict[str, set[str]]:
    """The names of the files below the data folder's parent: blobs, and all else."""
    found: dict[str, set[str]] = {"blobs": set(), "others": set()}
    for path in Path(server.folder.parent).rglob("*"):
        is_blob = "blobs" in path.relative_to(server.folder.parent).parts
        found["blobs" if is_blob else "others"].add(path.name)
    return found


@pytest.mark.parametrize(
    "text", ["a\r\nX-Injected: yes", "\nSet-Cookie: a=b", "\r\n\r\n<script>", "\u010d\u010aX: y"]
)
def test_no_text_of_a_caller_gets_into_a_header(
    http: httpx2.Client, raw: Connection, text: str
) -> None:
    body = {**free_eval(), "name": text, "metadata": {"a": text}}
    eval_id = http.post("/v1/evals", json=body).json()["id"]
    asked = [
        Ask("GET", f"/v1/evals/{eval_id}"),
        Ask("GET", f"/v1/evals/{quote(text, safe='')}"),
        Ask("GET", f"/v1/evals?after={quote(text, safe='')}"),
        Ask("GET", f"/evaluations/{eval_id}"),
        Ask("GET", f"/{quote(text, safe='')}"),
        Ask("PATCH", f"/v1/{quote(text, safe='')}"),
        Ask("GET", "/v1/evals", (("x-request-id", b"mine"), ("origin", b"https://evil.test"))),
    ]
    for ask in asked:
        answer = raw.ask(ask)

        assert is_harmless(answer)
        assert not {"x-injected", "set-cookie", "x"} & set(answer.headers), (ask, answer)
        assert answer.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("idempotency-key", b"\xff\xfe" * 100),
        ("idempotency-key", b"k" * 256),
        ("authorization", b"Bearer \xff\xff"),
        ("authorization", b"Bearer " + b"x" * 20_000),
        ("authorization", b"Basic Og=="),
        ("content-type", b"application/json; charset=\xff"),
        ("content-type", b"multipart/form-data; boundary=" + b"b" * 10_000),
        ("content-type", b"multipart/form-data; boundary*=UTF-8''%ff"),
        ("x-forwarded-for", b"not an address, \xff"),
        ("x-forwarded-proto", b"gopher"),
        ("cookie", b"evald_session=" + b"\xff" * 50),
        ("range", b"bytes=9999999999999-0"),
        ("accept", b"\xff"),
        ("expect", b"100-continue"),
        ("connection", b"upgrade"),
        ("upgrade", b"websocket"),
        ("x-http-method-override", b"DELETE"),
        ("content-encoding", b"gzip"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/evals"), ("GET", "/v1/evals"), ("POST", "/v1/files"), ("GET", "/")],
)
def test_odd_headers_are_answered(
    server: RunningServer, method: str, path: str, name: str, value: bytes
) -> None:
    connection = Connection(server.port, [("authorization", f"Bearer {KEY}".encode())])
    if name == "authorization":
        connection = Connection(server.port, [])
    body = json.dumps(free_eval()).encode() if method == "POST" else b""
    given = () if name == "content-type" else (("content-type", b"application/json"),)

    answer = connection.ask(Ask(method, path, (*given, (name, value)), body))
    connection.close()

    assert is_harmless(answer), answer
    if name == "authorization" and path != "/":
        assert answer.status in (400, 401)
