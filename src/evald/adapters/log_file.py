"""The bytes of a file of logs, in pieces: as they are, or unpacked; or of the standard input."""

import gzip
import io
import os
import sys
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from evald.adapters.threads import ThreadCpu

PIECE_BYTES = 262_144
STANDARD_INPUT = "-"

_GZIP = b"\x1f\x8b"


class LogFileUnreadable(Exception):
    """There is no such file, or it cannot be read to its end; the message says why."""


async def log_pieces(path: str) -> AsyncIterator[bytes]:
    """The content of the file, `-` being the standard input, unpacked where it is gzipped.

    Its beginning says whether it is, not its name. No more than a piece is held, however much
    larger it becomes by unpacking.

    Raises:
        LogFileUnreadable: it cannot be read, or not to its end.
    """
    cpu = ThreadCpu()
    with _opened(path) as file:
        pieces = _pieces(file, path)
        while piece := await cpu.run(partial(next, pieces, b"")):
            yield piece


@contextmanager
def _opened(path: str) -> Iterator[io.BufferedReader]:
    if path == STANDARD_INPUT:
        with os.fdopen(sys.stdin.fileno(), "rb", closefd=False) as given:
            yield given
        return
    try:
        file = Path(path).open("rb")  # noqa: SIM115 - closed below
    except OSError as problem:
        raise LogFileUnreadable(f"'{path}' cannot be read: {problem.strerror}.") from problem
    with file:
        yield file


def _pieces(file: io.BufferedReader, path: str) -> Iterator[bytes]:
    try:
        is_packed = file.peek(len(_GZIP)).startswith(_GZIP)
        source = gzip.GzipFile(fileobj=file) if is_packed else file
        while piece := source.read(PIECE_BYTES):
            yield piece
    except (OSError, EOFError, zlib.error) as problem:
        raise LogFileUnreadable(f"'{path}' cannot be read to its end: {problem}.") from problem
