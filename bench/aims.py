"""`make bench`: every figure that the server is held to, beside what it must and should reach.

A mock provider answers in a process of its own; the server runs as an operator starts it (SQLite,
WAL, synchronous=FULL, batches of 64 rows or 0.1 s). Rows are of 1.1 KB, one chat completion and one
exact match each, every result kept. A floor, the same work by hand, is measured in the same
minutes: since machines differ, CPU is also shown as a multiple of it. Nothing else should run.
"""

import argparse
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.floor import measure_floor
from bench.kill import kill_at_half
from bench.measured import HEADING, Measured
from bench.reads import auto_paged, exported, items_path, median_ms, pages
from bench.rest import idle, starts
from bench.rows import rows_file
from bench.run import Bench, Ran, Work, carry_out, machine, running_bench, warm
from bench.target import REFERENCE_FLOOR_MS, Figure, table
from bench.usage import cpu_s, disk_mb, forget_peak, peak_mb, rss_mb
from bench.windows import WINDOW_S, by_quarter, evenness
from tests.engine.runs import SAME, create_eval

TENS = 15
KILLS = 3

Found = dict[str, Figure]

SCORE: dict[str, object] = {
    "type": "score_model",
    "name": "score",
    "model": "at-once-64",
    "input": [
        {"role": "user", "content": "How well does this answer? {{ sample.output_text }}"},
        # What the provider echoes is the last message.
        {"role": "user", "content": '{"steps": [], "result": 1.0}'},
    ],
}
TEXTS: list[dict[str, object]] = [
    {
        "type": "text_similarity",
        "name": metric,
        "evaluation_metric": metric,
        "input": "{{ sample.output_text }}",
        # Other words, so that no text equals its reference.
        "reference": "{{ item.expected }} and somebody will come today",
        "pass_threshold": 0.5,
    }
    for metric in ("rouge_l", "bleu")
]


