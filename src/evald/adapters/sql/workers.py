"""Which SQL keeps workers, and what they have in hand."""

from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from evald.adapters.sql.database_clock import database_now, now_of
from evald.adapters.sql.runs import IS_UNENDED, read_run
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.tables import RUN_SHARDS, RUNS, WORKERS
from evald.adapters.sql.tallies import items_in
from evald.ports.kept import StoredRun
from evald.ports.workers import WorkerCard, WorkLoad

_WORKERS = WORKERS.c
_SHARDS = RUN_SHARDS.c
_IS_FREE = _SHARDS.worker_id.is_(None) & ~_SHARDS.is_done


def _startable() -> Select[tuple[str]]:
    mine = _SHARDS.run_seq == RUNS.c.seq
    to_plan = RUNS.c.planned_rows.is_(None) & RUNS.c.planner_id.is_(None)
    to_work = exists(select(1).where(mine, _IS_FREE))
    to_finish = RUNS.c.planned_rows.is_not(None) & ~exists(select(1).where(mine, ~_SHARDS.is_done))
    found = select(RUNS.c.id).where(IS_UNENDED, or_(to_plan, to_work, to_finish))
    return found.order_by(RUNS.c.seq)


_STARTABLE = _startable()
"""Built once: at rest, to build it took longer than to ask it."""


@cache
def _live(database: str) -> Select[Any]:
    has_beaten = _WORKERS.beat_at >= now_of(database) - bindparam("silent_s")
    return select(WORKERS).where(has_beaten).order_by(_WORKERS.id)


class SqlWorkerTable:
    """Workers in a table. Fulfils `evald.ports.workers.WorkerTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def beat(self, card: WorkerCard) -> bool:
        """The worker is alive as of now; says whether its row was still there."""
        connection = self.session.connection
        now = database_now(connection)
        beaten = connection.execute(
            update(WORKERS).where(_WORKERS.id == card.id).values(beat_at=now)
        )
        if beaten.rowcount > 0:
            return True
        first = insert(WORKERS).values(
            id=card.id,
            host=card.host,
            process_id=card.process_id,
            started_at=now,
            beat_at=now,
        )
        connection.execute(
            first.on_conflict_do_update(index_elements=[_WORKERS.id], set_={"beat_at": now})
        )
        return False

    @in_thread
    def live(self, *, silent_s: int) -> list[WorkerCard]:
        """Workers that beat within so many seconds, by id."""
        connection = self.session.connection
        alive = connection.execute(_live(connection.dialect.name), {"silent_s": silent_s})
        return [_card(row) for row in alive]

    @in_thread
    def silent(self, *, silent_s: int) -> list[str]:
        """The ids of workers that did not; by id."""
        connection = self.session.connection
        dead = select(_WORKERS.id).where(~_has_beaten(connection, silent_s))
        return list(connection.scalars(dead.order_by(_WORKERS.id)))

    @in_thread
    def free(self, worker_id: str) -> int:
        """What the worker had claimed is free; returns how many shards and plans it was."""
        return _free(self.session.connection, worker_id, besides=frozenset())

    @in_thread
    def free_besides(self, worker_id: str, run_ids: frozenset[str]) -> int:
        """What the worker had claimed of other runs than these is free; returns how much."""
        return _free(self.session.connection, worker_id, besides=run_ids)

    @in_thread
    def remove(self, worker_id: str, *, silent_s: int) -> bool:
        """The worker's row is gone, unless it has beaten within so many seconds; says whether."""
        connection = self.session.connection
        gone = delete(WORKERS).where(_WORKERS.id == worker_id, ~_has_beaten(connection, silent_s))
        return connection.execute(gone).rowcount > 0

    @in_thread
    def startable(self) -> list[str]:
        """The ids of unended runs that somebody can do something for, oldest first.

        Those that nobody plans, that have a free shard, or whose shards are all done.
        """
        return list(self.session.connection.scalars(_STARTABLE))

    @in_thread
    def overdue(self, *, began_by: int) -> list[StoredRun]:
        """Unended runs whose work began, or was last taken up again, by then; oldest first."""
        found = select(RUNS).where(IS_UNENDED, RUNS.c.started_at <= began_by)
        return [
            read_run(row) for row in self.session.connection.execute(found.order_by(RUNS.c.seq))
        ]

    @in_thread
    def load(self) -> WorkLoad:
        """What there is to do, for everybody together. Rows of runs without a plan are unknown."""
        connection = self.session.connection
        queued = select(func.count()).where(RUNS.c.status == "queued", RUNS.c.imported.is_(None))
        worked_on = select(RUNS.c.planned_rows, RUNS.c.tally).where(
            RUNS.c.status == "in_progress", RUNS.c.imported.is_(None)
        )
        runs = connection.execute(worked_on).all()
        return WorkLoad(
            queued_runs=connection.scalar(queued) or 0,
            runs_in_progress=len(runs),
            rows_to_do=sum(
                max(0, run.planned_rows - items_in(run.tally))
                for run in runs
                if run.planned_rows is not None
            ),
        )

    @in_thread
    def claim_shard(self, run_id: str, worker_id: str) -> int | None:
        """The lowest free shard of the run, which is the worker's now; None where none is free."""
        connection = self.session.connection
        run_seq = select(RUNS.c.seq).where(RUNS.c.id == run_id).scalar_subquery()
        lowest = (
            select(_SHARDS.run_seq, _SHARDS.number)
            .where(_SHARDS.run_seq == run_seq, _IS_FREE)
            .order_by(_SHARDS.number)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        found = connection.execute(lowest).one_or_none()
        if found is None:
            return None
        connection.execute(
            update(RUN_SHARDS)
            .where(_SHARDS.run_seq == found.run_seq, _SHARDS.number == found.number)
            .values(worker_id=worker_id)
        )
        return int(found.number)


def _free(connection: Connection, worker_id: str, *, besides: frozenset[str]) -> int:
    kept = RUNS.c.id.in_(besides)
    of_kept = _SHARDS.run_seq.in_(select(RUNS.c.seq).where(kept))
    shards = connection.execute(
        update(RUN_SHARDS)
        .where(_SHARDS.worker_id == worker_id, ~_SHARDS.is_done, ~of_kept)
        .values(worker_id=None)
    )
    plans = connection.execute(
        update(RUNS)
        .where(RUNS.c.planner_id == worker_id, RUNS.c.planned_rows.is_(None), ~kept)
        .values(planner_id=None)
    )
    return shards.rowcount + plans.rowcount


def _has_beaten(connection: Connection, silent_s: int) -> ColumnElement[bool]:
    return _WORKERS.beat_at >= database_now(connection) - silent_s


def _card(row: Row[Any]) -> WorkerCard:
    return WorkerCard(
        id=row.id,
        host=row.host,
        process_id=row.process_id,
        started_at=row.started_at,
        beat_at=row.beat_at,
    )
