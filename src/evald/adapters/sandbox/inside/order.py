"""What a zygote is asked for: one call, where it may write, and what it may use."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """What one call may use: bytes of memory and of scratch, seconds, and files in its scratch."""

    memory_bytes: int
    scratch_bytes: int
    seconds: float
    files: int = 10_000


@dataclass(frozen=True)
class Order:
    """A call's number, the path of its scratch folder, and its bounds."""

    number: int
    scratch: str
    bounds: Bounds


MAX_THREADS = 256

# The bounds over which a call is killed by whoever looks after it.
TIME = "time"
SCRATCH = "scratch"
SCRATCH_OF_ALL = "scratch of all"
FILES = "files"
THREADS = "threads"
