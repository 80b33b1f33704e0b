"""Output items: list and get."""

from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain.errors import OutputItemNotFound, RunNotFound, UnknownCursor
from evald.domain.exact_json import DECODER, dump
from evald.ports.kept import Page, StoredOutputItem
from evald.ports.store import CursorUnknown, Transaction
from evald.services.context import Context
from evald.wire.pages import ListOutputItemsQuery

HASH = "_datasource_item_content_hash"


@dataclass(frozen=True, slots=True)
class ItemsOf:
    """A page of one run's output items."""

    run_id: str
    eval_id: str
    page: Page[StoredOutputItem]


@dataclass(frozen=True, slots=True)
class Extras:
    """In what an imported item's body differs from one that is put together of its parts.

    `set` are the keys with other values, `left_out` those that it has not.
    """

    set: dict[str, JsonValue]
    left_out: list[str]


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
    if item.extras is not None:
        fields = item_fields(item, run_id=run_id, eval_id=eval_id)
        return "{" + ",".join(f"{dump(key)}:{text}" for key, text in fields.items()) + "}"
    return (
        f'{{"object":"eval.run.output_item","id":"{item.id}","created_at":{item.created_at},'
        f'"run_id":"{run_id}","eval_id":"{eval_id}","status":"{item.status}",'
        f'"datasource_item_id":{item.row},"datasource_item":{item.item_json},'
        f'"_datasource_item_content_hash":"{item.content_hash}",'
        f'"results":{item.results_json},"sample":{item.sample_json}}}'
    )


def item_fields(item: StoredOutputItem, *, run_id: str, eval_id: str) -> dict[str, str]:
    """The keys of an output item's body, each with the JSON text of its value."""
    fields = {
        "object": '"eval.run.output_item"',
        "id": dump(item.id),
        "created_at": str(item.created_at),
        "run_id": dump(run_id),
        "eval_id": dump(eval_id),
        "status": dump(item.status),
        "datasource_item_id": str(item.row),
        "datasource_item": item.item_json,
        HASH: dump(item.content_hash),
        "results": item.results_json,
        "sample": item.sample_json,
    }
    if item.extras is not None:
        extras = read_extras(item.extras)
        fields.update((key, dump(value)) for key, value in extras.set.items())
        for key in extras.left_out:
            del fields[key]
    return fields


def read_extras(text: str) -> Extras:
    """The extras of this text."""
    kept = DECODER.decode(text)
    return Extras(kept["set"], kept["left_out"])


def extras_text(extras: Extras) -> str:
    """The text in which extras are kept."""
    return dump({"set": extras.set, "left_out": [*extras.left_out]})


async def _refuse_unknown_run(tx: Transaction, project_id: str, eval_id: str, run_id: str) -> None:
    if await tx.runs.get(project_id, eval_id, run_id) is None:
        raise RunNotFound(run_id)
