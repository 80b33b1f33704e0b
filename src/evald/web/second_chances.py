"""Second chances from a run's page: errored items again, or all that is left to do."""

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response

from evald.services.reports import RunReport
from evald.services.run_again import find_run
from evald.services.second_chances import resume_run, retry_run
from evald.web import format as eyes
from evald.web.forms import first, read_form
from evald.web.frame import session_of
from evald.web.run_address import RunAddress
from evald.web.views import Asked


@dataclass(frozen=True, slots=True)
class Offer:
    """A second chance that a run can be given: `what` the form asks for, in words."""

    what: str
    words: str


def offer_of(report: RunReport) -> Offer | None:
    """The second chance that the run can be given; None where there is nothing to do."""
    run, numbers = report.run, report.numbers
    if run.imported is not None or not run.has_ended or run.planned_rows is None:
        return None
    errored, left = numbers.rate.errored.count, numbers.pending_rows or 0
    if left and run.status in ("failed", "canceled"):
        again = f", and {eyes.counted(errored, 'errored item')} again" if errored else ""
        return Offer("resume", f"Resume: {eyes.counted(left, 'row')} left{again}")
    if errored and not left:
        return Offer("retry", f"Retry {eyes.counted(errored, 'errored item')}")
    return None


async def give_second_chance(asked: Asked) -> Response:
    """POST /evaluations/{eval_id}/retry: the run is in progress again; leads to its page."""
    fields = await read_form(asked.site, asked.request, session=session_of(asked.request))
    eval_id: str = asked.request.path_params["eval_id"]
    run_id = first(fields, "run_id")
    context, project_id = asked.site.context, asked.visitor.project_id
    await find_run(context, project_id, eval_id, run_id)
    give = resume_run if first(fields, "what") == "resume" else retry_run
    await give(context, project_id, run_id)
    return RedirectResponse(asked.site.links.run(RunAddress(eval_id, run_id)), 303)
