"""What a server uses of its machine: CPU of its processes, memory, and room on the disk."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import psutil


def cpu_s(pid: int) -> float:
    """Seconds of CPU that a process and its children have used, those that ended included."""
    process = psutil.Process(pid)
    return sum(_seconds(each) for each in [process, *process.children(recursive=True)])


def _seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # it ended meanwhile, and its parent has its seconds
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


def rss_mb(pid: int) -> float:
    """Megabytes that a process holds now."""
    return float(psutil.Process(pid).memory_info().rss / 1e6)


def forget_peak(pid: int) -> None:
    """From now on the peak of a process is that of what comes."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak_mb(pid: int) -> float:
    """The most megabytes that a process held since its peak was forgotten."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) * 1_024 / 1e6


def disk_mb(folder: Path) -> float:
    """Megabytes in a data folder: the pages of its databases, the log ahead included, and files."""
    size = 0
    for path in folder.rglob("*"):
        if path.suffix == ".sqlite3":
            size += _pages(path)
        elif path.is_file() and not path.name.endswith(("-wal", "-shm", "-journal")):
            size += path.stat().st_size
    return size / 1e6


def _pages(database: Path) -> int:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
        (count,) = opened.execute("PRAGMA page_count").fetchone()
        (size,) = opened.execute("PRAGMA page_size").fetchone()
    return int(count) * int(size)
