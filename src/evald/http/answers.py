"""Answers as bytes: objects and lists, and runs with their rows spliced in from where they lie."""

from collections.abc import AsyncIterator, Sequence

import orjson
from pydantic import JsonValue
from starlette.responses import Response, StreamingResponse

from evald.domain import exact_json
from evald.ports.blobs import Blobs
from evald.ports.kept import Page
from evald.services.run_views import RunView
from evald.wire.base import WireModel
from evald.wire.runs import Run

JSON = "application/json"
CONTENT = ("data_source", "source", "content")
"""Where the rows of a run stand."""


def text_answer(text: str, *, status: int = 200) -> Response:
    """An answer of this JSON text."""
    return Response(text.encode(), status, media_type=JSON)


def plain_answer(value: WireModel, *, status: int = 200) -> Response:
    """An answer of a wire type that carries no JSON of the user's."""
    return Response(plain_text(value), status, media_type=JSON)


def plain_text(value: WireModel) -> str:
    """The JSON text of a wire type that carries no JSON of the user's."""
    return orjson.dumps(value.model_dump()).decode()


def list_answer(texts: Sequence[str], ids: Sequence[str], *, has_more: bool) -> Response:
    """A page of a list, of the JSON texts of its objects and their ids."""
    return text_answer(_OPEN + ",".join(texts) + _close(ids, has_more=has_more))


def run_answer(view: RunView, blobs: Blobs, *, status: int = 200) -> Response:
    """A run; rows that came with the request stand in it again, and are read as they are sent."""
    return StreamingResponse(run_pieces(view, blobs), status, media_type=JSON)


def runs_answer(page: Page[RunView], blobs: Blobs) -> Response:
    """A page of runs, each as `run_answer` has it."""
    return StreamingResponse(_runs_pieces(page, blobs), media_type=JSON)


async def run_pieces(view: RunView, blobs: Blobs) -> AsyncIterator[bytes]:
    """The JSON text of a run, with its rows as they lie."""
    run = run_json(view)
    if not view.rows.inline:
        yield exact_json.dump(run).encode()
        return
    yield text_before(run, CONTENT).encode()
    async for piece in _list_of_lines(blobs.read(view.rows.blob_id)):
        yield piece
    yield text_after(run, CONTENT).encode()


_OPEN = '{"object":"list","data":['


def _close(ids: Sequence[str], *, has_more: bool) -> str:
    first, last = (ids[0], ids[-1]) if ids else (None, None)
    rest: JsonValue = {"first_id": first, "last_id": last, "has_more": has_more}
    return "]," + exact_json.dump(rest).removeprefix("{")


async def _runs_pieces(page: Page[RunView], blobs: Blobs) -> AsyncIterator[bytes]:
    yield _OPEN.encode()
    for index, view in enumerate(page.rows):
        if index:
            yield b","
        async for piece in run_pieces(view, blobs):
            yield piece
    yield _close([view.run.id for view in page.rows], has_more=page.has_more).encode()


def run_json(view: RunView) -> dict[str, JsonValue]:
    """The run as the API answers it, its rows left out. Source: observed 2025-05 (key order)."""
    if view.imported is not None:
        return view.imported
    fields: dict[str, JsonValue] = view.run.model_dump(exclude={"data_source"})
    return {
        name: view.run.data_source if name == "data_source" else fields[name]
        for name in Run.model_fields
    }


def text_before(value: JsonValue, path: tuple[str, ...]) -> str:
    """The JSON text of `value` up to where what is at `path` begins.

    With `text_after` it parts the text by structure, so that nothing a user wrote can look like
    the place.
    """
    if not path or not isinstance(value, dict):
        return ""
    members = []
    for key, inner in value.items():
        name = exact_json.dump(key)
        if key == path[0]:
            members.append(f"{name}:{text_before(inner, path[1:])}")
            break
        members.append(f"{name}:{exact_json.dump(inner)}")
    return "{" + ",".join(members)


def text_after(value: JsonValue, path: tuple[str, ...]) -> str:
    """The JSON text of `value` from where what is at `path` ends."""
    if not path or not isinstance(value, dict):
        return ""
    keys = list(value)
    later = keys[keys.index(path[0]) + 1 :]
    rest = "".join(f",{exact_json.dump(key)}:{exact_json.dump(value[key])}" for key in later)
    return f"{text_after(value[path[0]], path[1:])}{rest}}}"


async def _list_of_lines(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The JSON list of the JSON values that stand on one line each."""
    opening = b"["
    async for chunk in chunks:
        # The last line may end in a newline, after which there is nothing to part it from; so a
        # newline at the end of a chunk waits for the next.
        ended = chunk.endswith(b"\n")
        yield opening + (chunk[:-1] if ended else chunk).replace(b"\n", b",")
        opening = b"," if ended else b""
    yield b"[]" if opening == b"[" else b"]"
