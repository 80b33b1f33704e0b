"""Which SQL shows the engine its work: runs of whichever project, their shards and items."""

from sqlalchemy import or_, select, update

from evald.adapters.sql.documents import error_text
from evald.adapters.sql.files import unexpired
from evald.adapters.sql.purge import purge_deleted_runs
from evald.adapters.sql.record import record_items
from evald.adapters.sql.runs import IS_UNENDED, read_run
from evald.adapters.sql.session import Session, in_thread
from evald.adapters.sql.shards import (
    begin_shard,
    change_shard,
    insert_shards,
    mark_started,
    read_shards,
)
from evald.adapters.sql.tables import ARCHIVE_IMPORTS, FILES, RUN_SHARDS, RUNS
from evald.ports.kept import Shard, ShardState, StoredOutputItem, StoredRun
from evald.wire.errors import ApiError
from evald.wire.runs import RunStatus


class SqlWorkTable:
    """The engine's work in tables. Fulfils `evald.ports.store.WorkTable`."""

    def __init__(self, session: Session) -> None:
        self.session = session

    @in_thread
    def unended(self) -> list[str]:
        """The ids of the runs that are queued or in progress, oldest first."""
        found = self.session.connection.scalars(
            select(RUNS.c.id).where(IS_UNENDED).order_by(RUNS.c.seq)
        )
        return list(found)

    @in_thread
    def find(self, run_id: str) -> StoredRun | None:
        """The run, if it is there."""
        found = self.session.connection.execute(select(RUNS).where(RUNS.c.id == run_id))
        row = found.one_or_none()
        return None if row is None else read_run(row)

    @in_thread
    def start(self, run_id: str, *, now: int, worker_id: str) -> bool:
        """A queued run is in progress, and this worker's to plan.

        So is one in progress that has no plan and that no other plans. Says whether the run is in
        progress, and planned or this worker's to plan.
        """
        connection = self.session.connection
        ours = (RUNS.c.id == run_id) & RUNS.c.imported.is_(None)
        connection.execute(
            update(RUNS)
            .where(ours, RUNS.c.status == "queued")
            .values(status="in_progress", started_at=now)
        )
        unplanned = RUNS.c.planned_rows.is_(None) & RUNS.c.planner_id.is_(None)
        connection.execute(
            update(RUNS)
            .where(ours, RUNS.c.status == "in_progress", unplanned)
            .values(planner_id=worker_id)
        )
        run = connection.execute(
            select(RUNS.c.status, RUNS.c.planned_rows, RUNS.c.planner_id).where(ours)
        ).one_or_none()
        if run is None or run.status != "in_progress":
            return False
        return run.planned_rows is not None or run.planner_id == worker_id

    @in_thread
    def save_rows(self, run_id: str, blob_id: str) -> str | None:
        """The blob that the rows of a run of logs are in: this one, unless they were in one before.

        None where the run is gone.
        """
        self.session.connection.execute(
            update(RUNS)
            .where(RUNS.c.id == run_id, RUNS.c.is_logged, RUNS.c.blob_id == "")
            .values(blob_id=blob_id)
        )
        kept = select(RUNS.c.blob_id).where(RUNS.c.id == run_id)
        return self.session.connection.scalar(kept)

    @in_thread
    def save_plan(self, run_id: str, shards: list[Shard]) -> None:
        """The shards and the number of their rows are kept; a plan that is there stays."""
        planned = self.session.connection.execute(
            update(RUNS)
            .where(RUNS.c.id == run_id, RUNS.c.planned_rows.is_(None))
            .values(planned_rows=sum(shard.row_count for shard in shards))
        )
        if planned.rowcount > 0:
            insert_shards(self.session.connection, run_id, shards)

    @in_thread
    def shards(self, run_id: str) -> list[Shard]:
        """The run's shards by number; empty where there is no plan."""
        return read_shards(self.session.connection, run_id)

    @in_thread
    def begin_shard(self, run_id: str, number: int, *, worker_id: str) -> ShardState | None:
        """One more attempt at the shard is counted.

        Every row before `started_before` without an item has died once more, and
        `started_before` is back at the shard's first row. A shard that is gone with its run is
        answered as one that is done and has no rows. None where another worker has it in hand.
        """
        return begin_shard(self.session.connection, run_id, number, worker_id=worker_id)

    @in_thread
    def mark_started(self, run_id: str, number: int, *, before: int) -> None:
        """Rows of the shard before this one may be in flight from now on."""
        mark_started(self.session.connection, run_id, number, before=before)

    @in_thread
    def record(
        self, run_id: str, items: list[StoredOutputItem], *, chance: int | None = None
    ) -> RunStatus | None:
        """Those items whose rows have none yet are kept, and the run's tally has grown by them.

        Keeping an item twice changes nothing. Returns the run's status; None, and nothing is kept,
        where the run is gone; None, and no errored item is kept, where it was taken up again since.
        """
        return record_items(self.session.connection, run_id, items, chance=chance)

    @in_thread
    def end_shard(self, run_id: str, number: int, *, attempt: int | None = None) -> None:
        """The shard is done, unless another attempt at it has begun since this one."""
        change = change_shard(run_id, number)
        if attempt is not None:
            change = change.where(RUN_SHARDS.c.attempts == attempt)
        self.session.connection.execute(change.values(is_done=True))

    @in_thread
    def complete(self, run_id: str, *, now: int) -> bool:
        """The run is completed, if it has not ended and every shard is done; says whether."""
        connection = self.session.connection
        # Held first: what is asked next must be as of a moment in which nobody takes it up again.
        run_seq = connection.scalar(
            select(RUNS.c.seq)
            .where(RUNS.c.id == run_id, IS_UNENDED, RUNS.c.planned_rows.is_not(None))
            .with_for_update()
        )
        if run_seq is None:
            return False
        undone = (RUN_SHARDS.c.run_seq == run_seq, ~RUN_SHARDS.c.is_done)
        if connection.scalar(select(RUN_SHARDS.c.number).where(*undone).limit(1)) is not None:
            return False
        ended = update(RUNS).where(RUNS.c.seq == run_seq)
        connection.execute(ended.values(status="completed", ended_at=now))
        return True

    @in_thread
    def fail(self, run_id: str, error: ApiError, *, now: int, chance: int) -> bool:
        """The run has failed, if it has not ended, or been taken up again; says whether."""
        failed = self.session.connection.execute(
            update(RUNS)
            .where(RUNS.c.id == run_id, IS_UNENDED, RUNS.c.chance == chance)
            .values(status="failed", error=error_text(error), ended_at=now)
        )
        return failed.rowcount > 0

    @in_thread
    def release_shard(self, run_id: str, number: int) -> None:
        """The shard was handed back in good order: it is free, and no row counts as in flight."""
        change = change_shard(run_id, number)
        self.session.connection.execute(
            change.values(started_before=RUN_SHARDS.c.first_row, worker_id=None)
        )

    @in_thread
    def purge(self, *, most: int) -> bool:
        """Up to `most` output items of deleted runs are gone; says whether more may follow."""
        return purge_deleted_runs(self.session.connection, most=most)

    @in_thread
    def blobs_in_use(self, *, now: int) -> set[str]:
        """Every blob that a file, a run with rows of its own, or what has not ended still needs."""
        of_files = select(FILES.c.blob_id).where(unexpired(now))
        of_runs = select(RUNS.c.blob_id).where(or_(RUNS.c.is_inline, RUNS.c.is_logged, IS_UNENDED))
        of_imports = select(ARCHIVE_IMPORTS.c.blob_id).where(ARCHIVE_IMPORTS.c.report.is_(None))
        return set(self.session.connection.scalars(of_files.union(of_runs, of_imports)))
