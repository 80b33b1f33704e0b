"""What the durable engine does while nothing is to be done. Ours."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.running_server import ROOT

pytestmark = pytest.mark.slow

LAUNCH = """
import asyncio, sys, threading
from pathlib import Path
from evald.adapters.dbos.durable import DurableRuns
from evald.engine.workbench import Workbench

async def launch() -> None:
    await DurableRuns(Workbench(None), Path(sys.argv[1])).launch()
    for thread in threading.enumerate():
        if thread.name == "dbos-background-jobs":
            await asyncio.to_thread(thread.join, 10)
    print(*sorted(thread.name for thread in threading.enumerate()), sep="\\n")

asyncio.run(launch())
"""


def test_it_looks_for_no_work_of_kinds_that_we_do_not_have(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", LAUNCH, str(tmp_path / "dbos.sqlite3")],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "src")},
        check=True,
    )

    threads = ended.stdout.splitlines()
    assert "queue-worker-_dbos_internal_queue" in threads  # recovery goes by it
    assert "dbos-background-jobs" not in threads
