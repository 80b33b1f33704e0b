"""A fake of the hosted service: a world of objects, served as the hosted one serves them.

Pages, cursors and refusals rest on documents and on what clients saw (limits of 1 to 100; 408 and
504 for large pages; `has_more`; error envelopes). What a cursor that is gone gets is ours: 404, or
400 where a test says so.
"""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson
from aiohttp import web

from evald.ports.hosted import Fetched, HostedRequest, Refused, Sink, Trouble
from tests.support.hosted_bodies import (
    Body,
    Vintage,
    completion_body,
    error_body,
    eval_body,
    file_body,
    item_body,
    message_body,
    run_body,
)

ListPath = tuple[str, ...]

KEY = "sk-hosted-secret-1234567890"
EVALS: ListPath = ("evals",)
FILES: ListPath = ("files",)
COMPLETIONS: ListPath = ("chat", "completions")
LIST_NAMES = {"evals", "runs", "output_items", "files", "completions", "messages"}


@dataclass(frozen=True, slots=True)
class Thing:
    """An object as the service has it: its id, and its JSON text as it stands in every answer."""

    id: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that came: its number (from 1 on), its path below /v1, its query."""

    number: int
    path: ListPath
    query: dict[str, str]
    headers: dict[str, str]

    @property
    def limit(self) -> int:
        """How many objects were asked for."""
        return int(self.query.get("limit", "20"))


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered. `drop` closes the connection instead; `after_s` says when."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    after_s: float = 0.0


Fault = Callable[[Asked], Reply | None]
"""What goes wrong: the reply to a request, or None if nothing does."""


@dataclass(slots=True)
class World:
    """What the service has, oldest first, and how it behaves.

    `lists` are by path, so that whatever is put there is served: `lists[("evals",)]`. `deleted`
    and `forbidden` paths answer 404 and 403, `not_offered` ones (by the last name of their path)
    405. `pretty` prints over many lines, as the hosted service does.
    """

    lists: dict[ListPath, list[Thing]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    deleted: set[ListPath] = field(default_factory=set)
    forbidden: set[ListPath] = field(default_factory=set)
    not_offered: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    has_more: Literal["said", "lied", "absent"] = "said"
    gone_cursor_status: int = 404
    pretty: bool = True
    key: str = KEY
    most: int = 100
    asked: list[Asked] = field(default_factory=list)
    replies: list[tuple[Asked, Reply]] = field(default_factory=list)
    _remembered: tuple[list[Thing], dict[str, int]] = field(default_factory=lambda: ([], {}))

    def put(self, path: ListPath, body: Body) -> Thing:
        """The object, which is the newest of its list now."""
        text = _pretty(body) if self.pretty else json.dumps(body, ensure_ascii=False).encode()
        return self.put_text(path, str(body.get("id")), text)

    def put_text(self, path: ListPath, own_id: str, text: bytes) -> Thing:
        """An object of this very text, which is the newest of its list now."""
        thing = Thing(own_id, text)
        self.lists.setdefault(path, []).append(thing)
        return thing

    def remove(self, path: ListPath, own_id: str) -> None:
        """The object is deleted."""
        self.lists[path] = [thing for thing in self.lists[path] if thing.id != own_id]

    def replace(self, path: ListPath, body: Body) -> None:
        """The object of the body's id is another now, in its old place."""
        text = json.dumps(body).encode()
        self.lists[path] = [
            Thing(thing.id, text) if thing.id == body["id"] else thing for thing in self.lists[path]
        ]

    def things(self, name: str) -> list[Thing]:
        """Every object of all lists whose path ends with this name."""
        return [thing for path, list_ in self.lists.items() if path[-1] == name for thing in list_]

    def reply(self, path: ListPath, query: dict[str, str], headers: dict[str, str]) -> Reply:
        """The answer to a GET."""
        asked = Asked(len(self.asked) + 1, path, query, headers)
        self.asked.append(asked)
        faulty = (fault(asked) for fault in self.faults)
        reply = next((each for each in faulty if each is not None), None) or self._reply(asked)
        self.replies.append((asked, reply))
        return reply

    def _reply(self, asked: Asked) -> Reply:
        sent = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self.key not in (sent, asked.headers.get("api-key")):
            return refusal(401, "Incorrect API key provided: sk-****.", "invalid_api_key")
        path = asked.path
        if any(path[: len(each)] == each for each in self.deleted):
            return refusal(404, f"No such object: {path[-1]}")
        if path in self.forbidden:
            return refusal(403, "You are not allowed to see this.")
        if path[-1] in self.not_offered:
            return refusal(405, "Not allowed.")
        if path[:1] == FILES and path[-1] == "content":
            return self._content(path)
        if path[-1] in LIST_NAMES:
            return self._page(asked)
        return self._object(path)

    def _content(self, path: ListPath) -> Reply:
        content = self.contents.get(path[1])
        return (
            refusal(404, f"No such File object: {path[1]}")
            if content is None
            else Reply(body=content)
        )

    def _object(self, path: ListPath) -> Reply:
        found = [thing for thing in self.lists.get(path[:-1], []) if thing.id == path[-1]]
        return Reply(body=found[0].text) if found else refusal(404, f"No such object: {path[-1]}")

    def _page(self, asked: Asked) -> Reply:
        if not 1 <= asked.limit <= self.most:
            return refusal(400, f"Invalid 'limit': {asked.limit}")
        if asked.path[:-1] and len(asked.path) > 2 and not self._has_owner(asked.path[:-1]):
            return refusal(404, f"No such object: {asked.path[-2]}")
        things = self.lists.get(asked.path, [])
        if asked.path == FILES and "purpose" in asked.query:
            things = [each for each in things if _purpose(each) == asked.query["purpose"]]
        if asked.query.get("order", "asc") == "desc":
            things = things[::-1]
        start = 0
        if "after" in asked.query:
            place = self._places(things).get(asked.query["after"])
            if place is None:
                return refusal(self.gone_cursor_status, f"No such: {asked.query['after']}")
            start = place + 1
        chosen = things[start : start + asked.limit]
        return Reply(body=self._body(chosen, more=start + asked.limit < len(things)))

    def _places(self, things: list[Thing]) -> dict[str, int]:
        """Where each object stands; remembered for the longest list, which is asked for often."""
        if len(things) < 1_000:
            return {thing.id: place for place, thing in enumerate(things)}
        if self._remembered[0] is not things or len(self._remembered[1]) != len(things):
            self._remembered = things, {thing.id: place for place, thing in enumerate(things)}
        return self._remembered[1]

    def _has_owner(self, path: ListPath) -> bool:
        return any(thing.id == path[-1] for thing in self.lists.get(path[:-1], []))

    def _body(self, things: list[Thing], *, more: bool) -> bytes:
        says = {"said": more, "lied": more or bool(things), "absent": None}[self.has_more]
        gap = b"\n  " if self.pretty else b""
        ids = [thing.id for thing in things]
        tail: Body = {"first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None}
        if says is not None:
            tail["has_more"] = says
        ending = json.dumps(tail)[1:].encode()
        data = (b"," + gap).join(thing.text for thing in things)
        return b'{"object": "list",' + gap + b'"data": [' + data + b"]," + gap + ending


def _purpose(thing: Thing) -> object:
    return json.loads(thing.text).get("purpose")


def refusal(status: int, message: str, code: str | None = None, **headers: str) -> Reply:
    """An error in its envelope; an underscore in a header's name stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(error_body(message, code)).encode(), named)


def large_pages_fail(over: int, status: int = 504) -> Fault:
    """Pages of more objects than that take too long."""
    return lambda asked: (
        refusal(status, "upstream") if "limit" in asked.query and (asked.limit > over) else None
    )


def at_requests(numbers: set[int], reply: Reply) -> Fault:
    """The requests of these numbers get this reply."""
    return lambda asked: reply if asked.number in numbers else None


def small_world(*, vintage: Vintage = 2026, pretty: bool = True, items: int = 3) -> World:
    """Two evals with three runs, two files, two stored completions with two messages each.

    The items stand in the order of completion. One file is of purpose `evals`; the other is not,
    and only a run leads to it.
    """
    world = World(pretty=pretty)
    _put_file(world, "file-Rows1", purpose="evals", number=1)
    _put_file(world, "file-Else2", purpose="user_data", number=2)
    for number in (1, 2):
        eval_id = world.put(EVALS, eval_body(number, vintage=vintage)).id
        for nth in range(number):
            add_run(
                world,
                eval_id,
                10 * number + nth,
                vintage=vintage,
                items=items,
                file_id="file-Rows1" if nth == 0 else "file-Else2",
            )
    for number in (1, 2):
        completion = world.put(COMPLETIONS, completion_body(number))
        for index in range(2):
            world.put((*COMPLETIONS, completion.id, "messages"), message_body(completion.id, index))
    return world


def add_run(
    world: World,
    eval_id: str,
    number: int,
    *,
    items: int,
    vintage: Vintage = 2026,
    status: str = "completed",
    file_id: str | None = None,
) -> str:
    """The id of a run with so many output items, whose rows were finished in no order."""
    body = run_body(number, eval_id, vintage=vintage, status=status, passed=items, file_id=file_id)
    run = world.put((*EVALS, eval_id, "runs"), body)
    path = (*EVALS, eval_id, "runs", run.id, "output_items")
    world.lists.setdefault(path, [])
    for nth in range(items):
        row = (7 * nth + 3) % items if items % 7 else items - 1 - nth
        world.put(path, item_body(1_000_000 * number + nth, eval_id, run.id, row=row))
    return run.id


def _put_file(world: World, file_id: str, *, purpose: str, number: int) -> None:
    content = b"".join(b'{"item": {"question": "%d?"}}\r\n' % row for row in range(3 + number))
    world.contents[file_id] = content
    world.put(FILES, file_body(file_id, number=number, size=len(content), purpose=purpose))


class WorldApi:
    """The world asked without any network. Fulfils `evald.ports.hosted.HostedApi`."""

    def __init__(self, world: World, *, key: str = KEY) -> None:
        self.world = world
        self._headers = {"authorization": f"Bearer {key}"}

    async def get(self, request: HostedRequest, sink: Sink | None = None) -> Fetched | Refused:
        reply = self.world.reply(request.path, dict(request.query), self._headers)
        await asyncio.sleep(reply.after_s)
        if reply.drop:
            return Refused(Trouble.BROKEN, "the connection broke")
        if reply.status != 200:
            error = json.loads(reply.body)["error"]
            wait = reply.headers.get("retry-after")
            return Refused(
                Trouble.REFUSED,
                error["message"],
                error["code"] or "",
                reply.status,
                None if wait is None else float(wait),
            )
        if sink is None:
            return Fetched(reply.body)
        await sink.begin()
        await sink.write(reply.body)
        return Fetched(b"")


@asynccontextmanager
async def serving_world(world: World) -> AsyncIterator[str]:
    """The base URL of the world, reachable while the block lasts."""

    async def answer(request: web.Request) -> web.StreamResponse:
        segments = tuple(request.match_info["path"].split("/"))
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = world.reply(segments, dict(request.query), headers)
        await asyncio.sleep(reply.after_s)
        if reply.drop:
            assert request.transport is not None
            request.transport.abort()
        kind = "application/octet-stream" if segments[-1] == "content" else "application/json"
        return web.Response(
            status=reply.status, body=reply.body, headers=reply.headers, content_type=kind
        )

    app = web.Application()
    app.router.add_get("/v1/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        await runner.cleanup()


@contextmanager
def running_world(world: World) -> Iterator[str]:
    """The base URL of the world, served by a thread while the block lasts."""
    loop = asyncio.new_event_loop()
    ready, ending, urls = threading.Event(), asyncio.Event(), list[str]()

    async def serve() -> None:
        async with serving_world(world) as url:
            urls.append(url)
            ready.set()
            await ending.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join(10)
        loop.close()


def values(lines: list[bytes]) -> list[Any]:
    """The JSON values of lines."""
    return [json.loads(line) for line in lines]


def _pretty(body: Body) -> bytes:
    try:
        # The same text from `json` takes twenty times as long.
        return orjson.dumps(body, option=orjson.OPT_INDENT_2)
    except TypeError:  # an integer beyond 64 bits
        return json.dumps(body, ensure_ascii=False, indent=2).encode()
