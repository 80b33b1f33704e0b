"""What is still to be fetched: each thing once, what leads to more of it first."""

import asyncio
from dataclasses import dataclass, field
from itertools import count

from evald.domain.archive.kinds import Kind, ListKey


@dataclass(frozen=True, slots=True)
class ListErrand:
    """Read a list from where it was left.

    `refreshes` says that the list is the output items of a run that was under way: the run is read
    again first. It makes no other errand of it.
    """

    key: ListKey
    refreshes: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class FileErrand:
    """Fetch a file: what is said of it, and its content."""

    file_id: str


Errand = ListErrand | FileErrand

_LIST_RANKS = {
    Kind.EVALS: 0,
    Kind.FILES: 0,
    Kind.CHAT_COMPLETIONS: 0,
    Kind.RUNS: 1,
    Kind.OUTPUT_ITEMS: 2,
    Kind.CHAT_COMPLETION_MESSAGES: 4,
}


class Errands:
    """A queue of errands, each of which is done once however often it is added."""

    def __init__(self) -> None:
        self._seen: set[Errand] = set()
        self._waiting: asyncio.PriorityQueue[tuple[int, int, int, Errand]] = asyncio.PriorityQueue()
        self._numbers = count()

    def add(self, errand: Errand, *, size: int = 0) -> bool:
        """Whether the errand is new, and so will be done.

        Args:
            errand: what to do.
            size: about how many objects it brings; of errands of one kind the largest goes first,
                so that it is not what everybody waits for in the end.
        """
        if errand in self._seen:
            return False
        self._seen.add(errand)
        self._waiting.put_nowait((_rank(errand), -size, next(self._numbers), errand))
        return True

    async def take(self) -> Errand:
        """The next errand, as soon as there is one; `done` must be said of it."""
        *_, errand = await self._waiting.get()
        return errand

    def done(self) -> None:
        """An errand that was taken is done, and whatever it led to has been added."""
        self._waiting.task_done()

    async def all_done(self) -> None:
        """Returns when every errand that was added is done."""
        await self._waiting.join()


def _rank(errand: Errand) -> int:
    match errand:
        case ListErrand(key):
            return _LIST_RANKS[key.kind]
        case FileErrand():
            return 3
