"""`evald import` as a process of its own: interrupted in its midst, and called again. Ours."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from evald.cli.main import main
from tests.support.archives import archive_of
from tests.support.fake_hosted import EVALS, World, add_run
from tests.support.foreign_dumps import dump_lines
from tests.support.hosted_bodies import eval_body

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

ROOT = Path(__file__).resolve().parents[2]
ITEMS = 12_000


@pytest.fixture(scope="module")
def world() -> World:
    world = World(pretty=False)
    eval_id = world.put(EVALS, eval_body(1)).id
    for number in range(3):
        add_run(world, eval_id, 10 + number, items=ITEMS // 3)
    return world


def importing(archive: Path, data: Path) -> subprocess.Popen[str]:
    """The command, started."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-m", "evald", "import", str(archive), "--data-dir", str(data)],
        env={**kept, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def items_in(data: Path) -> int:
    """How many output items the data folder has by now."""
    path = data / "evald.sqlite3"
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        try:
            (count,) = database.execute("SELECT count(*) FROM output_items").fetchone()
        except sqlite3.OperationalError:  # its tables are being made
            return 0
    return int(count)


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        threading.Event().wait(0.005)


@pytest.mark.parametrize("write", [archive_of, dump_lines])
def test_an_interrupted_import_is_completed_by_the_next_one(
    world: World,
    write: Callable[[World, Path], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    archive, data = write(world, tmp_path / "archive"), tmp_path / "data"
    process = importing(archive, data)
    wait_until(lambda: items_in(data) > 0)

    process.send_signal(signal.SIGINT)
    _, complained = process.communicate(timeout=60)
    there = items_in(data)
    again = main(["import", str(archive), "--data-dir", str(data)])

    assert process.returncode == 130
    assert complained.endswith("Interrupted; import it again, and it is completed.\n")
    assert 0 < there < ITEMS
    assert again == 0
    said = capsys.readouterr().out
    assert f"output items: {ITEMS - there} new, {there} already there\n" in said
    assert items_in(data) == ITEMS
