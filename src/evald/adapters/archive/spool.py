"""Objects on their way: put down in the order in which they are found, taken up kind by kind."""

import tempfile
from array import array
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import IO, Self

import orjson

from evald.domain.archive.kinds import Kind
from evald.ports.archive_source import ArchivedLine

BUFFER_BYTES = 1024 * 1024


@dataclass(slots=True)
class _Queue:
    """The objects of one kind: a file, and where each of them begins there with its rank."""

    file: IO[bytes]
    ranks: "array[int]" = field(default_factory=lambda: array("q"))
    starts: "array[int]" = field(default_factory=lambda: array("q"))
    size: int = 0


class Spool:
    """Files that nobody else sees, and that are gone with the process however it ends.

    In memory is a rank for each object that has one, and nothing else.
    """

    def __init__(self) -> None:
        """Begins empty, where the system keeps what is temporary."""
        self._files = ExitStack()
        self._queues: dict[Kind, _Queue] = {}

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Everything is gone."""
        self._files.close()

    def put(self, kind: Kind, line: ArchivedLine, *, rank: int | None) -> None:
        """The object is there, behind those of a lower or the same rank.

        Args:
            kind: all its objects have a rank, or none has.
            line: the object.
            rank: None for those that come in the order in which they were put.
        """
        queue = self._queues.get(kind) or self._begin(kind)
        text = line.text or b""
        head = orjson.dumps([line.place, line.parents, len(text)]) + b"\n"
        queue.file.write(head)
        queue.file.write(text)
        if rank is not None:
            queue.ranks.append(rank)
            queue.starts.append(queue.size)
        queue.size += len(head) + len(text)

    def lines(self, kind: Kind) -> Iterator[ArchivedLine]:
        """The objects of a kind, by their ranks."""
        queue = self._queues.get(kind)
        if queue is None:
            return
        if not queue.ranks:
            queue.file.seek(0)
            while queue.file.tell() < queue.size:
                yield _line(queue.file)
            return
        for number in sorted(range(len(queue.ranks)), key=queue.ranks.__getitem__):
            queue.file.seek(queue.starts[number])
            yield _line(queue.file)

    def _begin(self, kind: Kind) -> _Queue:
        file = tempfile.TemporaryFile(buffering=BUFFER_BYTES)  # noqa: SIM115 - closed by the stack
        queue = _Queue(file)
        self._files.callback(file.close)
        self._queues[kind] = queue
        return queue


def _line(file: IO[bytes]) -> ArchivedLine:
    place, parents, size = orjson.loads(file.readline())
    return ArchivedLine(place, tuple(parents), file.read(size))
