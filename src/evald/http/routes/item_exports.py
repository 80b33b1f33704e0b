"""All output items of a run over HTTP, as JSONL. Ours."""

from collections.abc import AsyncIterator
from functools import partial

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from evald.http.operation import Api, project_of
from evald.http.parsing import read_query
from evald.ports.kept import StoredOutputItem, StoredRun
from evald.services.context import Context
from evald.services.item_export import ItemExport, begin_export, export_items
from evald.services.output_items import output_item_text
from evald.wire.item_searches import ItemExportQuery

JSONL = "application/jsonl"


async def export_output_items(api: Api, request: Request) -> Response:
    """Streams the output items of a run, one a line, in the order of its rows."""
    query = read_query(ItemExportQuery, request.query_params)
    run_id: str = request.path_params["run_id"]
    export = await begin_export(api.context, project_of(request), run_id, status=query.status)
    if request.method == "HEAD":
        return Response(media_type=JSONL)
    return StreamingResponse(_pieces(api.context, export), media_type=JSONL)


async def _pieces(context: Context, export: ItemExport) -> AsyncIterator[bytes]:
    async for items in export_items(context, export):
        yield await context.cpu.run(partial(_lines, export.run, items))


def _lines(run: StoredRun, items: list[StoredOutputItem]) -> bytes:
    texts = [output_item_text(each, run_id=run.id, eval_id=run.eval_id) for each in items]
    return "".join([f"{text}\n" for text in texts]).encode()
