"""Imports of logs over HTTP: lines of completions, responses or spans. All of it is ours."""

from starlette.requests import Request
from starlette.responses import Response

from evald.domain.errors import UnsupportedContentType
from evald.http.answers import plain_answer
from evald.http.operation import Api, project_of
from evald.http.parsing import RequestBody
from evald.http.routes.imports import read_dry_run
from evald.services.log_imports import LogImportTools, LogIntake

LOG_TYPES = ("application/jsonl", "application/x-ndjson", "application/ndjson", "application/json")
"""What a stream of logs may be declared as."""


async def import_logs(api: Api, request: Request) -> Response:
    """Keeps the logs of a stream of lines, and answers what became of each."""
    context = api.context
    is_dry = read_dry_run(request)
    _require_lines(request)
    tools = LogImportTools(
        store=context.store,
        clock=context.clock,
        cpu=context.cpu,
        max_line_bytes=context.max_row_bytes,
    )
    intake = LogIntake(tools, project_of(request), is_dry=is_dry)
    async for chunk in RequestBody(request, max_bytes=context.max_archive_bytes):
        await intake.feed(chunk)
    return plain_answer(await intake.end())


def _require_lines(request: Request) -> None:
    """Nothing, if the body is declared to be lines of JSON.

    A browser sends other types across origins without asking first, so a missing type is refused
    as well.
    """
    declared = request.headers.get("content-type", "")
    if declared.partition(";")[0].strip().lower() not in LOG_TYPES:
        raise UnsupportedContentType(
            f"Content-Type is '{declared[:100]}'; logs are read as 'application/jsonl', "
            "'application/x-ndjson', or 'application/json'."
        )
