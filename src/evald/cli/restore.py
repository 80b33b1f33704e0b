"""`evald restore`: makes a data folder of a backup."""

import argparse
from pathlib import Path

from evald.assembly.backup import restore
from evald.cli.backup import on_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to bring back, and where to."""
    parser.add_argument("backup", type=Path, metavar="FOLDER", help="what `evald backup` made")
    parser.add_argument("--data-dir", type=Path, default=None)


def run(args: argparse.Namespace) -> int:
    """0 if the folder can be served from, 1 if not, 2 for a call that makes no sense."""

    def bring_back(folder: Path) -> str:
        blobs = restore(args.backup, folder)
        return f"'{folder}' holds the database of {args.backup} and {blobs} files."

    return on_folder(args.data_dir, bring_back)
