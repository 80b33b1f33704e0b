"""How a run goes on, for its page: figures in words whenever they change, until it has ended."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from pydantic import JsonValue
from starlette.responses import Response, StreamingResponse

from evald.domain import exact_json
from evald.ports.kept import StoredRun
from evald.services.run_again import find_run
from evald.services.run_watch import Followed
from evald.web import format as eyes
from evald.web.figures import Rated, rated
from evald.web.views import Asked
from evald.wire.run_events import RunProgress
from evald.wire.runs import DeletedRun

HEADERS = {"X-Accel-Buffering": "no"}
"""nginx would hold events back until it has many."""

END = b"event: end\ndata: {}\n\n"


async def show_events(asked: Asked) -> Response:
    """GET /evaluations/{eval_id}/events?run_id=…: a stream of events, as a page follows it.

    Raises:
        RunNotFound: the eval has no such run.
        TooManyStreams: as many are open as there may be.
    """
    context, project_id = asked.site.context, asked.visitor.project_id
    run_id = asked.request.query_params.get("run_id", "")
    run = await find_run(context, project_id, asked.request.path_params["eval_id"], run_id)
    news = context.run_watch.follow(project_id, run_id)
    begun = await anext(news)
    events = _events(run, begun, news)
    return StreamingResponse(events, media_type="text/event-stream", headers=HEADERS)


async def _events(
    run: StoredRun, begun: RunProgress | StoredRun | DeletedRun | None, news: Followed
) -> AsyncIterator[bytes]:
    async with aclosing(news):
        yield _event(run, begun)
        async for each in news:
            yield _event(run, each)


def _event(run: StoredRun, news: RunProgress | StoredRun | DeletedRun | None) -> bytes:
    match news:
        case None:
            return b": no news\n\n"
        case RunProgress():
            return f"event: progress\ndata: {exact_json.dump(_told(run, news))}\n\n".encode()
        case _:
            return END


def _told(run: StoredRun, progress: RunProgress) -> JsonValue:
    """What stands on the page, word for word."""
    counts, planned = progress.result_counts, progress.planned_rows
    done = counts.passed + counts.failed + counts.errored
    rate = rated(counts.passed, counts.failed, errored=counts.errored)
    percents = eyes.rate(done, planned) if planned else ""
    name = run.name or run.id
    return {
        "done": done,
        "planned": planned,
        "state": _state(done, planned),
        "percents": percents,
        "pace": _pace(progress),
        "rate": eyes.percents(rate.rate),
        "rated": _rated(rate),
        "passed": eyes.number(counts.passed),
        "failed": eyes.number(counts.failed),
        "errored": eyes.number(counts.errored),
        "title": f"{percents} · {name}" if percents else name,
    }


def _rated(rate: Rated) -> str:
    if rate.low is None or rate.high is None:
        return ""
    counts = f"{eyes.number(rate.passed)} of {eyes.number(rate.graded)} with a verdict"
    return f"({counts}; 95 %: {eyes.interval(rate.low, rate.high)})"


def _state(done: int, planned: int | None) -> str:
    if planned is None:
        return "In progress: its rows are being counted."
    return f"In progress: {eyes.counted(done, 'row')} of {eyes.number(planned)} done."


def _pace(progress: RunProgress) -> str:
    if progress.rows_per_second is None:
        return ""
    pace = f"{progress.rows_per_second:,.1f} rows a second"
    if progress.seconds_left is None:
        return pace
    return f"{pace}; at that pace {eyes.duration(progress.seconds_left)} left"
