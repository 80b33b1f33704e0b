"""Which SQL sums up what evals and files have runs for."""

import json
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import JSON, ColumnElement, Connection, Row, func, select, tuple_
from sqlalchemy import cast as cast_to

from evald.adapters.sql.documents import read_document
from evald.adapters.sql.evals import SHOWN, read_eval
from evald.adapters.sql.pages import after_key
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import EVALS, RUNS
from evald.adapters.sql.tallies import read_tally
from evald.ports.kept import Page
from evald.ports.overviews import FileUse, RunPoint, RunsOfEval
from evald.wire.evals import Eval
from evald.wire.pages import ListQuery

_KEY = [EVALS.c.created_at, EVALS.c.seq]
_POINT = [RUNS.c.id, RUNS.c.created_at, RUNS.c.status, RUNS.c.planned_rows, RUNS.c.tally]
_READ_AT_ONCE = 200
_SOURCE_ID = ("data_source", "source", "id")


class SqlOverviewTable:
    """Overviews over the tables of evals and runs. Fulfils `OverviewTable` of the ports."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def evals_named(self, project_id: str, part: str, query: ListQuery) -> Page[Eval]:
        """A page of the evals with `part` in their name, in whatever case, or as their id.

        Names are compared here: databases differ in what they take for the same letter.

        Raises:
            CursorUnknown: `after` is no eval of the project.
        """
        connection = self.session.connection
        mine = EVALS.c.project_id == project_id
        named = select(*_KEY).where(mine, EVALS.c.id == query.after)
        after = after_key(connection, query, named)
        place = None if after is None else tuple(after)
        found: list[Eval] = []
        while len(found) <= query.limit:
            rows = _evals_beyond(connection, mine, place, is_descending=query.order == "desc")
            found += [read_eval(row) for row in rows if _is_named(row, part)]
            if len(rows) < _READ_AT_ONCE:
                break
            place = (rows[-1].created_at, rows[-1].seq)
        return Page(found[: query.limit], len(found) > query.limit)

    @in_thread
    def runs_of(
        self, project_id: str, eval_ids: Sequence[str], *, most: int
    ) -> dict[str, RunsOfEval]:
        """Of each of these evals that has runs, how many, and up to `most` of the newest."""
        connection = self.session.connection
        mine = (RUNS.c.project_id == project_id, RUNS.c.eval_id.in_(eval_ids))
        counts = select(RUNS.c.eval_id, func.count()).where(*mine).group_by(RUNS.c.eval_id)
        return {
            eval_id: RunsOfEval(count, _newest(connection, eval_id, most))
            for eval_id, count in connection.execute(counts).all()
        }

    @in_thread
    def uses_of(self, project_id: str, file_ids: Sequence[str]) -> dict[str, int]:
        """How many runs name each of these files as their data source; without those of none."""
        connection = self.session.connection
        named = _source_id(connection).label("file_id")
        sought = named.in_(file_ids)
        counts = select(named, func.count()).where(RUNS.c.project_id == project_id, sought)
        rows = connection.execute(counts.group_by(named)).all()
        return {cast(str, file_id): count for file_id, count in rows}

    @in_thread
    def runs_over(self, project_id: str, file_id: str, *, most: int) -> list[FileUse]:
        """Up to `most` of the newest runs whose data source names the file, newest first."""
        connection = self.session.connection
        runs = select(RUNS.c.id, RUNS.c.eval_id, RUNS.c.created_at, RUNS.c.document)
        runs = runs.where(RUNS.c.project_id == project_id, _source_id(connection) == file_id)
        newest = runs.order_by(RUNS.c.created_at.desc(), RUNS.c.seq.desc()).limit(most)
        return [
            FileUse(
                eval_id=row.eval_id,
                run_id=row.id,
                run_name=cast(str, read_document(row.document)["name"]),
                created_at=row.created_at,
            )
            for row in connection.execute(newest)
        ]


def _evals_beyond(
    connection: Connection,
    mine: ColumnElement[bool],
    place: tuple[int, ...] | None,
    *,
    is_descending: bool,
) -> Sequence[Row[Any]]:
    rows = select(*SHOWN, *_KEY).where(mine)
    if place is not None:
        key = tuple_(*_KEY)
        rows = rows.where(key < place if is_descending else key > place)
    order = [column.desc() if is_descending else column.asc() for column in _KEY]
    return connection.execute(rows.order_by(*order).limit(_READ_AT_ONCE)).all()


def _is_named(row: Row[Any], part: str) -> bool:
    # Before the eval is read: of thousands, a few are.
    kept = json.loads(row.document)
    return kept["id"] == part or part.casefold() in kept["name"].casefold()


def _newest(connection: Connection, eval_id: str, most: int) -> list[RunPoint]:
    # A statement an eval: its index gives the newest at once, where one over all would sort them.
    runs = select(*_POINT).where(RUNS.c.eval_id == eval_id)
    newest = runs.order_by(RUNS.c.created_at.desc(), RUNS.c.seq.desc()).limit(most)
    return [_point(row) for row in connection.execute(newest)]


def _point(row: Row[Any]) -> RunPoint:
    tally = read_tally(row.tally)
    return RunPoint(
        id=row.id,
        created_at=row.created_at,
        status=row.status,
        planned_rows=row.planned_rows,
        passed=tally.passed,
        failed=tally.failed,
        errored=tally.errored,
    )


def _source_id(connection: Connection) -> ColumnElement[Any]:
    """The id that a run's data source names, if it names one."""
    if connection.dialect.name == "sqlite":
        return func.json_extract(RUNS.c.document, "$." + ".".join(_SOURCE_ID))
    return func.json_extract_path_text(cast_to(RUNS.c.document, JSON), *_SOURCE_ID)
