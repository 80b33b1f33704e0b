"""`evald rescue`: brings a project's evals home from a hosted API, into a folder of its own."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from evald.adapters.archive.folder import FolderNotOurs
from evald.adapters.archive.journal_file import ArchiveInUse
from evald.adapters.archive.packing import pack
from evald.adapters.archive.reader import open_reader
from evald.adapters.archive.shelf import ArchiveUnreadable
from evald.adapters.archive.verifying import problems
from evald.adapters.hosted.credentials import OPENAI, Credentials, SourceMisconfigured
from evald.assembly.rescue import Ending, Outcome, rescue_into
from evald.cli.progress import console_on, watching
from evald.cli.rescue_display import show_outcome
from evald.domain.archive.kinds import TOP_KINDS
from evald.ports.archive import CannotKeep
from evald.services.rescue_progress import Progress

DONE, INCOMPLETE, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130
MOST_CONCURRENCY = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to, or what to check; and from where."""
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, metavar="FOLDER", help="the archive to make or complete")
    where.add_argument("--verify", type=Path, metavar="ARCHIVE", help="check a folder or zip only")
    parser.add_argument("--zip", action="store_true", help="pack the folder into FOLDER.zip too")
    parser.add_argument("--base-url", metavar="URL", help=f"default: OPENAI_BASE_URL, or {OPENAI}")
    parser.add_argument("--organization", metavar="ID", help="default: OPENAI_ORG_ID")
    parser.add_argument("--project", metavar="ID", help="default: OPENAI_PROJECT_ID")
    parser.add_argument("--azure", action="store_true", help="send the key as Azure wants it")
    parser.add_argument("--api-version", metavar="VERSION", help="Azure's api-version, if any")
    parser.add_argument(
        "--concurrency", type=_concurrency, default=8, metavar="N", help="requests at once, at most"
    )


def run(args: argparse.Namespace) -> int:
    """0 if all is there, 1 if something could not be had, 2 for a bad call, 130 if interrupted."""
    if args.verify is not None:
        return _verify(args.verify)
    try:
        credentials = _credentials(args, os.environ)
        outcome = asyncio.run(_rescue(args.out, credentials, args.concurrency))
    except (SourceMisconfigured, FolderNotOurs, ArchiveInUse, CannotKeep) as problem:
        return _say(str(problem), code=BAD_USAGE)
    code = _conclusion(outcome, args.out, credentials)
    if args.zip and outcome.manifest is not None and code in (DONE, INCOMPLETE):
        return _zip(args.out, code)
    return code


async def _rescue(folder: Path, credentials: Credentials, concurrency: int) -> Outcome:
    progress = Progress()
    async with watching(progress, console_on(sys.stderr)):
        outcome = await rescue_into(folder, credentials, progress, concurrency=concurrency)
    if outcome.manifest is not None:
        show_outcome(console_on(sys.stdout), outcome, progress)
    return outcome


def _conclusion(outcome: Outcome, folder: Path, credentials: Credentials) -> int:
    again = "Call the same command again: it goes on where it stopped."
    match outcome.ending:
        case Ending.INTERRUPTED:
            return _say(f"Interrupted. {again}", code=INTERRUPTED)
        case Ending.KEY_REFUSED:
            return _say(f"{credentials.address} refuses the key: {outcome.message}", code=BAD_USAGE)
        case Ending.SERVER_SILENT:
            message = f"{credentials.address} gives no answers any more: {outcome.message}"
            return _say(f"{message} {again}", code=INCOMPLETE)
        case Ending.CANNOT_KEEP:
            return _say(f"{outcome.message} {again}", code=INCOMPLETE)
        case Ending.DONE:
            return _of_what_is_there(outcome, folder, credentials)


def _of_what_is_there(outcome: Outcome, folder: Path, credentials: Credentials) -> int:
    manifest = outcome.manifest
    if manifest is None:
        return INCOMPLETE
    if not any(manifest.kinds[kind].offered for kind in TOP_KINDS):
        return _say(
            f"{credentials.address} offers neither evals nor files nor stored completions; "
            "does the base URL end in /v1?",
            code=INCOMPLETE,
        )
    if manifest.missing:
        there = folder / "manifest.json"
        return _say(
            f"Not all could be had: {there} says under 'missing' what, and why. "
            "Calling the command again tries it again.",
            code=INCOMPLETE,
        )
    print(f"All that {credentials.address} offers is in {folder}.")
    return DONE


def _zip(folder: Path, code: int) -> int:
    try:
        print(f"Packed into {pack(folder)}.")
    except (ArchiveUnreadable, CannotKeep) as problem:
        return _say(f"Not packed: {problem}", code=INCOMPLETE)
    return code


def _verify(path: Path) -> int:
    found = 0
    try:
        with open_reader(path) as reader:
            for sentence in problems(reader):
                found += 1
                print(sentence)
            counts = {kind: count.objects for kind, count in reader.manifest.kinds.items()}
            missing = len(reader.manifest.missing)
    except ArchiveUnreadable as problem:
        return _say(str(problem), code=INCOMPLETE)
    if found:
        return _say(f"{path} is not what its manifest says.", code=INCOMPLETE)
    print(", ".join(f"{count:,} {kind}" for kind, count in counts.items()))
    print(f"{path} is what its manifest says.")
    if missing:
        print(f"Its manifest names what could not be had when it was made (missing: {missing}).")
    return DONE


def _credentials(args: argparse.Namespace, environment: Mapping[str, str]) -> Credentials:
    names = ["AZURE_OPENAI_API_KEY", "OPENAI_API_KEY"] if args.azure else ["OPENAI_API_KEY"]
    keys = [environment.get(name, "").strip() for name in names]
    key = next(filter(None, keys), None)
    if key is None:
        raise SourceMisconfigured(f"No key: set {names[-1]} in the environment.")
    return Credentials(
        api_key=key,
        base_url=args.base_url or environment.get("OPENAI_BASE_URL") or OPENAI,
        organization=args.organization or environment.get("OPENAI_ORG_ID") or None,
        project=args.project or environment.get("OPENAI_PROJECT_ID") or None,
        azure=args.azure,
        api_version=args.api_version,
    )


def _say(sentence: str, *, code: int) -> int:
    print(f"evald: {sentence}", file=sys.stderr)
    return code


def _concurrency(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_CONCURRENCY):
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 1 to {MOST_CONCURRENCY}")
    return int(text)
