"""`evald logs`: brings what an application asked models, and was answered, from elsewhere."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from evald.adapters.log_file import LogFileUnreadable
from evald.adapters.remote.asking import RemoteRefused
from evald.assembly.data_folder import FolderInUse
from evald.assembly.log_importing import import_logs_at, import_logs_into
from evald.assembly.remote_importing import RemoteServer
from evald.assembly.storage import UNUSABLE_STORAGE
from evald.settings import SettingsInvalid, load_settings
from evald.wire.log_imports import LogImport

DONE, INCOMPLETE, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130

_UNUSABLE = (SettingsInvalid, LogFileUnreadable, FolderInUse, RemoteRefused, *UNUSABLE_STORAGE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to do with logs."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    bring = actions.add_parser("import", help="keep logs that were made elsewhere")
    bring.add_argument("file", metavar="FILE", help="JSONL or OTLP JSON, also .gz; - reads stdin")
    where = bring.add_mutually_exclusive_group()
    where.add_argument("--data-dir", type=Path, default=None)
    where.add_argument("--database-url", default=None)
    where.add_argument(
        "--url", help="a running server, whose key is in EVALD_API_KEY or OPENAI_API_KEY"
    )
    bring.add_argument("--dry-run", action="store_true", help="say what would be done, and no more")


def run(args: argparse.Namespace) -> int:
    """0 if every log is here, 1 if some line is bad or conflicts, 2 for a bad call, 130 if ended.

    What is bad or conflicts is told on standard error, the rest on standard output.
    """
    try:
        report = asyncio.run(_import(args))
    except (*_UNUSABLE, OSError) as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return BAD_USAGE
    except KeyboardInterrupt:
        print("evald: Interrupted; import it again, and it is completed.", file=sys.stderr)
        return INTERRUPTED
    print(summary(report))
    for each in report.problems:
        print(each.message, file=sys.stderr)
    if report.unlisted:
        print(f"… and {report.unlisted} more.", file=sys.stderr)
    return INCOMPLETE if report.bad or report.conflicts else DONE


async def _import(args: argparse.Namespace) -> LogImport:
    if args.url is not None:
        # Without keys, a server on loopback takes any.
        key = os.environ.get("EVALD_API_KEY") or os.environ.get("OPENAI_API_KEY") or "none"
        return await import_logs_at(RemoteServer(args.url, key), args.file, is_dry=args.dry_run)
    settings = load_settings(
        os.environ, {"data_dir": args.data_dir, "database_url": args.database_url}
    )
    return await import_logs_into(settings, args.file, is_dry=args.dry_run)


def summary(report: LogImport) -> str:
    """What was done or would be, in plain words."""
    words = [f"{report.new} new", f"{report.there} already there"]
    if report.conflicts:
        words.append(f"{report.conflicts} conflicting")
    if report.bad:
        words.append(f"{report.bad} bad")
    if report.others:
        words.append(f"{report.others} spans of other kinds")
    lines = [f"logs: {', '.join(words)}"]
    if report.dry_run:
        lines.append("This is what would be done; nothing was changed.")
    elif report.new == 0:
        lines.append("Nothing was changed.")
    return "\n".join(lines)
