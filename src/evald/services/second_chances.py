"""Second chances of runs that have ended: errored items again, or all that is left to do."""

from collections.abc import Callable

from evald.domain.errors import RunNotFound
from evald.domain.run_errors import RunImported, RunIncomplete, RunRowsGone, RunUnplanned
from evald.domain.run_status import RUN_TIMEOUT
from evald.ports.blobs import BlobNotFound
from evald.ports.kept import StoredRun
from evald.services.context import Context
from evald.services.idempotency import Idempotency, object_made, remember
from evald.services.run_views import RunView, view_run


async def retry_run(
    context: Context, project_id: str, run_id: str, *, idempotency: Idempotency | None = None
) -> RunView:
    """The run, in progress again without its errored items, whose rows are worked on once more.

    One that is under way, or has no errored item, is answered as it is. So is one that this
    Idempotency-Key took up before.

    Raises:
        RunNotFound: the project has no such run.
        RunImported: it was carried out elsewhere.
        RunIncomplete: it ended before every row had an item.
        RunRowsGone: its rows are deleted.
    """
    return await _taken_up(context, (project_id, run_id), _is_retried, idempotency)


async def resume_run(
    context: Context, project_id: str, run_id: str, *, idempotency: Idempotency | None = None
) -> RunView:
    """The run, failed or canceled, in progress again: rows without an item, and errored ones.

    One that is under way or completed is answered as it is. So is one that this Idempotency-Key
    took up before.

    Raises:
        RunNotFound: the project has no such run.
        RunImported: it was carried out elsewhere.
        RunUnplanned: it failed before its rows were known.
        RunRowsGone: its rows are deleted.
    """
    return await _taken_up(context, (project_id, run_id), _is_resumed, idempotency)


async def _taken_up(
    context: Context,
    named: tuple[str, str],
    is_due: Callable[[StoredRun], bool],
    idempotency: Idempotency | None,
) -> RunView:
    project_id, run_id = named
    async with context.store.snapshot() as tx:
        run = _own(await tx.work.find(run_id), named)
    if is_due(run):
        await _refuse_without_rows(context, run)
    async with context.store.transaction() as tx:
        now = context.clock.now()
        if await object_made(tx, project_id, idempotency, now=now) is None:
            if is_due(_own(await tx.chances.hold(run_id), named)):
                await tx.chances.reopen(run_id, now=now)
            await remember(tx, project_id, idempotency, object_id=run_id, now=now)
        run = _own(await tx.work.find(run_id), named)
    context.work.wake(run_id)
    return view_run(context, run)


def _own(run: StoredRun | None, named: tuple[str, str]) -> StoredRun:
    project_id, run_id = named
    if run is None or run.project_id != project_id:
        raise RunNotFound(run_id)
    if run.imported is not None:
        raise RunImported(
            f"Run '{run_id}' was imported: its rows are not worked on here. Its items can be "
            "graded anew."
        )
    return run


def _is_retried(run: StoredRun) -> bool:
    if not run.has_ended or run.tally.errored == 0:
        return False
    missing = (run.planned_rows or 0) - run.tally.total
    if missing > 0:
        raise RunIncomplete(
            f"Run '{run.id}' is {run.status}, and {missing} of its rows have no output item; "
            "resume it to have those worked on, and the errored ones again."
        )
    return True


def _is_resumed(run: StoredRun) -> bool:
    if run.status not in ("failed", "canceled"):
        return False
    is_late = run.error is not None and run.error.code == RUN_TIMEOUT
    if run.status == "failed" and run.planned_rows is None and not is_late:
        why = "" if run.error is None else f" {run.error.message}"
        raise RunUnplanned(
            f"Run '{run.id}' failed before its rows were known, so there is nothing to resume."
            f"{why} Create another run."
        )
    return True


async def _refuse_without_rows(context: Context, run: StoredRun) -> None:
    if not run.rows.blob_id:
        return  # they are made when it starts
    try:
        await context.blobs.size(run.rows.blob_id)
    except BlobNotFound:
        raise RunRowsGone(
            f"The rows of run '{run.id}' are gone, with the file that they were in; create "
            "another run."
        ) from None
