"""Output items: list and get."""

from dataclasses import dataclass

from evald.domain.errors import OutputItemNotFound, RunNotFound, UnknownCursor
from evald.ports.kept import Page, StoredOutputItem
from evald.ports.store import CursorUnknown, Transaction
from evald.services.context import Context
from evald.wire.pages import ListOutputItemsQuery


@dataclass(frozen=True, slots=True)
class ItemsOf:
    """A page of one run's output items."""

    run_id: str
    eval_id: str
    page: Page[StoredOutputItem]


async def list_output_items(
    context: Context, project_id: str, eval_id: str, run_id: str, *, query: ListOutputItemsQuery
) -> ItemsOf:
    """A page of the run's items, in the order of their rows.

    The hosted service listed them as they were completed; rows in order are the friendlier promise
    and break no client that was told there is none.

    Raises:
        RunNotFound: the eval has no such run.
        UnknownCursor: `after` is no item of the run.
    """
    async with context.store.snapshot() as tx:
        await _refuse_unknown_run(tx, project_id, eval_id, run_id)
        try:
            page = await tx.output_items.page(run_id, query)
        except CursorUnknown:
            raise UnknownCursor(str(query.after)) from None
    return ItemsOf(run_id, eval_id, page)


async def get_output_item(
    context: Context, project_id: str, eval_id: str, run_id: str, *, output_item_id: str
) -> StoredOutputItem:
    """The output item.

    Raises:
        RunNotFound: the eval has no such run.
        OutputItemNotFound: the run has no such item.
    """
    async with context.store.snapshot() as tx:
        await _refuse_unknown_run(tx, project_id, eval_id, run_id)
        found = await tx.output_items.get(run_id, output_item_id)
    if found is None:
        raise OutputItemNotFound(output_item_id)
    return found


def output_item_text(item: StoredOutputItem, *, run_id: str, eval_id: str) -> str:
    """The JSON text of an output item, put together from the parts it is kept in.

    `_datasource_item_content_hash` is undocumented; ours is the SHA-256 of the item's canonical
    JSON.

    Source: observed 2025-07.
    """
    return (
        f'{{"object":"eval.run.output_item","id":"{item.id}","created_at":{item.created_at},'
        f'"run_id":"{run_id}","eval_id":"{eval_id}","status":"{item.status}",'
        f'"datasource_item_id":{item.row},"datasource_item":{item.item_json},'
        f'"_datasource_item_content_hash":"{item.content_hash}",'
        f'"results":{item.results_json},"sample":{item.sample_json}}}'
    )


async def _refuse_unknown_run(tx: Transaction, project_id: str, eval_id: str, run_id: str) -> None:
    if await tx.runs.get(project_id, eval_id, run_id) is None:
        raise RunNotFound(run_id)
