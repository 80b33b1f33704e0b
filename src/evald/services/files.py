"""Files: receive, create, list, get, delete, read."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import get_args

from evald.domain.errors import BodyTooLarge, FileNotFound, InvalidValue, UnknownCursor
from evald.ports.kept import Page, StoredFile
from evald.ports.store import CursorUnknown, Transaction
from evald.services.context import Context
from evald.services.idempotency import Idempotency, object_made, remember
from evald.services.staged_blob import StagedBlob, staged_blob
from evald.wire.files import MAX_EXPIRY_S, MIN_EXPIRY_S, DeletedFile, File, FilePurpose
from evald.wire.pages import ListFilesQuery

BATCH_EXPIRY_S = MAX_EXPIRY_S
"""Files of purpose `batch` expire after 30 days unless told otherwise. Source: observed 2026-04."""


class IncomingFile:
    """Bytes on their way into a file: counted, hashed and written as they come."""

    def __init__(self, blob: StagedBlob, *, most_bytes: int) -> None:
        """Writes to this blob, and no more than that many bytes."""
        self.blob = blob
        self.size = 0
        self._most_bytes = most_bytes
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """The SHA-256 of the bytes so far, in hexadecimal."""
        return self._hash.hexdigest()

    async def write(self, chunk: bytes) -> None:
        """Appends the chunk.

        Raises:
            BodyTooLarge: the file has more bytes than it may.
        """
        self.size += len(chunk)
        if self.size > self._most_bytes:
            message = f"The file is larger than {self._most_bytes:,} bytes, which is the most."
            raise BodyTooLarge(message, param="file")
        self._hash.update(chunk)
        await self.blob.write(chunk)


@dataclass(frozen=True, slots=True)
class FileUpload:
    """A received file and the form fields that came with it."""

    incoming: IncomingFile
    filename: str
    purpose: str
    expires_after_s: int | None = None


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file and its bytes, in pieces."""

    file: File
    chunks: AsyncIterator[bytes]


@asynccontextmanager
async def receive_file(context: Context) -> AsyncIterator[IncomingFile]:
    """A place for the bytes of an upload; what no `create_file` kept is gone after the block."""
    async with staged_blob(context) as blob:
        yield IncomingFile(blob, most_bytes=context.max_file_bytes)


async def create_file(
    context: Context,
    project_id: str,
    upload: FileUpload,
    *,
    idempotency: Idempotency | None = None,
) -> File:
    """The file that was made, or the one this Idempotency-Key made before.

    Raises:
        InvalidValue: purpose or expiry are not among what is allowed.
        IdempotencyConflict: the key came with another upload.
    """
    _refuse_bad_fields(upload)
    blob, now = upload.incoming.blob, context.clock.now()
    await blob.seal()
    stored = StoredFile(_new_file(context, upload, now=now), blob.id)
    async with context.store.transaction() as tx:
        made = await object_made(tx, project_id, idempotency, now=now)
        if made is not None:
            return (await _found(tx, project_id, made, now=now)).file
        await tx.files.insert(project_id, stored)
        await remember(tx, project_id, idempotency, object_id=stored.file.id, now=now)
        blob.claim()
    return stored.file


async def list_files(context: Context, project_id: str, query: ListFilesQuery) -> Page[File]:
    """A page of the project's files.

    Raises:
        UnknownCursor: `after` is no file.
    """
    async with context.store.snapshot() as tx:
        try:
            page = await tx.files.page(project_id, query, now=context.clock.now())
        except CursorUnknown:
            raise UnknownCursor(str(query.after)) from None
    return Page([stored.file for stored in page.rows], page.has_more)


async def get_file(context: Context, project_id: str, file_id: str) -> File:
    """The file.

    Raises:
        FileNotFound: there is none of this id, or it has expired.
    """
    async with context.store.snapshot() as tx:
        return (await _found(tx, project_id, file_id, now=context.clock.now())).file


async def delete_file(context: Context, project_id: str, file_id: str) -> DeletedFile:
    """Says that the file is gone. A run that is reading it goes on to its end.

    Raises:
        FileNotFound: there is none of this id.
    """
    async with context.store.transaction() as tx:
        if not await tx.files.delete(project_id, file_id):
            raise FileNotFound(file_id)
    return DeletedFile(id=file_id)


async def open_content(context: Context, project_id: str, file_id: str) -> FileContent:
    """The file and its bytes as they were uploaded.

    Raises:
        FileNotFound: there is none of this id.
    """
    async with context.store.snapshot() as tx:
        stored = await _found(tx, project_id, file_id, now=context.clock.now())
    return FileContent(stored.file, context.blobs.read(stored.blob_id))


async def _found(tx: Transaction, project_id: str, file_id: str, *, now: int) -> StoredFile:
    found = await tx.files.get(project_id, file_id, now=now)
    if found is None:
        raise FileNotFound(file_id)
    return found


def _new_file(context: Context, upload: FileUpload, *, now: int) -> File:
    expiry_s = upload.expires_after_s
    if expiry_s is None and upload.purpose == "batch":
        expiry_s = BATCH_EXPIRY_S
    return File(
        id=context.clock.new_file_id(),
        purpose=upload.purpose,
        filename=upload.filename,
        bytes=upload.incoming.size,
        created_at=now,
        expires_at=None if expiry_s is None else now + expiry_s,
    )


def _refuse_bad_fields(upload: FileUpload) -> None:
    allowed = get_args(FilePurpose)
    if upload.purpose not in allowed:
        message = f"'{upload.purpose}' is not one of {list(allowed)}."
        raise InvalidValue(message, param="purpose")
    expiry_s = upload.expires_after_s
    if expiry_s is not None and not MIN_EXPIRY_S <= expiry_s <= MAX_EXPIRY_S:
        message = f"expires_after[seconds] must be from {MIN_EXPIRY_S} to {MAX_EXPIRY_S}."
        raise InvalidValue(message, param="expires_after.seconds")
