"""Measures rescue and import: items a second both ways, and the memory each takes.

A fake hosted service serves so many output items from this process; `evald rescue`, `--verify`,
`evald import` into a folder, and `evald import --url` into a server run as processes of their own.
Figures are wall time and the most memory that was resident.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.support.fake_hosted import EVALS, KEY, World, add_run, running_world
from tests.support.hosted_bodies import eval_body
from tests.support.running_server import ROOT, running_server

ITEMS_A_RUN = 1_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process cost: wall seconds, and the most megabytes it held."""

    seconds: float
    megabytes: float


def main() -> None:
    """Prints a line for each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000, help="output items")
    items = parser.parse_args().items
    world = a_world(items)
    print(f"{items:,} items; Python {platform.python_version()}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="evald-bench-") as name, running_world(world) as url:
        folder = Path(name)
        archive, data = folder / "archive", folder / "data"
        show("rescue", items, cost("rescue", "--out", archive, "--base-url", url))
        size = sum(each.stat().st_size for each in archive.rglob("*") if each.is_file())
        print(f"  the archive has {size / 1e6:.0f} MB")
        show("rescue --verify", items, cost("rescue", "--verify", archive))
        show("import", items, cost("import", archive, "--data-dir", data))
        show("import again", items, cost("import", archive, "--data-dir", data))
        with running_server(folder / "served") as server:
            show("import --url", items, cost("import", archive, "--url", server.url))
            process = psutil.Process(server.process.pid)
            print(f"  the server holds {process.memory_info().rss / 1e6:.0f} MB after it")


def a_world(items: int) -> World:
    """An eval with runs of a thousand items each."""
    world = World(pretty=False)
    eval_id = world.put(EVALS, eval_body(1)).id
    for number in range(0, items, ITEMS_A_RUN):
        add_run(world, eval_id, 100 + number, items=min(ITEMS_A_RUN, items - number))
    return world


def cost(*arguments: object) -> Cost:
    """What `evald` with these arguments costs.

    Raises:
        SystemExit: it did not end with 0.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OPENAI_API_KEY": KEY}
    command = [sys.executable, "-m", "evald", *map(str, arguments)]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(time.perf_counter() - began, used.ru_maxrss / 1_000)


def show(name: str, items: int, spent: Cost) -> None:
    """One line of figures."""
    rate = items / spent.seconds
    print(f"{name:16} {spent.seconds:6.1f} s  {rate:8,.0f} items/s  {spent.megabytes:5.0f} MB")


if __name__ == "__main__":
    main()
