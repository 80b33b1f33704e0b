"""Files in requests, on a store and a folder of their own."""

from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evald.adapters.blobs.disk import DiskBlobs
from evald.adapters.sql.store import SqlStore
from evald.adapters.threads import ThreadCpu
from evald.domain.errors import FilesTooLarge
from evald.ports.kept import StoredFile
from evald.ports.model import ModelAnswer, ModelFailure, ModelRequest
from evald.sampling.attachments import (
    MAX_FILES,
    MAX_FILES_BYTES,
    ModelWithFiles,
    ProjectFiles,
    with_files,
)
from evald.wire.files import File
from tests.support.instant_clock import NOW, InstantClock
from tests.support.new_store import open_new_store

PNG = b"\x89PNG\r\n\x1a\n" + bytes(300_000)


@dataclass
class Shelf:
    store: SqlStore
    blobs: DiskBlobs
    clock: InstantClock
    cpu: ThreadCpu

    async def put(self, file_id: str, content: bytes, **fields: Any) -> None:
        async with self.blobs.writing(f"blob_{file_id}") as writer:
            await writer.write(content)
        file = File(
            id=file_id,
            purpose="user_data",
            filename=fields.get("filename", "a.png"),
            bytes=fields.get("bytes", len(content)),
            created_at=1,
            expires_at=fields.get("expires_at"),
        )
        async with self.store.transaction() as tx:
            await tx.files.insert("mine", StoredFile(file, f"blob_{file_id}"))


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    store = await open_new_store(tmp_path / "evald.sqlite3")
    yield Shelf(store, DiskBlobs(tmp_path / "blobs"), InstantClock(), ThreadCpu())
    await store.close()


def asking(*file_ids: str) -> dict[str, Any]:
    parts = [{"type": "file", "file": {"file_id": each}} for each in file_ids]
    return {"model": "m", "messages": [{"role": "user", "content": parts}]}


async def test_a_file_of_the_project_goes_along_as_data(shelf: Shelf) -> None:
    await shelf.put("file-1", PNG)

    filled: Any = await with_files(asking("file-1"), ProjectFiles(shelf, "mine"))

    file = filled["messages"][0]["content"][0]["file"]
    assert file["filename"] == "a.png"
    assert file["file_data"] == "data:image/png;base64," + b64encode(PNG).decode()


async def test_files_of_others_and_expired_ones_stay_named(shelf: Shelf) -> None:
    await shelf.put("file-1", b"x")
    await shelf.put("file-old", b"x", expires_at=NOW - 1)
    theirs, old = asking("file-1"), asking("file-old", "file-unknown")

    assert await with_files(theirs, ProjectFiles(shelf, "theirs")) is theirs
    assert await with_files(old, ProjectFiles(shelf, "mine")) is old


async def test_a_file_whose_bytes_are_gone_stays_named(shelf: Shelf) -> None:
    await shelf.put("file-1", b"x")
    await shelf.blobs.delete("blob_file-1")
    body = asking("file-1")

    assert await with_files(body, ProjectFiles(shelf, "mine")) == body


async def test_a_body_without_files_is_itself(shelf: Shelf) -> None:
    body: dict[str, Any] = {"messages": [{"role": "user", "content": "file-1"}]}

    assert await with_files(body, ProjectFiles(shelf, "mine")) is body


async def test_too_many_bytes_are_refused_by_the_part_that_is_too_much(shelf: Shelf) -> None:
    await shelf.put("file-1", b"x", bytes=MAX_FILES_BYTES // 2 + 1)

    with pytest.raises(FilesTooLarge) as refused:
        await with_files(asking("file-1", "file-1"), ProjectFiles(shelf, "mine"))

    assert refused.value.param == "messages[0].content[1].file.file_id"
    assert (refused.value.status, refused.value.code) == (413, "files_too_large")


async def test_very_many_files_are_not_looked_for(shelf: Shelf) -> None:
    body = asking(*(f"file-{number}" for number in range(MAX_FILES + 1)))

    with pytest.raises(FilesTooLarge):
        await with_files(body, ProjectFiles(shelf, "mine"))


class Asked:
    def __init__(self) -> None:
        self.requests: list[ModelRequest] = []

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        self.requests.append(request)
        return ModelAnswer({}, seconds=0.0)


async def test_the_model_sees_data_and_the_request_keeps_the_id(shelf: Shelf) -> None:
    await shelf.put("file-1", b"hello", filename="a.txt")
    inner = Asked()
    request = ModelRequest("chat_completions", "m", asking("file-1"), deadline=9.0)

    await ModelWithFiles(inner, ProjectFiles(shelf, "mine")).ask(request)

    assert "data:text/plain;base64,aGVsbG8=" in str(inner.requests[0].body)
    assert inner.requests[0].deadline == 9.0
    assert request.body == asking("file-1")


async def test_files_that_are_too_large_are_a_failure_and_nobody_is_asked(shelf: Shelf) -> None:
    await shelf.put("file-1", b"x", bytes=MAX_FILES_BYTES + 1)
    inner = Asked()
    request = ModelRequest("chat_completions", "m", asking("file-1"), deadline=9.0)

    outcome = await ModelWithFiles(inner, ProjectFiles(shelf, "mine")).ask(request)

    assert isinstance(outcome, ModelFailure)
    assert outcome.code == "files_too_large"
    assert inner.requests == []
