"""Running again: a new run made as another was, with other parts."""

from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain.errors import RunNotFound
from evald.domain.run_errors import RunRowsGone
from evald.domain.validation import read_model
from evald.ports.blobs import BlobNotFound
from evald.ports.kept import StoredRun
from evald.services.context import Context
from evald.services.row_intake import RowIntake, open_intake
from evald.services.run_views import RunView
from evald.services.runs import create_run
from evald.wire.runs import CreateRunRequest


@dataclass(frozen=True, slots=True)
class RunAgain:
    """A run to be made of `body`, which is that of `POST /v1/evals/{eval_id}/runs`.

    Where its source is `file_content`, whose `content` is empty in the body, the rows are those
    that came with the request of the run `rows_of`.
    """

    eval_id: str
    body: dict[str, JsonValue]
    rows_of: str | None = None


async def run_again(context: Context, project_id: str, order: RunAgain) -> RunView:
    """The queued run that was made.

    Raises:
        MissingParameter, InvalidType, InvalidValue: the body is none of a run.
        RunNotFound: the eval has no run `rows_of`.
        RunRowsGone: its rows are no longer kept.
        RequestError: as `create_run` has it.
    """
    asked = read_model(CreateRunRequest, order.body)
    async with open_intake(context, project_id, order.eval_id) as intake:
        if order.rows_of is not None:
            run = await find_run(context, project_id, order.eval_id, order.rows_of)
            await _copy_rows(context, run, intake)
        return await create_run(context, project_id, asked, intake=intake)


async def find_run(context: Context, project_id: str, eval_id: str, run_id: str) -> StoredRun:
    """The run as it is kept.

    Raises:
        RunNotFound: the eval has no such run.
    """
    async with context.store.snapshot() as tx:
        run = await tx.runs.get(project_id, eval_id, run_id)
    if run is None:
        raise RunNotFound(run_id)
    return run


async def _copy_rows(context: Context, run: StoredRun, intake: RowIntake) -> None:
    # Unchecked: they fit the eval's schema before, and the run checks them all when it is planned.
    if not run.rows.inline:
        raise RunRowsGone(f"Run '{run.id}' did not come with rows of its own; name a file instead.")
    try:
        async for chunk in context.blobs.read(run.rows.blob_id):
            await intake.blob.write(chunk)
    except BlobNotFound:
        raise RunRowsGone(f"The rows of run '{run.id}' are no longer kept.") from None
