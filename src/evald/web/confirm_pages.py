"""Questions before what cannot be undone: canceling a run, deleting a run or an eval."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from evald.services.evals import delete_eval, get_eval
from evald.services.overviews import report_eval
from evald.services.run_again import find_run
from evald.services.runs import cancel_run, delete_run
from evald.web import format as eyes
from evald.web.forms import first, read_form
from evald.web.frame import session_of
from evald.web.run_address import RunAddress
from evald.web.views import Asked, View
from evald.wire.pages import ListRunsQuery


@dataclass(frozen=True, slots=True)
class Question:
    """Whether something is to be done: what comes of it, where it is done, and the way back."""

    title: str
    name: str
    id: str
    consequences: Sequence[str]
    action: str
    run_id: str
    button: str
    back: str


async def show_cancel(asked: Asked) -> View:
    """GET /evaluations/{eval_id}/cancel?run_id=…: asks whether the run is to be canceled."""
    eval_id, run_id = _named(asked, asked.request.query_params.get("run_id", ""))
    run = await find_run(asked.site.context, asked.visitor.project_id, eval_id, run_id)
    if run.has_ended:
        consequences = [f"The run has ended ({run.status}); canceling it changes nothing."]
    else:
        done = eyes.counted(run.tally.total, "row")
        consequences = [
            f"Calls under way are abandoned. What is done stays: {done}.",
            "The run can be resumed later, through the API.",
        ]
    links = asked.site.links
    question = Question(
        title="Cancel this run?",
        name=run.name or run.id,
        id=run.id,
        consequences=consequences,
        action=links.cancel(eval_id, run_id),
        run_id=run_id,
        button="Cancel the run",
        back=links.run(RunAddress(eval_id, run_id)),
    )
    return View("confirm.html", question)


async def cancel(asked: Asked) -> Response:
    """POST /evaluations/{eval_id}/cancel: the run is canceled; leads to its page."""
    fields = await read_form(asked.site, asked.request, session=session_of(asked.request))
    eval_id, run_id = _named(asked, first(fields, "run_id"))
    await cancel_run(asked.site.context, asked.visitor.project_id, eval_id, run_id)
    return RedirectResponse(asked.site.links.run(RunAddress(eval_id, run_id)), 303)


async def show_delete(asked: Asked) -> View:
    """GET /evaluations/{eval_id}/delete: asks whether the eval, or its run `run_id`, is to go."""
    eval_id, run_id = _named(asked, asked.request.query_params.get("run_id", ""))
    question = await (_of_run(asked, eval_id, run_id) if run_id else _of_eval(asked, eval_id))
    return View("confirm.html", question)


async def delete(asked: Asked) -> Response:
    """POST /evaluations/{eval_id}/delete: the run is gone, or the eval where none is named."""
    fields = await read_form(asked.site, asked.request, session=session_of(asked.request))
    eval_id, run_id = _named(asked, first(fields, "run_id"))
    context, project_id, links = asked.site.context, asked.visitor.project_id, asked.site.links
    if run_id:
        await delete_run(context, project_id, eval_id, run_id)
        return RedirectResponse(links.eval(eval_id), 303)
    await delete_eval(context, project_id, eval_id)
    return RedirectResponse(links.evals(), 303)


def _named(asked: Asked, run_id: str) -> tuple[str, str]:
    return asked.request.path_params["eval_id"], run_id


async def _of_run(asked: Asked, eval_id: str, run_id: str) -> Question:
    context, project_id, links = asked.site.context, asked.visitor.project_id, asked.site.links
    await get_eval(context, project_id, eval_id)
    run = await find_run(context, project_id, eval_id, run_id)
    consequences = [f"Its output items go with it: {eyes.number(run.tally.total)}."]
    if not run.has_ended:
        consequences.append("It is still under way, and is stopped.")
    return Question(
        title="Delete this run?",
        name=run.name or run.id,
        id=run.id,
        consequences=[*consequences, "This cannot be undone."],
        action=links.delete(eval_id),
        run_id=run_id,
        button="Delete the run",
        back=links.run(RunAddress(eval_id, run_id)),
    )


async def _of_eval(asked: Asked, eval_id: str) -> Question:
    context, links = asked.site.context, asked.site.links
    query = ListRunsQuery(limit=1)
    report = await report_eval(context, asked.visitor.project_id, eval_id, query)
    return Question(
        title="Delete this eval?",
        name=report.eval.name,
        id=eval_id,
        consequences=[
            f"Its runs go with it, and all their output items: {eyes.number(report.count)}.",
            "Uploaded files stay. This cannot be undone.",
        ],
        action=links.delete(eval_id),
        run_id="",
        button="Delete the eval",
        back=links.eval(eval_id),
    )
