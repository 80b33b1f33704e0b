"""Which SQL keeps runs, as their owners see them."""

from typing import Any, cast

from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from evald.adapters.sql.documents import (
    Document,
    document_text,
    error_text,
    read_document,
    read_error,
)
from evald.adapters.sql.pages import after_key, beyond, read_page
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import DELETED_RUNS, RUNS
from evald.adapters.sql.tallies import has_all_verdicts, read_tally, tally_text
from evald.domain.run_status import MOVES, has_ended
from evald.ports.kept import Page, Rows, StoredRun
from evald.wire.errors import ApiError
from evald.wire.pages import ListRunsQuery
from evald.wire.runs import RunStatus

UNENDED: list[RunStatus] = [status for status in MOVES if not has_ended(status)]
"""The statuses of runs that still have somewhere to go."""

IS_UNENDED = RUNS.c.status.in_(UNENDED) & RUNS.c.imported.is_(None)
"""Runs that are ours to carry out; an imported one stays as its source last showed it."""


class SqlRunTable:
    """Runs in a table. Fulfils `evald.ports.store.RunTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def insert(self, run: StoredRun) -> None:
        """The run is kept.

        Raises:
            sqlalchemy.exc.IntegrityError: its eval is not there.
        """
        self.session.connection.execute(insert(RUNS).values(_values(run)))

    @in_thread
    def page(self, project_id: str, eval_id: str, query: ListRunsQuery) -> Page[StoredRun]:
        """A page of the eval's runs. `after` may have another status than those asked for.

        Raises:
            CursorUnknown: `after` is no run of the eval.
        """
        mine = (RUNS.c.eval_id == eval_id) & (RUNS.c.project_id == project_id)
        key = [RUNS.c.created_at, RUNS.c.seq]
        after = after_key(
            self.session.connection, query, select(*key).where(mine, RUNS.c.id == query.after)
        )
        rows = select(RUNS).where(mine)
        if query.status is not None:
            rows = rows.where(RUNS.c.status == query.status)
        rows = beyond(rows, key, after=after, query=query)
        return read_page(self.session.connection, rows, read_run, limit=query.limit)

    @in_thread
    def get(self, project_id: str, eval_id: str, run_id: str) -> StoredRun | None:
        """The run, if it is there."""
        found = self.session.connection.execute(
            select(RUNS).where(*_named(project_id, eval_id, run_id))
        )
        row = found.one_or_none()
        return None if row is None else read_run(row)

    @in_thread
    def end(self, run_id: str, status: RunStatus, error: ApiError | None, *, now: int) -> bool:
        """The run is in this final status, unless it had ended before; says whether it moved."""
        moved = self.session.connection.execute(
            update(RUNS)
            .where(RUNS.c.id == run_id, IS_UNENDED)
            .values(status=status, error=error_text(error), ended_at=now)
        )
        return moved.rowcount > 0

    @in_thread
    def delete(self, project_id: str, eval_id: str, run_id: str) -> bool:
        """The run is gone; says whether it was there. Items and shards follow by `purge`."""
        deleted = delete_runs(self.session.connection, *_named(project_id, eval_id, run_id))
        return bool(deleted)


def delete_runs(connection: Connection, *which: ColumnElement[bool]) -> list[str]:
    """Those runs are gone, and noted down for `purge`; returns their ids, oldest first."""
    those = select(RUNS.c.seq, RUNS.c.id).where(*which).order_by(RUNS.c.seq)
    # Locked, lest two requests note down the same run; SQLite leaves it out.
    runs = connection.execute(those.with_for_update()).all()
    if runs:
        gone = [{"run_seq": run.seq} for run in runs]
        connection.execute(insert(DELETED_RUNS), gone)
        connection.execute(delete(RUNS).where(*which))
    return [run.id for run in runs]


def read_run(row: Row[Any]) -> StoredRun:
    """The run of this row of the table."""
    kept = read_document(row.document)
    return StoredRun(
        id=row.id,
        project_id=row.project_id,
        eval_id=row.eval_id,
        created_at=row.created_at,
        status=row.status,
        name=cast(str, kept["name"]),
        model=cast(str, kept["model"]),
        metadata=cast(dict[str, str], kept["metadata"]),
        data_source=cast(Document, kept["data_source"]),
        rows=Rows(
            row.blob_id,
            inline=row.is_inline,
            checked_bytes=row.checked_bytes,
            logged=row.is_logged,
        ),
        planned_rows=row.planned_rows,
        tally=read_tally(row.tally),
        error=read_error(row.error),
        started_at=row.started_at,
        ended_at=row.ended_at,
        imported=None if row.imported is None else read_document(row.imported),
        chance=row.chance,
        traceparent=str(kept.get("traceparent", "")),
        has_verdicts=_has_verdicts(row),
    )


def _has_verdicts(row: Row[Any]) -> bool:
    """An imported run's tally is what its body says, whatever items came along."""
    if row.imported is None:
        return has_all_verdicts(row.tally)
    has_all: bool = row.verdicts_chance == row.chance
    return has_all


def _values(run: StoredRun) -> dict[str, str | int | bool | None]:
    return {
        "id": run.id,
        "project_id": run.project_id,
        "eval_id": run.eval_id,
        "status": run.status,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "blob_id": run.rows.blob_id,
        "is_inline": run.rows.inline,
        "is_logged": run.rows.logged,
        "is_told": run.imported is not None,
        "checked_bytes": run.rows.checked_bytes,
        "planned_rows": run.planned_rows,
        "tally": tally_text(run.tally),
        "error": error_text(run.error),
        "imported": None if run.imported is None else document_text(run.imported),
        "chance": run.chance,
        "verdicts_chance": None if run.imported is None else run.chance,
        "document": document_text(_document(run)),
    }


def _document(run: StoredRun) -> Document:
    document: Document = {
        "name": run.name,
        "model": run.model,
        "metadata": dict(run.metadata),
        "data_source": run.data_source,
    }
    if run.traceparent:
        document["traceparent"] = run.traceparent
    return document


def _named(project_id: str, eval_id: str, run_id: str) -> list[ColumnElement[bool]]:
    return [RUNS.c.id == run_id, RUNS.c.eval_id == eval_id, RUNS.c.project_id == project_id]
