"""`evald backup`: copies a data folder, also while a server serves from it."""

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path

from evald.adapters.sql.migrate import DatabaseUnusable
from evald.assembly.backup import BackupFailed, back_up
from evald.assembly.data_folder import FolderInUse
from evald.settings import SettingsInvalid, load_settings

DONE, FAILED, BAD_USAGE = 0, 1, 2
ON_POSTGRESQL = (
    "The data is in PostgreSQL: call `pg_dump --format=custom --schema=evald --schema=evald_dbos "
    "--file=evald.dump DATABASE_URL`, which is consistent beside a running server, and "
    "`pg_restore --dbname=DATABASE_URL evald.dump` to bring it back."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to copy, and where to."""
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="a new folder")
    parser.add_argument("--data-dir", type=Path, default=None)


def run(args: argparse.Namespace) -> int:
    """0 if the backup is whole, 1 if there is none, 2 for a call that makes no sense."""

    def copy(folder: Path) -> str:
        blobs = back_up(folder, args.out)
        return f"{args.out} holds the database of '{folder}' and {blobs} files."

    return on_folder(args.data_dir, copy)


def on_folder(data_dir: Path | None, work: Callable[[Path], str]) -> int:
    """The exit code of work on the data folder, whose sentence is printed.

    With a database URL in the settings, and no folder named, it is said what to call instead.
    """
    try:
        settings = load_settings(os.environ, {"data_dir": data_dir})
        if settings.database_url and data_dir is None:
            print(f"evald: {ON_POSTGRESQL}", file=sys.stderr)
            return BAD_USAGE
        print(work(settings.data_dir))
    except SettingsInvalid as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return BAD_USAGE
    except (BackupFailed, DatabaseUnusable, FolderInUse, OSError) as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return FAILED
    return DONE
