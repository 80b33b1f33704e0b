"""What a rescue shows at its end: a table, and what could not be had."""

import sys

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from evald.assembly.rescue import Outcome
from evald.domain.archive.account import Missing
from evald.domain.archive.kinds import Kind
from evald.services.rescue_progress import Progress

SHOWN = 5


def show_outcome(console: Console, outcome: Outcome, progress: Progress) -> None:
    """Prints what is in the archive, and what could not be had and why."""
    manifest = outcome.manifest
    if manifest is None:
        return
    table = Table(box=SIMPLE)
    table.add_column("")
    for name in ("in the archive", "fetched now"):
        table.add_column(name, justify="right")
    for kind, count in manifest.kinds.items():
        there = f"{count.objects:,}" if count.offered or count.objects else "not offered"
        table.add_row(_plain(kind), there, f"{progress.kept[kind]:,}")
    table.add_row("contents of files", f"{len(manifest.contents):,}", f"{progress.contents:,}")
    console.print(table)
    for reason in sorted({each.reason for each in manifest.missing}):
        _show_missing(console, [each for each in manifest.missing if each.reason is reason])
    if outcome.runs_under_way:
        _line(console, f"{outcome.runs_under_way} runs had not ended; a later call completes them.")


def _show_missing(console: Console, missing: list[Missing]) -> None:
    _line(console, f"Could not be had ({missing[0].reason.replace('_', ' ')}): {len(missing)}")
    for each in missing[:SHOWN]:
        said = f" — {_printable(each.message)}" if each.message else ""
        _line(console, f"  {_printable(each.what)}{said}")
    if len(missing) > SHOWN:
        _line(console, f"  and {len(missing) - SHOWN} more: see manifest.json")


def _line(console: Console, line: str) -> None:
    console.print(line, soft_wrap=True)


def _plain(kind: Kind) -> str:
    return kind.replace("_", " ")


def _printable(text: str) -> str:
    line = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    encoding = sys.stdout.encoding or "utf-8"
    return line[:300].encode(encoding, "replace").decode(encoding)
