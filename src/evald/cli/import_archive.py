"""`evald import`: brings an archive's evals, runs and files into a data folder or a server."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from evald.adapters.archive.shelf import ArchiveUnreadable
from evald.adapters.remote.asking import RemoteRefused
from evald.assembly.data_folder import FolderInUse
from evald.assembly.importing import import_into
from evald.assembly.remote_importing import RemoteServer, import_at
from evald.assembly.storage import UNUSABLE_STORAGE
from evald.cli.progress import console_on, watching
from evald.domain.archive.import_report import ImportProgress, ImportReport, KindCounts
from evald.domain.archive.kinds import Kind
from evald.settings import SettingsInvalid, load_settings

DONE, INCOMPLETE, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130

_UNUSABLE = (*UNUSABLE_STORAGE, OSError)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to import, and where to."""
    parser.add_argument("archive", type=Path, metavar="ARCHIVE", help="a folder or a zip")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--data-dir", type=Path, default=None)
    where.add_argument("--database-url", default=None)
    where.add_argument(
        "--url", help="a running server, whose key is in EVALD_API_KEY or OPENAI_API_KEY"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be done, and no more"
    )


def run(args: argparse.Namespace) -> int:
    """0 if all of it is here, 1 after conflicts or damage, 2 for a bad call, 130 if interrupted."""
    progress = ImportProgress()
    try:
        asyncio.run(_import(args, progress))
    except (SettingsInvalid, ArchiveUnreadable, FolderInUse, RemoteRefused, *_UNUSABLE) as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return BAD_USAGE
    except KeyboardInterrupt:
        print(f"evald: {_interrupted(args)}", file=sys.stderr)
        return INTERRUPTED
    report = progress.report
    print(summary(report, is_dry=args.dry_run))
    for sentence in (*report.notes, *report.problems):
        print(sentence, file=sys.stderr)
    if report.unlisted:
        print(f"… and {report.unlisted} more of the same kinds.", file=sys.stderr)
    return DONE if report.is_clean else INCOMPLETE


async def _import(args: argparse.Namespace, progress: ImportProgress) -> None:
    async with watching(progress, console_on(sys.stderr)):
        if args.url is not None:
            # Without keys, a server on loopback takes any.
            key = os.environ.get("EVALD_API_KEY") or os.environ.get("OPENAI_API_KEY") or "none"
            server = RemoteServer(args.url, key)
            await import_at(server, args.archive, progress, is_dry=args.dry_run)
        else:
            settings = load_settings(
                os.environ, {"data_dir": args.data_dir, "database_url": args.database_url}
            )
            await import_into(settings, args.archive, progress, is_dry=args.dry_run)


def _interrupted(args: argparse.Namespace) -> str:
    if args.url is not None:
        return "Interrupted; what the server has received, it goes on importing."
    return "Interrupted; import it again, and it is completed."


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
    if counts.updated:
        words.append(f"{counts.updated} brought up to date")
    if counts.conflicting:
        words.append(f"{counts.conflicting} conflicting")
    if counts.damaged:
        words.append(f"{counts.damaged} damaged")
    if counts.left_out:
        words.append(f"{counts.left_out} left out")
    return ", ".join(words)
