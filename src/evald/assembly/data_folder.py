"""The data folder: where everything lies, and that one process at a time serves from it."""

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DATABASE = "evald.sqlite3"
DURABLE_DATABASE = "dbos.sqlite3"
BLOBS = "blobs"
LOCK = "evald.lock"
WORKER_ID = "worker-id"
COOKIE_SECRET = "cookie-secret"  # noqa: S105 - a file's name
VAULT_SECRET = "vault-secret"  # noqa: S105 - a file's name
PAGES_CACHE = "cache/pages"
PRIVATE = 0o700


class FolderInUse(Exception):
    """Another process serves from this data folder."""


class FolderUnusable(OSError):
    """The data folder cannot be made, or is another user's."""


def open_data_folder(folder: Path) -> Path:
    """The folder, which is there now and open to its owner alone.

    Raises:
        FolderUnusable: it is none, or none of ours.
    """
    try:
        folder.mkdir(PRIVATE, parents=True, exist_ok=True)
        folder.chmod(PRIVATE)
    except OSError as problem:
        message = f"The data folder '{folder}' cannot be used: {problem.strerror}."
        raise FolderUnusable(message) from problem
    return folder


@contextmanager
def serving_lock(folder: Path) -> Iterator[None]:
    """While the block lasts, no other process serves from the folder; a killed one lets go.

    Raises:
        FolderInUse: another one does.
    """
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = (
                f"Another process serves from '{folder}'; stop it, or name another --data-dir."
            )
            raise FolderInUse(message) from None
        yield
    finally:
        os.close(descriptor)


def worker_id(folder: Path) -> str:
    """The id under which this folder's process works where several share a database.

    Made at the first call; a process that is started again goes on with what it had in hand.
    """
    path = folder / WORKER_ID
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"worker_{secrets.token_hex(16)}")
    return path.read_text()


def cookie_secret(folder: Path) -> bytes:
    """The 32 bytes that sign this folder's sign-in cookies; made at the first call."""
    return _secret(folder / COOKIE_SECRET)


def vault_secret(folder: Path) -> bytes:
    """The 32 bytes that seal secrets in this folder's database; made at the first call."""
    return _secret(folder / VAULT_SECRET)


def _secret(path: Path) -> bytes:
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(32))
    return path.read_bytes()
