"""The durable engine: DBOS workflows that carry a run's steps over crashes and restarts."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from dbos import DBOS, DBOSConfig, SetWorkflowID
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DatabaseError
from sqlalchemy.pool import ConnectionPoolEntry

from evald.adapters.dbos.errors import DurableFileUnusable
from evald.engine.context import LOCAL
from evald.engine.workbench import HandedBack, Workbench

T = TypeVar("T")

SCHEMA = "evald_dbos"
CONNECTIONS = 5
"""DBOS's own tables in a shared database, and how many connections it may have to that."""

VERSION = "1"
"""Constant, since DBOS binds unfinished work to the version that began it."""

POLL_S = 60.0
"""How often DBOS looks for notifications and schedules, of which we use none."""

MANY_RECOVERIES = 1_000_000
"""A run goes on after any number of restarts; rows that kill the process are counted by us."""


class DurableRuns:
    """Drives runs as DBOS workflows: one a run, whose id is the run's, and one a shard.

    The run row is the truth. A workflow that ended while its run has not is followed by another,
    `<run id>.1` and so on. Where several workers share a database, each drives a run for itself,
    as `<run id>@<worker id>`.
    """

    def __init__(
        self, workbench: Workbench, database: Path | str, *, worker_id: str = LOCAL
    ) -> None:
        """Keeps DBOS's own tables in this SQLite file, or in this database in their own schema."""
        self._workbench = workbench
        self._database = database
        self._worker_id = worker_id
        self._register()

    async def launch(self) -> None:
        """DBOS runs, and what a former process left unfinished is begun again by it.

        Its workflows then run in the event loop of whoever calls.

        Raises:
            DurableFileUnusable: the file is damaged, or cannot be opened.
        """
        config = DBOSConfig(
            name="evald",
            **_system_database(self._database),
            executor_id=self._worker_id,
            application_version=VERSION,
            enable_otlp=False,
            log_level="ERROR",
            use_listen_notify=False,  # no workflow of ours waits, and its thread never rests
            notification_listener_polling_interval_sec=POLL_S,
            scheduler_polling_interval_sec=POLL_S,
        )
        try:
            if not isinstance(self._database, Path):
                await make_schema(self._database)
            dbos = DBOS(config=config)
            DBOS.launch()
        except DatabaseError as problem:
            place = self._database if isinstance(self._database, Path) else SCHEMA
            raise DurableFileUnusable(place, str(problem.orig).strip()) from problem
        # A thread that looks each second for workflows that are delayed or have a time limit, of
        # which we have none: a quarter of what DBOS costs at rest. No setting turns it off.
        dbos._background_jobs_stop_event.set()  # noqa: SLF001

    async def start(self, run_id: str) -> bool:
        """Whether the run is being driven now, by this call or since before."""
        if self._workbench.is_driven(run_id):
            return True
        # Whatever DBOS says of a former workflow: where its database was away when that ended, it
        # counts as pending for ever. Should it be begun again, it finds that another one drives.
        name = run_id if self._worker_id == LOCAL else f"{run_id}@{self._worker_id}"
        number, workflow_id = 0, name
        while await DBOS.get_workflow_status_async(workflow_id) is not None:
            number += 1
            workflow_id = f"{name}.{number}"
        with SetWorkflowID(workflow_id):
            await DBOS.start_workflow_async(self._drive, workflow_id, run_id)
        return True

    async def recover(self, worker_id: str) -> None:
        """What this worker left unfinished is begun again, by whichever process takes it.

        Doing it twice, or in several processes, changes nothing.
        """
        # DBOS has no public call that leaves alone what another process has recovered already:
        # resume_workflow would take it away from that one.
        await asyncio.to_thread(DBOS._recover_pending_workflows, [worker_id])  # noqa: SLF001

    def _register(self) -> None:
        workbench = self._workbench

        @DBOS.step(name="plan_run")
        async def plan(run_id: str) -> None:
            await workbench.plan(run_id)

        @DBOS.step(name="work_rows")
        async def work(run_id: str, number: int) -> None:
            await _or_never(workbench.work(run_id, number))

        @DBOS.step(name="finish_run")
        async def finish(run_id: str) -> None:
            await workbench.finish(run_id)

        @DBOS.workflow(name="work_shard", max_recovery_attempts=MANY_RECOVERIES)
        async def shard(run_id: str, number: int) -> None:
            await work(run_id, number)

        @DBOS.workflow(name="drive_run", max_recovery_attempts=MANY_RECOVERIES)
        async def drive(workflow_id: str, run_id: str) -> None:
            if not workbench.begin_driving(run_id, workflow_id):
                return
            try:
                await plan(run_id)
                while (number := await _or_never(workbench.next_shard(run_id))) is not None:
                    begin = partial(DBOS.start_workflow_async, shard, run_id, number)
                    await _start_apart(begin)
                await finish(run_id)
            finally:
                workbench.let_go(run_id)

        self._drive = drive


async def make_schema(database: str) -> None:
    """DBOS's own tables are there, as it wants them to be; the event loop goes on meanwhile.

    It must: DBOS builds indexes in a way that waits for every transaction which sees an older
    state of the database, and one of this very process could not end while the loop stands still.
    """
    await asyncio.to_thread(DBOS.migrate, database, schema=SCHEMA)


async def _or_never(step: Awaitable[T]) -> T:
    """What the step returns.

    A step that was handed back never does, so that DBOS takes it for unfinished and begins it
    again in the next process.
    """
    try:
        return await step
    except HandedBack:
        await asyncio.Event().wait()
        raise


async def _start_apart(start: Callable[[], Awaitable[object]]) -> None:
    """Starts a workflow that DBOS does not take for a step of the one that starts it.

    The shards to start differ from one recovery to the next, and DBOS wants a workflow's own
    steps to be the same each time. Its id is a new one: a shard that is claimed once more, since
    its run was taken up again or another worker died over it, is to be worked on once more.
    """

    async def started() -> None:
        await start()

    await asyncio.create_task(started(), context=contextvars.Context())


def _system_database(database: Path | str) -> DBOSConfig:
    """Where DBOS keeps its tables, in the words of its configuration."""
    if isinstance(database, Path):
        return DBOSConfig(
            system_database_url=f"sqlite:///{database}", system_database_engine=_engine(database)
        )
    return DBOSConfig(
        system_database_url=database, dbos_system_schema=SCHEMA, sys_db_pool_size=CONNECTIONS
    )


def _engine(database: Path) -> Engine:
    """An engine on DBOS's file, in WAL mode, which DBOS does not set itself.

    `synchronous` is NORMAL: after a power loss DBOS may have forgotten its last steps, and repeats
    them; what must not be forgotten is in our own file.
    """
    engine = create_engine(f"sqlite:///{database}", connect_args={"timeout": 30})

    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
