"""Which SQL keeps what comes from elsewhere: output items in any order, messages of completions."""

from collections.abc import Sequence

from sqlalchemy import ScalarSelect, func, insert, select, update

from evald.adapters.sql.documents import Document, document_text, error_text, read_document
from evald.adapters.sql.items import insert_items, item_key, read_item
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import (
    LOG_MESSAGES,
    OUTPUT_ITEMS,
    RUNS,
)
from evald.adapters.sql.tallies import tally_text
from evald.ports.kept import FoundItem, StoredOutputItem, StoredRun

_ITEMS = OUTPUT_ITEMS.c
_MESSAGES = LOG_MESSAGES.c


class SqlImportTable:
    """Imported objects in tables. Fulfils `evald.ports.store.ImportTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def find_items(self, output_item_ids: Sequence[str]) -> dict[str, FoundItem]:
        """Those of these output items that are there, by id, whichever run they belong to."""
        keys = [item_key(each) for each in output_item_ids]
        found = self.session.connection.execute(
            select(RUNS.c.id, *OUTPUT_ITEMS.columns)
            .select_from(OUTPUT_ITEMS.outerjoin(RUNS, RUNS.c.seq == _ITEMS.run_seq))
            .where(_ITEMS.id.in_(keys))
        )
        items = [FoundItem(row[0], read_item(row[1:])) for row in found]
        return {each.item.id: each for each in items}

    @in_thread
    def taken_rows(self, run_id: str, rows: Sequence[int]) -> set[int]:
        """Those of these rows of the run that have an item."""
        found = self.session.connection.scalars(
            select(_ITEMS.row).where(_ITEMS.run_seq == _seq_of(run_id), _ITEMS.row.in_(rows))
        )
        return set(found)

    @in_thread
    def last_row(self, run_id: str) -> int:
        """The last row of the run that has an item; -1 where there is none."""
        found = select(func.max(_ITEMS.row)).where(_ITEMS.run_seq == _seq_of(run_id))
        last = self.session.connection.scalar(found)
        return -1 if last is None else int(last)

    @in_thread
    def add_items(self, run_id: str, items: Sequence[StoredOutputItem]) -> None:
        """The items are kept; the run's tally stays as it is.

        Raises:
            sqlalchemy.exc.IntegrityError: an id, or a row of the run, is there already.
        """
        if items:
            run = self.session.connection.execute(select(RUNS.c.seq).where(RUNS.c.id == run_id))
            insert_items(self.session.connection, run.scalar_one(), items)

    @in_thread
    def renew_run(self, run: StoredRun) -> None:
        """What the imported run of this id says of its end is now this; its rows stay."""
        self.session.connection.execute(
            update(RUNS)
            .where(RUNS.c.id == run.id, RUNS.c.imported.is_not(None))
            .values(
                status=run.status,
                tally=tally_text(run.tally),
                error=error_text(run.error),
                imported=document_text(run.imported or {}),
            )
        )

    @in_thread
    def message(self, completion_id: str, position: int) -> Document | None:
        """The message at this place of the completion, if it is there."""
        found = self.session.connection.scalar(
            select(_MESSAGES.document).where(
                _MESSAGES.log_id == completion_id, _MESSAGES.position == position
            )
        )
        return None if found is None else read_document(found)

    @in_thread
    def messages(self, completion_ids: Sequence[str]) -> dict[str, list[Document]]:
        """The messages of these completions, in their order; those without any are left out."""
        found = self.session.connection.execute(
            select(_MESSAGES.log_id, _MESSAGES.document)
            .where(_MESSAGES.log_id.in_(completion_ids))
            .order_by(_MESSAGES.log_id, _MESSAGES.position)
        )
        messages: dict[str, list[Document]] = {}
        for log_id, document in found:
            messages.setdefault(log_id, []).append(read_document(document))
        return messages

    @in_thread
    def add_message(self, completion_id: str, position: int, message: Document) -> None:
        """The message is kept at this place of the completion."""
        self.session.connection.execute(
            insert(LOG_MESSAGES).values(
                log_id=completion_id, position=position, document=document_text(message)
            )
        )


def _seq_of(run_id: str) -> ScalarSelect[int]:
    return select(RUNS.c.seq).where(RUNS.c.id == run_id).scalar_subquery()
