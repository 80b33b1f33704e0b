"""Backups of a data folder: both databases and the blobs as of one moment, and their way back."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

from evald.adapters.blobs.disk import DiskBlobs
from evald.adapters.sql.inspection import inspect_database, quick_check
from evald.adapters.sql.migrate import packaged_migrations
from evald.adapters.sql.sqlite import copy_sqlite
from evald.assembly.data_folder import (
    BLOBS,
    COOKIE_SECRET,
    DATABASE,
    DURABLE_DATABASE,
    VAULT_SECRET,
    open_data_folder,
    serving_lock,
)

MARK = "evald-backup.json"
"""Written last: a folder without it is no whole backup."""

SECRETS = (COOKIE_SECRET, VAULT_SECRET)
FORMAT = 1
TRIES = 5
CHECK_S = 600.0

_NAMED_BLOBS = """
SELECT blob_id FROM files
UNION SELECT blob_id FROM runs
    WHERE is_inline OR is_logged OR status IN ('queued', 'in_progress')
UNION SELECT blob_id FROM archive_imports WHERE report IS NULL
"""


class BackupFailed(Exception):
    """There is no backup, or no restored folder; the message says why."""


def back_up(folder: Path, place: Path) -> int:
    """Copies the data folder into a new folder, also beside a running server; how many blobs.

    The database is copied as of one moment, then every blob that it names. A blob that was deleted
    meanwhile is named no longer: then both are copied again.

    Raises:
        BackupFailed: there is nothing to copy, the place is taken, or objects went too fast.
        DatabaseUnusable: the database cannot be read.
    """
    if inspect_database(folder / DATABASE) is None:
        raise BackupFailed(f"There is no data in '{folder}' to back up.")
    _make_new(place)
    for _ in range(TRIES):
        copy_sqlite(folder / DATABASE, place / DATABASE)
        copied = _copy_blobs(place / DATABASE, folder / BLOBS, place / BLOBS)
        if copied is not None:
            break
    else:
        raise BackupFailed("Files were deleted faster than they could be copied; try again.")
    if (folder / DURABLE_DATABASE).exists():
        copy_sqlite(folder / DURABLE_DATABASE, place / DURABLE_DATABASE)
    for secret in SECRETS:
        if (folder / secret).exists():
            shutil.copy2(folder / secret, place / secret)
    _write_mark(place, copied)
    return copied


def restore(backup: Path, folder: Path) -> int:
    """Makes a data folder of a backup, which stays as it is; how many blobs.

    Raises:
        BackupFailed: it is no whole backup, it is damaged, or the folder holds data already.
        FolderInUse, FolderUnusable: the folder is served from, or cannot be made.
    """
    _check_backup(backup)
    with serving_lock(open_data_folder(folder)):
        if (folder / DATABASE).exists():
            raise BackupFailed(
                f"'{folder}' holds data already; move it away, or name another --data-dir."
            )
        copied = _copy_blobs(backup / DATABASE, backup / BLOBS, folder / BLOBS)
        if copied is None:
            raise BackupFailed(f"'{backup}' lacks blobs that its database names.")
        for name in (*SECRETS, DURABLE_DATABASE, DATABASE):  # the one that counts comes last
            if (backup / name).exists():
                _copy_file(backup / name, folder / name)
    return copied


def _make_new(place: Path) -> None:
    try:
        place.mkdir(0o700, parents=True)
    except FileExistsError:
        raise BackupFailed(f"'{place}' is there already; name a new folder.") from None
    except OSError as problem:
        raise BackupFailed(f"'{place}' cannot be made: {problem.strerror}.") from problem


def _copy_blobs(database: Path, source: Path, target: Path) -> int | None:
    """How many blobs that the database names were copied; None where one of them is gone."""
    place_of, new_place_of = DiskBlobs(source).path, DiskBlobs(target).path
    copied = 0
    for blob_id in _named_blobs(database):
        if not _copy_blob(blob_id, place_of, new_place_of):
            return None
        copied += 1
    return copied


def _copy_blob(
    blob_id: str, place_of: Callable[[str], Path], new_place_of: Callable[[str], Path]
) -> bool:
    target = new_place_of(blob_id)
    if target.exists():
        return True
    target.parent.mkdir(0o700, parents=True, exist_ok=True)
    try:
        _copy_file(place_of(blob_id), target)
    except FileNotFoundError:
        return False
    return True


def _copy_file(source: Path, target: Path) -> None:
    """The bytes are on disk, under the name only once they are whole."""
    unfinished = target.with_name(target.name + ".unfinished")
    shutil.copy2(source, unfinished)
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(target)


def _named_blobs(database: Path) -> Iterator[str]:
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        if "logs" not in {name for (name,) in found}:
            raise BackupFailed("The database has an older schema; call `evald migrate` first.")
        for (blob_id,) in connection.execute(_NAMED_BLOBS):
            if blob_id:
                yield blob_id


def _write_mark(place: Path, blobs: int) -> None:
    version = packaged_migrations()[-1].version
    said = {"format": FORMAT, "schema_version": version, "blobs": blobs}
    (place / MARK).write_text(json.dumps(said) + "\n")


def _check_backup(backup: Path) -> None:
    try:
        said = json.loads((backup / MARK).read_text())
    except (OSError, ValueError):
        raise BackupFailed(f"'{backup}' is no whole backup: it has no {MARK}.") from None
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        raise BackupFailed(f"'{backup}' was made by a newer evald.")
    found = quick_check(backup / DATABASE, within_s=CHECK_S)
    if found.damage:
        raise BackupFailed(f"The backup's database is damaged: {found.damage}.")
