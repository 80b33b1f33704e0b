"""The events of a run over HTTP: how far it is, as server-sent events, until it has ended. Ours."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response

from evald.http.answers import plain_text, run_pieces
from evald.http.operation import Api, project_of
from evald.http.relayed import RelayedAnswer
from evald.ports.blobs import Blobs
from evald.services.context import Context
from evald.services.relaying import AnswerHead, Relayed
from evald.services.run_views import RunView, view_run
from evald.services.run_watch import Followed
from evald.wire.run_events import RunProgress
from evald.wire.runs import DeletedRun

HEAD = AnswerHead(
    200,
    {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",  # nginx would hold events back until it has many
    },
)


async def follow_run(api: Api, request: Request) -> Response:
    """Tells how far a run is until it has ended, and then what came of it."""
    context = api.context
    news = context.run_watch.follow(project_of(request), request.path_params["run_id"])
    return RelayedAnswer(_events(context, news, only_head=request.method == "HEAD"))


async def _events(context: Context, news: Followed, *, only_head: bool) -> Relayed:
    has_begun = False
    async with aclosing(news):
        async for each in news:
            if not has_begun:
                has_begun = True
                yield HEAD
            if only_head:
                return
            match each:
                case None:
                    yield b": no news\n\n"
                case RunProgress():
                    yield f"event: progress\ndata: {plain_text(each)}\n\n".encode()
                case DeletedRun():
                    yield f"event: end\ndata: {plain_text(each)}\n\n".encode()
                case run:
                    async for piece in _end(view_run(context, run), context.blobs):
                        yield piece


async def _end(view: RunView, blobs: Blobs) -> AsyncIterator[bytes]:
    yield b"event: end\ndata: "
    async for piece in run_pieces(view, blobs):
        # A row may have one between its values, and it would end the line.
        yield piece.replace(b"\r", b" ")
    yield b"\n\n"
