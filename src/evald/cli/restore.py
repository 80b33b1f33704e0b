"""`evald restore`: makes a data folder of a backup."""

import argparse
import os
import sys
from pathlib import Path

from evald.assembly.backup import BackupFailed, restore
from evald.assembly.data_folder import FolderInUse
from evald.cli.backup import BAD_USAGE, DONE, FAILED, ON_POSTGRESQL
from evald.settings import SettingsInvalid, load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to bring back, and where to."""
    parser.add_argument("backup", type=Path, metavar="FOLDER", help="what `evald backup` made")
    parser.add_argument("--data-dir", type=Path, default=None)


def run(args: argparse.Namespace) -> int:
    """0 if the folder can be served from, 1 if not, 2 for a call that makes no sense."""
    try:
        settings = load_settings(os.environ, {"data_dir": args.data_dir})
        if settings.database_url and args.data_dir is None:
            print(f"evald: {ON_POSTGRESQL}", file=sys.stderr)
            return BAD_USAGE
        blobs = restore(args.backup, settings.data_dir)
    except SettingsInvalid as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return BAD_USAGE
    except (BackupFailed, FolderInUse, OSError) as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return FAILED
    print(f"'{settings.data_dir}' holds the database of {args.backup} and {blobs} files.")
    return DONE
