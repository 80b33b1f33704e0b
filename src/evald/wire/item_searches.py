"""Items of a run that were searched for, and groups of them, on the wire. All of it is ours."""

from typing import Literal

from pydantic import JsonValue

from evald.wire.base import WireModel
from evald.wire.output_items import OutputItem, OutputItemStatus
from evald.wire.pages import DEFAULT_LIMIT, Order

DEFAULT_GROUPS = 100
MAX_GROUPS = 10_000


class ItemChoiceQuery(WireModel):
    """What of a query chooses items of a run; `where` may come more than once."""

    status: OutputItemStatus | None = None
    criterion: str | None = None
    outcome: OutputItemStatus | None = None
    min_score: float | None = None
    max_score: float | None = None
    text: str | None = None
    regex: str | None = None
    where: str | None = None


class ItemSearchQuery(ItemChoiceQuery):
    """The query of GET /evald/runs/{run_id}/items."""

    sort: Literal["row", "score"] = "row"
    order: Order = "asc"
    after: str | None = None
    limit: int = DEFAULT_LIMIT


class ItemExportQuery(WireModel):
    """The query of GET /evald/runs/{run_id}/export."""

    status: OutputItemStatus | None = None


class ItemSearch(WireModel):
    """Items that were found, and how far the search has come: `next` goes on from there.

    `searched` of `total` items were looked at since its beginning, `skipped` of them not, by this
    request, since a text was too long for the regular expression. `has_verdicts` says that every
    item can be found by its verdicts.
    """

    object: Literal["list"] = "list"
    data: list[OutputItem]
    first_id: str | None
    last_id: str | None
    has_more: bool
    next: str | None
    searched: int
    total: int
    skipped: int
    has_verdicts: bool


class GroupItemsQuery(ItemChoiceQuery):
    """The query of GET /evald/runs/{run_id}/groups: the field, such as `item.category`."""

    by: str
    limit: int = DEFAULT_GROUPS


class GroupedCriterion(WireModel):
    """What one criterion said of a group. `scored` items have a score; the sums are over those."""

    id: str
    name: str
    passed: int
    failed: int
    errored: int
    scored: int
    total: float
    total_of_squares: float


class GroupOfItems(WireModel):
    """The items whose field has one value; `is_missing`: those that have no such field."""

    value: JsonValue
    is_missing: bool
    items: int
    passed: int
    failed: int
    errored: int
    criteria: list[GroupedCriterion]


class GroupedItems(WireModel):
    """A run's items grouped by a field, as far as `searched` of `total`: asked again, it goes on.

    `groups` are the largest of the `group_count` there are, which are of `grouped` items: those of
    the searched ones that the filter finds. `total` is what status and verdicts let through;
    `skipped` items were not searched, since a text was too long for the regular expression.
    `has_verdicts` says that every item can be found by its verdicts.
    """

    object: Literal["evald.item_groups"] = "evald.item_groups"
    run_id: str
    by: str
    groups: list[GroupOfItems]
    group_count: int
    grouped: int
    searched: int
    total: int
    skipped: int
    has_more: bool
    has_verdicts: bool
