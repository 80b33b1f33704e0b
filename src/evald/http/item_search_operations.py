"""The operations that search, group and export a run's items, which are ours."""

from evald.http.operation import Operation
from evald.http.routes import item_exports, item_searches
from evald.wire.item_searches import (
    GroupedItems,
    GroupItemsQuery,
    ItemExportQuery,
    ItemSearch,
    ItemSearchQuery,
)

RUN = "/v1/evald/runs/{run_id}"

ITEM_SEARCH_OPERATIONS = [
    Operation(
        "searchOutputItems",
        "GET",
        RUN + "/items",
        item_searches.search_output_items,
        query=ItemSearchQuery,
        gives=ItemSearch,
    ),
    Operation(
        "groupOutputItems",
        "GET",
        RUN + "/groups",
        item_searches.group_output_items,
        query=GroupItemsQuery,
        gives=GroupedItems,
    ),
    Operation(
        "exportOutputItems",
        "GET",
        RUN + "/export",
        item_exports.export_output_items,
        query=ItemExportQuery,
    ),
]
