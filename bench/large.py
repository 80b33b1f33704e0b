"""`make bench-large`: whether a very large run goes on as it began, and can be read afterwards.

A mock provider answers at once; every result is kept (SQLite, WAL, synchronous=FULL). At each mark
a line tells the rows a second since the last, CPU a row, and memory, so that a fall or a growth is
seen. At the end pages are read through the API, warm.
"""

import argparse
import platform
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

from bench.reads import items_path, times_ms
from bench.run import Bench, Work, create, machine, running_bench, warm
from bench.usage import cpu_s, disk_mb, peak_mb, rss_mb
from tests.engine.runs import has_ended, recorded

LOOK_S = 0.5


def main() -> None:
    """Prints a line for each mark, then what reading takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--mark", type=int, default=100_000, help="rows between two lines")
    chosen = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}; {machine()}")
    limits = {"EVALD_MAX_FILE_BYTES": str(2_000 * chosen.rows + 1_000_000)}
    with tempfile.TemporaryDirectory() as name, running_bench(Path(name), **limits) as bench:
        warm(bench, 64)
        began = time.monotonic()
        work = Work(bench.eval_id, bench.file_of(chosen.rows), chosen.rows)
        print(f"{chosen.rows:,} rows made and uploaded in {time.monotonic() - began:.0f} s")
        disk = disk_mb(bench.server.folder)
        run_id = carry_out(bench, work, mark=chosen.mark)
        grown = disk_mb(bench.server.folder) - disk
        print(f"disk: {1_000 * grown / chosen.rows:.2f} MB per 1,000 rows, without the file")
        read(bench, run_id, chosen.rows)


def carry_out(bench: Bench, work: Work, *, mark: int) -> str:
    """The id of the run, once it is completed; a line at each mark.

    Raises:
        SystemExit: it did not complete.
    """
    heading = f"{'rows':>10} {'seconds':>8} {'rows/s':>8} {'CPU ms/row':>11} {'RSS MB':>7}"
    print(f"{heading} {'peak':>6}", flush=True)
    began = time.monotonic()
    run_id, last, marked = create(bench, work), (began, 0, cpu_s(bench.pid)), 0
    while True:
        time.sleep(LOOK_S)
        run = bench.client.evals.runs.retrieve(run_id, eval_id=work.eval_id)
        now = (time.monotonic(), recorded(run), cpu_s(bench.pid))
        if now[1] // mark > marked or (has_ended(run) and now[1] > last[1]):
            rows, seconds = now[1] - last[1], now[0] - last[0]
            print(
                f"{now[1]:>10,} {now[0] - began:>8.0f} {rows / seconds:>8,.0f}"
                f" {1_000 * (now[2] - last[2]) / rows:>11.3f}"
                f" {rss_mb(bench.pid):>7.0f} {peak_mb(bench.pid):>6.0f}",
                flush=True,
            )
            last, marked = now, now[1] // mark
        if has_ended(run):
            break
    if (run.status, run.result_counts.total) != ("completed", work.rows):
        raise SystemExit(f"the run is {run.status}: {run.error}")
    return run_id


def read(bench: Bench, run_id: str, rows: int) -> None:
    """Prints what pages and the run take, once a few requests have warmed them up."""
    eval_id, port = bench.eval_id, bench.server.port
    for what, query in (
        ("page of 100, first", "limit=100"),
        ("page of 100, in the middle", f"limit=100&after={item_id(bench, rows, rows // 2)}"),
        ("page of 100, last", f"limit=100&after={item_id(bench, rows, rows - 101)}"),
        ("page of 100, newest first", "limit=100&order=desc"),
        ("page of 100 that failed, first", "limit=100&status=fail"),
        ("page of 100 with an error (none)", "limit=100&status=error"),
    ):
        print(f"{what:<34} {times_ms(port, items_path(eval_id, run_id, query=query))}")
    run = f"/v1/evals/{eval_id}/runs/{run_id}"
    print(f"{'run object with counters':<34} {times_ms(port, run)}")
    print(f"RSS after reading: {rss_mb(bench.pid):.0f} MB", flush=True)


def item_id(bench: Bench, rows: int, row: int) -> str:
    """The id of the item of a row of the largest run, which to page up to would take minutes."""
    database = f"file:{bench.server.folder / 'evald.sqlite3'}?mode=ro"
    with closing(sqlite3.connect(database, uri=True)) as opened:
        (found,) = opened.execute(
            'SELECT id FROM output_items WHERE "row" = ? AND run_seq ='
            ' (SELECT run_seq FROM output_items WHERE "row" = ?)',
            (row, rows - 1),
        ).fetchone()
    return f"outputitem_{found.hex()}"


if __name__ == "__main__":
    main()
