"""What the demo shows: bars and tables on a terminal, plain lines where there is none."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from evald.cli.demo.finished_runs import FinishedRun, MissedItem

_ERRORED_SHOWN = 5
_BESIDE_TICKET = 36  # columns of a table of items that are not the ticket's


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a run's table."""

    name: str
    value: str


def console_on(stream: TextIO) -> Console:
    """A console that prints text as it is, and control characters on a terminal only.

    Environment variables that ask for colour where there is no terminal (FORCE_COLOR) are not
    heeded: they would bring the movements of a bar into a log as well.
    """
    force_terminal = None if stream.isatty() else False
    return Console(
        file=stream, force_terminal=force_terminal, markup=False, emoji=False, highlight=False
    )


def shortened(text: str, width: int) -> str:
    """`text` in one line of at most `width` columns, without control characters."""
    line = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return line if len(line) <= width else line[: width - 3].rstrip() + "..."


def rate(part: int, whole: int) -> str:
    """A share with its numbers, as in "55 of 72 (76.4 %)"."""
    return f"{part} of {whole} ({part / whole:.1%})".replace("%", " %") if whole else "0 of 0"


def summary_rows(run: FinishedRun) -> list[Row]:
    """The lines of a run's table, from its outcome to its cost."""
    usage = run.usage
    criteria = [
        Row(each.name, f"{each.passed} passed, {each.failed} failed") for each in run.criteria
    ]
    return [
        Row("Status", run.status),
        Row("Passed", rate(run.passed, run.total)),
        Row("Failed", str(run.failed)),
        Row("Errored", str(run.errored)),
        *criteria,
        Row("Tokens", f"{usage.prompt_tokens:,} in, {usage.completion_tokens:,} out"),
        Row("Seconds", f"{run.seconds:.2f}"),
    ]


@contextmanager
def progress(
    console: Console, models: Sequence[str], *, total: int
) -> Iterator[Callable[[str, int], None]]:
    """A bar for each model while the block lasts, moved by calling what is yielded."""
    if not console.is_terminal:
        yield _Lines(console, total).advance
        return
    columns = (TextColumn("{task.fields[model]}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as bars:
        tasks = {model: bars.add_task("", model=model, total=total) for model in models}

        def advance(model: str, done: int) -> None:
            bars.update(tasks[model], completed=done)

        yield advance


class _Lines:
    """Stands in for the bars where nothing can move: a line at each quarter of a run."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._quarters: dict[str, int] = {}

    def advance(self, model: str, done: int) -> None:
        quarter = 4 * done // self._total
        if quarter != self._quarters.get(model):
            self._quarters[model] = quarter
            self._console.print(f"{model}: {done} of {self._total} done")


def show_run(console: Console, run: FinishedRun) -> None:
    """Prints a run's table, the address of its report, and the items that did not pass."""
    table = Table(title=run.model, title_justify="left", show_header=False, box=SIMPLE)
    for row in summary_rows(run):
        table.add_row(row.name, row.value)
    console.print()
    console.print(table)
    if run.failure is not None:
        show_line(console, f"Why: {shortened(run.failure, 1_000)}")
    show_line(console, f"Report: {run.report_url}")
    _show_failed(console, run)
    _show_errored(console, run)


def show_line(console: Console, line: str = "") -> None:
    """Prints a line that is never broken, so that the addresses in it can be clicked."""
    console.print(line, soft_wrap=True)


def _show_failed(console: Console, run: FinishedRun) -> None:
    if not run.failed_items:
        return
    console.print(f"\nFailed items of {run.model}:")
    table = Table(box=SIMPLE)
    table.add_column("Item", justify="right")
    for name in ("Ticket", "Expected", "Answered"):
        table.add_column(name, no_wrap=True)
    for item in run.failed_items:
        ticket = shortened(item.ticket, max(console.width - _BESIDE_TICKET, 20))
        table.add_row(str(item.position), ticket, item.expected, shortened(item.answer, 10))
    console.print(table)


def _show_errored(console: Console, run: FinishedRun) -> None:
    items: Sequence[MissedItem] = run.errored_items
    if items:
        console.print(f"\nErrored items of {run.model}:")
    for item in items[:_ERRORED_SHOWN]:
        show_line(console, f"  {item.position}: {shortened(item.answer, 300)}")
    if len(items) > _ERRORED_SHOWN:
        console.print(f"  and {len(items) - _ERRORED_SHOWN} more: see the report")
