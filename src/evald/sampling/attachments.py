"""Files of ours in requests to models: read where a request names them, and sent along as data."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from pydantic import JsonValue

from evald.domain.conversation.attachments import FileData, NamedFile, files_named, with_data
from evald.domain.errors import FilesTooLarge
from evald.domain.media_types import media_type
from evald.ports.blobs import BlobNotFound, Blobs
from evald.ports.clock import Clock
from evald.ports.cpu import Cpu
from evald.ports.kept import StoredFile
from evald.ports.model import (
    FailureKind,
    ModelAnswer,
    ModelClient,
    ModelFailure,
    ModelRequest,
)
from evald.ports.store import Store

MAX_FILES_BYTES = 33_554_432
"""So many bytes of files go along with one request, at most (32 MiB); one named twice is twice."""

MAX_FILES = 500
"""So many different files are looked up for one request, at most."""


FILE_KEY = b"file_id"
"""A JSON text in which this does not stand names no file."""


class Shelf(Protocol):
    """What reading files needs of whoever does it; the contexts of services and engine have it."""

    @property
    def store(self) -> Store:
        """Where files are written down."""
        ...

    @property
    def blobs(self) -> Blobs:
        """Where their bytes are."""
        ...

    @property
    def clock(self) -> Clock:
        """By which they expire."""
        ...

    @property
    def cpu(self) -> Cpu:
        """Where bytes become text."""
        ...


@dataclass(frozen=True, slots=True)
class ProjectFiles:
    """The files of one project."""

    shelf: Shelf
    project_id: str


async def with_files(body: dict[str, JsonValue], files: ProjectFiles) -> dict[str, JsonValue]:
    """The body as it is sent: files of the project that its parts name by id stand in it as data.

    The very same body where it names none; what is kept and shown is always the given one. An id
    that is none of the project's files goes along as it is. Nothing is fetched from anywhere.

    Raises:
        FilesTooLarge: the files have too many bytes together, or are too many.
    """
    named = files_named(body)
    if not named:
        return body
    found = await _found(named, files)
    if not found:
        return body
    _refuse_large(named, found)
    data = {file_id: await _data(stored, files.shelf) for file_id, stored in found.items()}
    return with_data(body, {key: value for key, value in data.items() if value is not None})


@dataclass(frozen=True, slots=True)
class ModelWithFiles:
    """Asks another client, with the files of a project that a request names as data in it.

    The caller's request stays as it was, so that what is shown of it holds ids, not data.
    """

    inner: ModelClient
    files: ProjectFiles

    async def ask(self, request: ModelRequest) -> ModelAnswer | ModelFailure:
        """The inner client's outcome; a failure, and nobody is asked, where files are too large."""
        try:
            body = await with_files(request.body, self.files)
        except FilesTooLarge as problem:
            code = "files_too_large"
            return ModelFailure(FailureKind.REFUSED, code=code, message=problem.message)
        return await self.inner.ask(
            request if body is request.body else replace(request, body=body)
        )


async def _found(named: list[NamedFile], files: ProjectFiles) -> Mapping[str, StoredFile]:
    ids = dict.fromkeys(each.id for each in named)
    if len(ids) > MAX_FILES:
        message = f"The request names {len(ids)} files; at most {MAX_FILES} are sent along."
        raise FilesTooLarge(message, param=named[0].path)
    now, found = files.shelf.clock.now(), {}
    async with files.shelf.store.snapshot() as tx:
        for file_id in ids:
            stored = await tx.files.get(files.project_id, file_id, now=now)
            if stored is not None:
                found[file_id] = stored
    return found


def _refuse_large(named: list[NamedFile], found: Mapping[str, StoredFile]) -> None:
    size = 0
    for each in named:
        size += found[each.id].file.bytes if each.id in found else 0
        if size > MAX_FILES_BYTES:
            raise FilesTooLarge(
                f"With file '{each.id}', the files of the request have more than "
                f"{MAX_FILES_BYTES:,} bytes, the most that is sent along with one.",
                param=each.path,
            )


async def _data(stored: StoredFile, shelf: Shelf) -> FileData | None:
    """The file's data; None where it was deleted meanwhile."""
    try:
        pieces = [piece async for piece in shelf.blobs.read(stored.blob_id)]
    except BlobNotFound:
        return None
    url = await shelf.cpu.run(partial(_data_url, stored.file.filename, pieces))
    return FileData(stored.file.filename, url)


def _data_url(filename: str, pieces: list[bytes]) -> str:
    content = b"".join(pieces)
    return f"data:{media_type(filename, content[:16])};base64,{b64encode(content).decode()}"
