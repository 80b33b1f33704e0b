"""`evald import`: brings an archive's evals, runs and files into a data folder."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from evald.adapters.archive.shelf import ArchiveUnreadable
from evald.adapters.sql.migrate import DatabaseUnusable, SchemaTooNew
from evald.assembly.data_folder import FolderInUse
from evald.assembly.importing import import_into
from evald.domain.archive.kinds import Kind
from evald.services.import_report import ImportReport, KindCounts
from evald.settings import SettingsInvalid, load_settings

DONE, INCOMPLETE, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130

_UNUSABLE = (SchemaTooNew, DatabaseUnusable, OSError)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to import, and where to."""
    parser.add_argument("archive", type=Path, metavar="ARCHIVE", help="a folder or a zip")
    parser.add_argument("--data-dir", type=Path, default=None)
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be done, and no more"
    )


def run(args: argparse.Namespace) -> int:
    """0 if all of it is here, 1 after conflicts or damage, 2 for a bad call, 130 if interrupted."""
    try:
        settings = load_settings(os.environ, {"data_dir": args.data_dir})
        report = asyncio.run(import_into(settings, args.archive, is_dry=args.dry_run))
    except (SettingsInvalid, ArchiveUnreadable, FolderInUse, *_UNUSABLE) as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return BAD_USAGE
    except KeyboardInterrupt:
        print("evald: Interrupted; import it again, and it is completed.", file=sys.stderr)
        return INTERRUPTED
    print(summary(report, is_dry=args.dry_run))
    for sentence in (*report.notes, *report.problems):
        print(sentence, file=sys.stderr)
    if report.unlisted:
        print(f"… and {report.unlisted} more of the same kinds.", file=sys.stderr)
    return DONE if report.is_clean else INCOMPLETE


def summary(report: ImportReport, *, is_dry: bool) -> str:
    """What was done or would be, kind by kind, in plain words."""
    lines = [f"{kind.replace('_', ' ')}: {_counted(report.counts[kind])}" for kind in Kind]
    if is_dry:
        lines.append("This is what would be done; nothing was changed.")
    elif report.new == 0:
        lines.append("Nothing was changed.")
    return "\n".join(lines)


def _counted(counts: KindCounts) -> str:
    words = [f"{counts.new} new", f"{counts.there} already there"]
    if counts.conflicting:
        words.append(f"{counts.conflicting} conflicting")
    if counts.damaged:
        words.append(f"{counts.damaged} damaged")
    if counts.left_out:
        words.append(f"{counts.left_out} left out")
    return ", ".join(words)
