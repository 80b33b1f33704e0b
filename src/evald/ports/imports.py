"""What comes from elsewhere: output items in any order, and messages of completions."""

from collections.abc import Sequence
from typing import Protocol

from pydantic import JsonValue

from evald.ports.kept import FoundItem, StoredOutputItem, StoredRun


class ImportTable(Protocol):
    """Imported objects; those that are there are found, and none of them is changed but a run."""

    async def find_items(self, output_item_ids: Sequence[str]) -> dict[str, FoundItem]:
        """Those of these output items that are there, by id, whichever run they belong to."""
        ...

    async def taken_rows(self, run_id: str, rows: Sequence[int]) -> set[int]:
        """Those of these rows of the run that have an item."""
        ...

    async def last_row(self, run_id: str) -> int:
        """The last row of the run that has an item; -1 where there is none."""
        ...

    async def add_items(self, run_id: str, items: Sequence[StoredOutputItem]) -> None:
        """The items, of new ids and rows, are kept; the run's tally stays as it is."""
        ...

    async def renew_run(self, run: StoredRun) -> None:
        """What the imported run of this id says of its end is now this; its rows stay."""
        ...

    async def message(self, completion_id: str, position: int) -> dict[str, JsonValue] | None:
        """The message at this place of the completion, if it is there."""
        ...

    async def messages(
        self, completion_ids: Sequence[str]
    ) -> dict[str, list[dict[str, JsonValue]]]:
        """The messages of these completions, in their order; those without any are left out."""
        ...

    async def add_message(
        self, completion_id: str, position: int, message: dict[str, JsonValue]
    ) -> None:
        """The message is kept at this place of the completion."""
        ...
