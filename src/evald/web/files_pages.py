"""The pages of files: their list, a file with its first rows, and its bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args
from urllib.parse import quote

from pydantic import JsonValue
from starlette.responses import Response, StreamingResponse

from evald.domain import exact_json
from evald.services.file_rows import FileLine, FirstRows, first_rows
from evald.services.files import open_content
from evald.services.overviews import FileOverview, FileReport, list_file_overviews, report_file
from evald.web.evals_page import CSV_ROWS, PAGE_ROWS
from evald.web.links import Links
from evald.web.queries import from_cursor, ignored
from evald.web.run_address import RunAddress
from evald.web.views import Asked, Table, View
from evald.wire.files import FilePurpose
from evald.wire.pages import ListFilesQuery

MAX_COLUMNS = 6
"""Of rows with more fields, only these are shown."""

_KNOWN = frozenset({"purpose", "after"})


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file in the list; `uses` counts the runs whose data source names it."""

    id: str
    filename: str
    href: str
    purpose: str
    size_bytes: int
    uses: int
    created_at: int
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class FilesPage:
    """The list of files, newest first; `purpose` is "" where all are shown."""

    purpose: str
    purposes: Sequence[str]
    files: Sequence[FileRow]
    first: str
    next: str | None
    is_first: bool


@dataclass(frozen=True, slots=True)
class UseRow:
    """A run over the file."""

    run_id: str
    run_name: str
    href: str
    created_at: int


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A line of the file: a cell a column, or `text` alone where it is no object of fields.

    `is_cut` says that the line goes on beyond what is shown.
    """

    number: int
    cells: Sequence[str] | None
    text: str
    is_cut: bool


@dataclass(frozen=True, slots=True)
class FilePage:
    """A file: what it is, which runs are over it, and its first rows.

    `columns` are the fields of its items, `left_out` how many more there are.
    """

    file: FileRow
    content: str
    runs: Sequence[UseRow]
    columns: Sequence[str]
    left_out: int
    rows: Sequence[ShownRow]
    is_whole: bool
    is_text: bool


async def show_files(asked: Asked) -> View:
    """GET /files: the files, newest first."""
    params, links = asked.request.query_params, asked.site.links
    notices = ignored(params, known=_KNOWN)
    purpose, after = params.get("purpose", ""), params.get("after") or None
    limit = CSV_ROWS if asked.form == "csv" else PAGE_ROWS
    page = await from_cursor(
        lambda place: list_file_overviews(
            asked.site.context,
            asked.visitor.project_id,
            ListFilesQuery(after=place, limit=limit, purpose=purpose or None),
        ),
        after,
        notices,
    )
    rows = [_row(each, links) for each in page.rows]
    value = FilesPage(
        purpose=purpose,
        purposes=get_args(FilePurpose),
        files=rows,
        first=links.files(purpose=purpose),
        next=links.files(rows[-1].id, purpose) if page.has_more else None,
        is_first=after is None,
    )
    return View("files.html", value, table=_table(rows), notices=notices)


async def show_file(asked: Asked) -> View:
    """GET /files/{file_id}: the file with its first rows."""
    context, project_id = asked.site.context, asked.visitor.project_id
    file_id: str = asked.request.path_params["file_id"]
    notices = ignored(asked.request.query_params, known=())
    report = await report_file(context, project_id, file_id)
    rows = await first_rows(context, project_id, file_id)
    page = _page(report, rows, asked.site.links)
    names = ["line", *(page.columns or ["text"])]
    cells: list[list[JsonValue]] = [
        [each.number, *(each.cells if each.cells is not None else [each.text])]
        for each in page.rows
    ]
    return View("file.html", page, table=Table(names, cells), notices=notices)


async def send_file(asked: Asked) -> Response:
    """GET /files/{file_id}/content: the bytes of the file, to be kept and not to be opened."""
    file_id: str = asked.request.path_params["file_id"]
    content = await open_content(asked.site.context, asked.visitor.project_id, file_id)
    # Never shown: whoever uploaded it could have written a page of their own.
    name = quote(content.file.filename.encode("utf-8", "replace"), safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    headers["Content-Length"] = str(content.file.bytes)
    return StreamingResponse(content.chunks, 200, headers, "application/octet-stream")


def _row(overview: FileOverview, links: Links) -> FileRow:
    file = overview.file
    return FileRow(
        id=file.id,
        filename=file.filename,
        href=links.file(file.id),
        purpose=file.purpose,
        size_bytes=file.bytes,
        uses=overview.uses,
        created_at=file.created_at,
        expires_at=file.expires_at,
    )


def _page(report: FileReport, first: FirstRows, links: Links) -> FilePage:
    names = _field_names(first.lines)
    columns = names[:MAX_COLUMNS]
    runs = [
        UseRow(
            use.run_id, use.run_name, links.run(RunAddress(use.eval_id, use.run_id)), use.created_at
        )
        for use in report.newest
    ]
    return FilePage(
        file=_row(FileOverview(report.file, report.uses), links),
        content=links.file_content(report.file.id),
        runs=runs,
        columns=columns,
        left_out=len(names) - len(columns),
        rows=[_shown(line, columns) for line in first.lines],
        is_whole=first.is_whole,
        is_text=first.is_text,
    )


def _field_names(lines: Sequence[FileLine]) -> list[str]:
    """The fields of the items, by their first use."""
    fields = [fields for line in lines if (fields := _fields_of(line.value)) is not None]
    return list(dict.fromkeys(name for each in fields for name in each))


def _fields_of(value: JsonValue) -> dict[str, JsonValue] | None:
    """The fields of a row's item; of an object that is no row, its own; None of anything else."""
    if not isinstance(value, dict):
        return None
    item = value.get("item")
    return item if isinstance(item, dict) else value


def _shown(line: FileLine, columns: Sequence[str]) -> ShownRow:
    fields = _fields_of(line.value)
    if fields is None:
        return ShownRow(line.number, None, line.text, line.is_cut)
    cells = [_text(fields[name]) if name in fields else "" for name in columns]
    return ShownRow(line.number, cells, "", line.is_cut)


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else exact_json.dump(value)


def _table(rows: Sequence[FileRow]) -> Table:
    columns = ["file_id", "filename", "purpose", "bytes", "runs", "created_at", "expires_at"]
    return Table(columns, [_cells(each) for each in rows])


def _cells(row: FileRow) -> list[str | int | None]:
    what: list[str | int | None] = [row.id, row.filename, row.purpose, row.size_bytes, row.uses]
    return [*what, row.created_at, row.expires_at]