def main() -> None:
    """Prints what it does while it does it to standard error, and the tables in the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    rows = parser.parse_args().rows
    began = time.monotonic()
    print(f"{platform.machine()}, Python {platform.python_version()}; {machine()}")
    found: Found = {}
    with tempfile.TemporaryDirectory() as name, running_bench(Path(name)) as bench:
        tell("starts")
        found |= starts()
        tell("idle")
        found |= idle(bench)
        tell("small runs")
        found |= {"ten": ten_rows(bench)}
        found |= _work(bench, rows)
        found |= _waiting(bench, rows)
        steady = [steadiness(bench, rows // 2, 100), steadiness(bench, rows, 20)]
        tell("kill")
        found |= killed(bench, rows // 2)
    found |= elsewhere()
    print(f"\n{table(found)}\n")
    print(*steady, sep="\n")
    print(f"\n{time.monotonic() - began:.0f} s in all")


def steadiness(bench: Bench, rows: int, latency_ms: int) -> str:
    """How evenly a run goes on whose pace is the provider's (100 ms), or the processor's (20)."""
    tell(f"evenness at {latency_ms} ms")
    bench.provider.take(latency_ms / 1_000)
    ran = carry_out(bench, Work(bench.eval_id, bench.file_of(rows), rows))
    even, quarters = evenness(ran.answered_at), by_quarter(ran.answered_at)
    return (
        f"{latency_ms} ms, 64 in flight, rows/s in windows of {WINDOW_S} s: {even.sentence()}\n"
        f"{' '.join(f'{rate:.0f}' for rate in even.rates)}\n"
        f"rows/s by quarters of a shard, medians: {' '.join(f'{rate:,.0f}' for rate in quarters)}"
    )


def tell(what: str) -> None:
    """Says on standard error what is measured now."""
    print(f"… {what}", file=sys.stderr)


def elsewhere() -> Found:
    """What this bench has no time for, and who measures it."""
    large = Figure(None, "make bench-large")
    return {
        "workers": Figure(None, "make bench-workers"),
        "rss_large": large,
    }


def ten_rows(bench: Bench) -> Figure:
    """The usual time of a run of ten rows."""
    work = Work(bench.eval_id, bench.file_of(10), 10)
    times = [carry_out(bench, work).seconds for _ in range(TENS)]
    note = f"median of {TENS}, worst {max(times):.2f}"
    return Figure(statistics.median(times), note)


def _work(bench: Bench, rows: int) -> Found:
    """What rows cost at a provider that answers at once, beside the floor, and what is left."""
    file_id, half = bench.file_of(rows), rows // 2
    judged = create_eval(bench.client, SAME, SCORE)
    texts = create_eval(bench.client, SAME, *TEXTS)
    floors = [floor(bench, half)]
    tell("exact match")
    disk = disk_mb(bench.server.folder)
    exact = carry_out(bench, Work(bench.eval_id, file_id, rows))
    found = kept(bench, exact, disk)
    tell("reading")
    found |= reading(bench, exact)
    floors.append(floor(bench, half))
    tell("graders")
    some = rows // 4
    some_file = bench.file_of(some)
    by_model = carry_out(bench, Work(judged, some_file, some, calls=2))
    by_text = carry_out(bench, Work(texts, some_file, some))
    floors.append(floor(bench, half))
    print("\n".join([HEADING, *(each.line() for each in floors), exact.measured().line()]))
    floor_ms = statistics.median(1_000 * each.cpu_s / each.rows for each in floors)
    for name, ran in (("cpu", exact), ("judged", by_model), ("texts", by_text)):
        found |= cpu(name, ran.cpu_ms, floor_ms)
    return found | {"rate": Figure(exact.rows / exact.seconds)}


def floor(bench: Bench, rows: int, in_flight: int = 64) -> Measured:
    """The same work by hand, as fast as it gets with plain means."""
    tell("floor")
    path = rows_file(bench.server.folder.parent / "floor.jsonl", rows)
    return measure_floor(path, bench.provider.base_url, in_flight)


def cpu(name: str, cpu_ms: float, floor_ms: float) -> Found:
    """CPU of a row as it is here, and as it were where the floor is what it was."""
    over = cpu_ms / floor_ms
    return {
        name: Figure(cpu_ms, f"{over:.1f} x the floor's {floor_ms:.3f} ms"),
        f"{name}_scaled": Figure(over * REFERENCE_FLOOR_MS),
    }


def kept(bench: Bench, ran: Ran, disk_before: float) -> Found:
    """What a run leaves in memory and on the disk; the uploaded file was there before."""
    grown = disk_mb(bench.server.folder) - disk_before
    return {
        "rss_rows": Figure(rss_mb(bench.pid), f"{ran.rows:,} rows"),
        "rss_peak": Figure(ran.peak_mb),
        "disk": Figure(1_000 * grown / ran.rows, "without the uploaded file"),
    }


def reading(bench: Bench, ran: Ran) -> Found:
    """What it takes to read a run and its items."""
    eval_id, run_id, port = bench.eval_id, ran.run_id, bench.server.port
    note = f"at {ran.rows:,} rows"
    page = median_ms(port, items_path(eval_id, run_id))
    run = median_ms(port, f"/v1/evals/{eval_id}/runs/{run_id}")
    forget_peak(bench.pid)
    before, began = rss_mb(bench.pid), time.monotonic()
    assert exported(port, run_id) == ran.rows
    export_s, grown = time.monotonic() - began, peak_mb(bench.pid) - before
    used, began = cpu_s(bench.pid), time.monotonic()
    assert sum(pages(port, eval_id, run_id)) == ran.rows
    plain_s = time.monotonic() - began
    used, began = cpu_s(bench.pid) - used, time.monotonic()
    assert auto_paged(bench.client, eval_id, run_id) == ran.rows
    openai_s = time.monotonic() - began
    scale = 10_000 / ran.rows
    return {
        "page": Figure(page, note),
        "run": Figure(run, note),
        "export": Figure(scale * export_s),
        "export_pages": Figure(scale * plain_s, f"{scale * used:.2f} s of it CPU of the server"),
        "export_openai": Figure(scale * openai_s),
        "export_rss": Figure(grown),
    }


def _waiting(bench: Bench, rows: int) -> Found:
    """What share of the ideal runs are at a provider that takes its time."""
    found: Found = {}
    for in_flight in (100, 500):
        tell(f"200 ms, {in_flight} in flight")
        bench.provider.take(0.0)
        warm(bench, in_flight)
        found |= share_of_ideal(bench, in_flight, rows)
    return found


def share_of_ideal(bench: Bench, in_flight: int, rows: int) -> Found:
    """How near a run comes to what it would take if nothing but the provider took time."""
    latency_s = 0.2
    bench.provider.take(latency_s)
    by_hand = floor(bench, rows // 2, in_flight)
    ran = carry_out(bench, Work(bench.eval_id, bench.file_of(rows), rows, in_flight))
    ideal_s = rows * latency_s / in_flight
    answers_s = ran.answered_at[-1] - ran.answered_at[0] + latency_s
    floor_share = by_hand.rows * latency_s / in_flight / by_hand.seconds
    note = f"the floor's is {floor_share:.2f}; {ran.cpu_ms:.2f} ms of CPU a row"
    return {
        f"ideal_{in_flight}": Figure(ideal_s / ran.seconds, note),
        f"ideal_{in_flight}_answers": Figure(ideal_s / answers_s, f"{rows:,} rows"),
    }


def killed(bench: Bench, rows: int) -> Found:
    """What a kill in the middle of a run usually costs, and the worst of them."""
    work = Work(bench.eval_id, bench.file_of(rows), rows)
    costs = sorted((kill_at_half(bench, work) for _ in range(KILLS)), key=lambda it: it.beyond_s)
    cost, worst = costs[KILLS // 2], costs[-1]
    twice = f"{cost.paid_twice} paid twice, of which up to {cost.in_flight} were in flight"
    note = f"median of {KILLS}, worst {worst.beyond_s:.2f}; {twice}"
    return {
        "paid_twice": Figure(cost.beyond_s, note),
        "resumed": Figure(statistics.median(each.resumed_s for each in costs), "after /readyz"),
    }


if __name__ == "__main__":
    main()
