"""Uploads that are cut off, slow, or bombs; what comes of none of them stays on the disk.

Rests on: ours.
"""

import io
import json
import socket
import struct
import threading
import time
import zipfile
from http.client import HTTPResponse
from pathlib import Path

import httpx2
import pytest

from tests.hostile.conftest import KEY
from tests.support.large_bodies import memory_watched
from tests.support.running_server import RunningServer
from tests.wire.bodies import free_eval, in_file, jsonl

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

MIB = 1_048_576
FORM_HEAD = (
    b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nevals\r\n'
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n'
)
FORM_END = b"\r\n--b--\r\n"
ROWS_HEAD = b'{"data_source":{"type":"jsonl","source":{"type":"file_content","content":['
ROW = b'{"item":{"text":"' + b"x" * 1_000 + b'"}},'
BODIES = {
    "/v1/files": ("multipart/form-data; boundary=b", FORM_HEAD + b"x" * MIB),
    "/v1/evals/EVAL/runs": ("application/json", ROWS_HEAD + ROW * 1_000),
    "/v1/evald/imports": ("application/zip", b"PK\x03\x04" + b"x" * MIB),
}


def blobs(server: RunningServer) -> set[Path]:
    """The files below the folder of blobs, unfinished ones too."""
    return {path for path in (server.folder / "blobs").rglob("*") if path.is_file()}


def settled(server: RunningServer, before: set[Path]) -> set[Path]:
    """What is there beyond what was, once nothing more goes, or after ten seconds."""
    end = time.monotonic() + 10
    while (left := blobs(server) - before) and time.monotonic() < end:
        threading.Event().wait(0.01)
    return left


def begun(server: RunningServer, path: str, head: bytes) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", server.port), timeout=5)
    start = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {KEY}\r\n"
    client.sendall(start.encode() + head)
    return client


def new_eval(http: httpx2.Client) -> str:
    return str(http.post("/v1/evals", json=free_eval()).json()["id"])


@pytest.mark.parametrize("is_reset", [False, True])
@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("path", BODIES)
def test_an_upload_that_is_cut_off_leaves_nothing_behind(
    server: RunningServer, http: httpx2.Client, path: str, is_chunked: bool, is_reset: bool
) -> None:
    content_type, body = BODIES[path]
    own_path = path.replace("EVAL", new_eval(http))
    before = blobs(server)
    length = "transfer-encoding: chunked" if is_chunked else f"content-length: {9 * MIB}"
    head = f"content-type: {content_type}\r\n{length}\r\n\r\n".encode()
    framed = b"%x\r\n" % (9 * MIB) + body if is_chunked else body

    client = begun(server, own_path, head + framed)
    end = time.monotonic() + 5
    while not blobs(server) - before and time.monotonic() < end:
        threading.Event().wait(0.01)
    assert blobs(server) - before, "nothing was written yet, so nothing can be left"
    if is_reset:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()

    assert settled(server, before) == set()
    assert http.get("/v1/files").status_code == 200


REFUSED = [
    ("/v1/files", FORM_HEAD + b"x" * MIB),
    ("/v1/files", FORM_HEAD.replace(b"evals", b"vibes") + b"x" + FORM_END),
    ("/v1/files", FORM_HEAD + b"x" * MIB + b"\r\n" + FORM_HEAD),
    ("/v1/evals/EVAL/runs", ROWS_HEAD + ROW * 1_000),
    ("/v1/evals/EVAL/runs", ROWS_HEAD + ROW * 1_000 + b"7]}}}"),
    ("/v1/evals/EVAL/runs", ROWS_HEAD + ROW + b'{"item":{}}]}},"name":7}'),
    ("/v1/evald/imports", b"PK\x03\x04" + b"x" * MIB),
    ("/v1/evald/imports", b""),
]


@pytest.mark.parametrize(("path", "body"), REFUSED)
def test_an_upload_that_is_refused_leaves_nothing_behind(
    server: RunningServer, http: httpx2.Client, path: str, body: bytes
) -> None:
    content_type, _ = BODIES[path]
    own_path = path.replace("EVAL", new_eval(http))
    before = blobs(server)

    answer = http.post(own_path, content=body, headers={"content-type": content_type})

    assert answer.status_code == 400, answer.text
    assert settled(server, before) == set()


def test_a_slow_upload_holds_up_nobody_and_arrives(
    server: RunningServer, http: httpx2.Client
) -> None:
    body = FORM_HEAD + b"slow" + FORM_END
    head = b"content-type: multipart/form-data; boundary=b\r\ncontent-length: %d\r\n\r\n" % len(
        body
    )
    clients = [begun(server, "/v1/files", head) for _ in range(20)]
    for at in range(len(body)):
        for client in clients:
            client.sendall(body[at : at + 1])
        if at % 20 == 0:
            assert http.get("/v1/files", params={"limit": 1}).status_code == 200
    for client in clients:
        answer = HTTPResponse(client)
        answer.begin()
        file_id = json.loads(answer.read())["id"]
        client.close()

        assert answer.status == 200
        assert http.get(f"/v1/files/{file_id}/content").content == b"slow"


def bomb(name: str, size_bytes: int) -> bytes:
    target = io.BytesIO()
    with (
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open(name, "w", force_zip64=True) as member,
    ):
        for _ in range(size_bytes // MIB):
            member.write(bytes(MIB))
    return target.getvalue()


def test_a_zip_bomb_as_a_file_is_bytes_like_any_others(
    server: RunningServer, http: httpx2.Client
) -> None:
    zipped = bomb("rows.jsonl", 200 * MIB)
    form = {"file": ("rows.jsonl", zipped), "purpose": (None, b"evals")}
    with memory_watched(server.process.pid) as memory:
        file = http.post("/v1/files", files=form).json()
        answer = http.post(
            f"/v1/evals/{new_eval(http)}/runs", json={"data_source": jsonl(in_file(file["id"]))}
        )

    assert http.get(f"/v1/files/{file['id']}/content").content == zipped
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "invalid_data_source"
    assert memory.growth_mb < 50


@pytest.mark.parametrize("name", ["evals.jsonl", "manifest.json", "evald-archive.json", "a/b.json"])
def test_a_zip_bomb_as_an_import_is_refused_unopened(
    server: RunningServer, http: httpx2.Client, name: str
) -> None:
    """Ours; tests/acceptance has the sentence."""
    before = blobs(server)
    zipped = bomb(name, 200 * MIB)

    with memory_watched(server.process.pid) as memory:
        answer = http.post("/v1/evald/imports", content=zipped)

    assert answer.status_code == 400
    assert memory.growth_mb < 50
    assert settled(server, before) == set()


def test_an_archive_whose_members_are_paths_writes_none_of_them(
    server: RunningServer, http: httpx2.Client
) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in ("../evil.json", "/tmp/evald-evil.json", "..\\evil.json", "a/../../evil.json"):
            archive.writestr(name, '{"object":"eval","id":"eval_evil"}')

    answer = http.post("/v1/evald/imports", content=target.getvalue())

    assert answer.status_code in (202, 400)
    assert not Path("/tmp/evald-evil.json").exists()
    assert not list(server.folder.parent.rglob("evil.json"))
