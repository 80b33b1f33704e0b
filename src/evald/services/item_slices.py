"""Reading on through a run's items for two seconds a request, from where the last one ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from evald.domain.errors import InvalidValue
from evald.ports.kept import StoredOutputItem
from evald.ports.verdicts import Place, VerdictFilter
from evald.services.context import Context
from evald.services.item_search import PAGE_BYTES, SLICE_S

PAGE_ITEMS = 500
MOST_VALUES = 100_000
"""Different values that a field may have, if items are to be told apart by it."""

EVERY_ITEM: Final = VerdictFilter()

R = TypeVar("R")


class Gathering(Protocol[R]):
    """What is gathered from items by row, as far as `row`; `is_whole` once none is left."""

    row: int
    is_whole: bool

    @property
    def value_count(self) -> int:
        """How many different values the field had so far; having none counts as one."""
        ...

    @property
    def has_field(self) -> bool:
        """Whether an item so far has the field."""
        ...

    def read(self, items: Sequence[StoredOutputItem]) -> R:
        """What these items add, which is not added yet: somebody may go away meanwhile."""
        ...

    def add(self, read: R) -> None:
        """What was read of the next items is added."""
        ...


@dataclass(frozen=True, slots=True)
class Slice:
    """What is read: items of this run that `asked` lets through, by row; of which field.

    `param` is the parameter that named the field.
    """

    run_id: str
    by: str
    param: str
    asked: VerdictFilter = EVERY_ITEM


async def read_on(context: Context, gathering: Gathering[R], of: Slice) -> None:
    """More items are gathered, for two seconds or up to the last of them.

    Whoever calls holds a lock: two at once would both read on from the same row.

    Raises:
        InvalidValue: the field has more values than are told apart.
    """
    end = context.clock.monotonic() + SLICE_S
    while not gathering.is_whole:
        if gathering.value_count > MOST_VALUES:
            message = (
                f"'{of.by}' has more than {MOST_VALUES:,} different values; take a field with "
                "fewer."
            )
            raise InvalidValue(message, param=of.param)
        items = await _next(context, of, gathering.row, most=PAGE_ITEMS)
        if items:
            gathering.add(await context.cpu.run(lambda: gathering.read(items)))  # noqa: B023
        else:
            gathering.is_whole = True
        if context.clock.monotonic() >= end:
            # Or else all would be gathered, and nobody told that it is all.
            gathering.is_whole = not await _next(context, of, gathering.row, most=1)
            return


def refuse_unknown_field(gathering: Gathering[R], of: Slice) -> None:
    """Nothing, unless all items are gathered and none of them has the field.

    Raises:
        InvalidValue: so it is; clusters by a field that was misspelt would be one.
    """
    if gathering.is_whole and gathering.value_count and not gathering.has_field:
        message = f"No item of run '{of.run_id}' has a field '{of.by}' to be clustered by."
        raise InvalidValue(message, param=of.param)


async def _next(context: Context, of: Slice, row: int, *, most: int) -> Sequence[StoredOutputItem]:
    async with context.store.snapshot() as tx:
        if of.asked == EVERY_ITEM:
            return await tx.chances.items_beyond(of.run_id, row, most=most, most_bytes=PAGE_BYTES)
        page = await tx.verdicts.page(
            of.run_id, of.asked, after=Place(row), limit=most, most_bytes=PAGE_BYTES
        )
        return page.rows
