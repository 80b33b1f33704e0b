"""Looks after calls at work: how long they take, and what no limit of the kernel's counts."""

import os
import stat
from dataclasses import dataclass

from evald.adapters.sandbox.inside.order import (
    FILES,
    MAX_THREADS,
    SCRATCH,
    THREADS,
    TIME,
    Bounds,
)

LOOK_S = 0.2
"""Seconds between two looks; a call that is done by the first is never looked at."""


@dataclass(frozen=True)
class Watched:
    """A call at work: its process, its scratch folder, its bounds, and when it began."""

    pid: int
    scratch: str
    bounds: Bounds
    began: float


@dataclass(frozen=True)
class Seen:
    """What a look at a call found: the bound it is over, if any, and its bytes of scratch."""

    breach: str | None
    scratch_bytes: int = 0


def look(call: Watched, now: float) -> Seen:
    """Whether the call keeps to its bounds."""
    if now - call.began > call.bounds.seconds:
        return Seen(TIME)
    try:
        threads = len(os.listdir(f"/proc/{call.pid}/task"))  # noqa: PTH208 - imports little
        unlinked = _unlinked(call.pid)
    except OSError:
        return Seen(None)  # it ended meanwhile: what is left of it in /proc may be root's
    if threads > MAX_THREADS:
        return Seen(THREADS)
    try:
        taken, files = _folder(call.scratch, call.bounds)
    except FileNotFoundError:
        return Seen(None)  # its folder is gone, and so is it
    except OSError:
        return Seen(FILES)  # nested so deep, or shut so tight, that it cannot be measured
    if files > call.bounds.files:
        return Seen(FILES)
    taken += unlinked
    return Seen(SCRATCH if taken > call.bounds.scratch_bytes else None, taken)


def _folder(top: str, bounds: Bounds) -> tuple[int, int]:
    """Bytes on disk and files below the folder; counting ends once either is too much."""
    taken = files = 0
    folders = [top]
    while folders and taken <= bounds.scratch_bytes and files <= bounds.files:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                try:
                    found = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                files += 1
                taken += found.st_blocks * 512
                if stat.S_ISDIR(found.st_mode):
                    folders.append(entry.path)
                if files > bounds.files:
                    break
    return taken, files


def _unlinked(pid: int) -> int:
    """Bytes of the files that the process holds open and that have no name any more."""
    taken = 0
    for descriptor in os.listdir(f"/proc/{pid}/fd"):  # noqa: PTH208 - imports little
        try:
            found = os.stat(f"/proc/{pid}/fd/{descriptor}")  # noqa: PTH116 - imports little
        except FileNotFoundError:
            continue
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
            taken += found.st_blocks * 512
    return taken
