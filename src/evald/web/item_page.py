"""An item of a run: found, and shown beside the list or on a page of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from evald.domain.errors import OutputItemNotFound
from evald.ports.kept import StoredRun
from evald.services.item_pages import Neighbours, find_item, find_neighbours
from evald.services.item_reports import ItemDetail, detail_item
from evald.services.reports import find_both
from evald.web.item_view import (
    PAGE,
    PANE,
    ItemView,
    Shown,
    Ways,
    item_view,
    ways_in_list,
    ways_of_page,
)
from evald.web.links import Links
from evald.web.run_address import RunAddress
from evald.web.run_query import RunQuery, fitted, read_run_query
from evald.web.views import Asked, View
from evald.wire.evals import Eval

WaysFrom = Callable[[Neighbours, RunAddress, Links, str], Ways]


@dataclass(frozen=True, slots=True)
class OpenedItem:
    """An item with all that is known of it, and how it is shown."""

    detail: ItemDetail
    view: ItemView


async def opened_item(
    asked: Asked, an_eval: Eval, run: StoredRun, query: RunQuery
) -> OpenedItem | None:
    """The item that is open beside the list; None, and a notice, where there is none such."""
    named = query.address.item
    if not named:
        return None
    shown = Shown(an_eval, run, query.address, PANE)
    opened = await _opened(asked, query, shown, named=named, ways_from=ways_in_list)
    if opened is None:
        query.notices.append(f"'{named[:100]}' is no item of this run.")
    return opened


async def show_item(asked: Asked) -> View:
    """GET /evaluations/{eval_id}/items/{item_id}?run_id=…: an item of a run."""
    path = asked.request.path_params
    query = read_run_query(path["eval_id"], asked.request.query_params)
    async with asked.site.context.store.snapshot() as tx:
        an_eval, run = await find_both(
            tx, asked.visitor.project_id, path["eval_id"], query.address.run_id
        )
    query = fitted(query, an_eval)
    shown = Shown(an_eval, run, query.address, PAGE)
    opened = await _opened(asked, query, shown, named=path["item_id"], ways_from=ways_of_page)
    if opened is None:
        raise OutputItemNotFound(path["item_id"])
    extras = {"opened": opened.view, "run": run, "eval": an_eval, "address": query.address}
    return View("item.html", opened.detail, notices=query.notices, extras=extras)


async def _opened(
    asked: Asked, query: RunQuery, shown: Shown, *, named: str, ways_from: WaysFrom
) -> OpenedItem | None:
    context, run, an_eval = asked.site.context, shown.run, shown.eval
    async with context.store.snapshot() as tx:
        item = await find_item(tx, run.id, named)
        if item is None:
            return None
        beside = await find_neighbours(tx, run.id, item, query=query.items, an_eval=an_eval)
    detail = await context.cpu.run(partial(detail_item, item, an_eval, run_id=run.id))
    ways = ways_from(beside, query.address, asked.site.links, item.id)
    view = await context.cpu.run(lambda: item_view(detail, ways, shown))
    return OpenedItem(detail, view)
