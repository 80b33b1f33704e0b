"""Reading one list of a hosted API to its end, whatever happens on the way."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, assert_never

from evald.domain.archive.account import Reason
from evald.domain.archive.facts import Facts, facts_of, usable_id
from evald.domain.archive.journal import Form, Page
from evald.domain.archive.kinds import Kind, ListKey, list_path
from evald.domain.archive.list_page import ListPage, NotAList, PageObject, read_page
from evald.domain.archive.page_size import PageSize
from evald.ports.hosted import HostedRequest, Refused
from evald.services.rescue_tools import RescueTools
from evald.services.setbacks import Step, reason_of, step_after

Order = Literal["asc", "desc"]
Found = Callable[[ListKey, tuple[Facts, ...]], None]

ODD_TRIES = 3
ODD_WAIT_S = 1.0
"""So often, and at least so many seconds apart, is a single object asked for that comes garbled."""


class End(StrEnum):
    """How the reading of a list ended."""

    WHOLE = "whole"
    ABSENT = "absent"  # there is no such list
    LOST = "lost"  # not all of it could be had


@dataclass(frozen=True, slots=True)
class Reading:
    """What became of a list: why it is not whole, in the server's words, if it is not."""

    end: End
    reason: Reason = Reason.DELETED
    status: int | None = None
    message: str = ""


WHOLE = Reading(End.WHOLE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A page as it came: its body, and what was read in it."""

    body: bytes
    page: ListPage[Facts]

    @property
    def cursor(self) -> str | None:
        """What the next page is asked for with: the last object's id, as official clients do."""
        ids = [facts.id for facts in self.page.objects[-1:] if facts.id is not None]
        return ids[0] if ids else usable_id(self.page.last_id)

    @property
    def may_have_more(self) -> bool:
        """Whether another page is to be asked for; a page without objects is the last one."""
        return bool(self.page.objects) and self.page.has_more is not False


@dataclass(frozen=True, slots=True)
class Garbled:
    """A success that is no page of a list."""

    body: bytes
    message: str


class ListReader:
    """Reads one list, once; keeps each page as it comes, and tells what was found in it."""

    def __init__(self, tools: RescueTools, key: ListKey, found: Found) -> None:
        state = tools.archive.ledger.state_of(key)
        self._tools = tools
        self._key = key
        self._found = found
        self._after = state.start
        self._size = state.page_size
        self._passed: set[str | None] = {self._after}
        self._restarts = 0
        self._odd = 0

    async def read(self) -> Reading:
        """Reads to the end, or as far as it can be."""
        while True:
            answer = await ask_page(
                self._tools, self._key, after=self._after, limit=self._size.limit
            )
            match answer:
                case Answer():
                    reading = await self._take(answer)
                case Refused():
                    reading = self._step_back(answer)
                case Garbled():
                    reading = await self._look_again(answer)
                case _:
                    assert_never(answer)
            if reading is not None:
                return reading

    @property
    def after(self) -> str | None:
        """The last object that was had before the list could be read no further."""
        return self._after

    async def _take(self, answer: Answer) -> Reading | None:
        objects, cursor, more = answer.page.objects, answer.cursor, answer.may_have_more
        goes_back = more and cursor in self._passed
        if not objects or (goes_back and answer.page.has_more is None):
            # A list that never says whether there is more ends by coming round.
            await self._end(answer)
            return WHOLE
        await self._keep(answer, more=more)
        if not more:
            return WHOLE
        if cursor is None:
            message = "the last object of a page has no id to go on with"
            return Reading(End.LOST, Reason.NOT_UNDERSTOOD, message=message)
        if goes_back:
            return Reading(End.LOST, Reason.CIRCULAR, message=f"'{cursor}' leads back to itself")
        self._after = cursor
        self._passed.add(cursor)
        self._size = self._size.after_page()
        self._odd = 0
        return None

    async def _keep(self, answer: Answer, *, more: bool) -> None:
        page = Page(
            self._key,
            Form.PAGE,
            tuple(answer.page.objects),
            self._tools.clock.now(),
            after=self._after,
            limit=self._size.limit,
            next=answer.cursor,
            more=more,
        )
        await keep(self._tools, page, answer.body, self._found)

    async def _end(self, answer: Answer) -> None:
        state = self._tools.archive.ledger.state_of(self._key)
        if not state.pages:
            await self._keep(answer, more=False)
        elif not state.ended:
            await self._tools.archive.end_list(self._key, at=self._tools.clock.now())

    def _step_back(self, refused: Refused) -> Reading | None:
        step = step_after(
            refused, after=self._after, limit=self._size.limit, restarts=self._restarts
        )
        match step:
            case Step.SHRINK:
                self._size = self._size.halved()
                return None
            case Step.RESTART:
                self._restarts += 1
                self._after, self._passed = None, {None}
                return None
            case Step.ABSENT:
                return Reading(End.ABSENT, Reason.DELETED, refused.status, refused.message)
            case Step.LOSE:
                gone = self._after is not None and refused.status in (400, 404, 410, 422)
                reason = Reason.CURSOR_GONE if gone else reason_of(refused)
                return Reading(End.LOST, reason, refused.status, refused.message)

    async def _look_again(self, garbled: Garbled) -> Reading | None:
        if self._size.limit > 1:
            self._size = self._size.halved()
            return None
        self._odd += 1
        if self._odd < ODD_TRIES:
            await self._tools.clock.sleep(ODD_WAIT_S)
            return None
        page = Page(self._key, Form.ODD, (), self._tools.clock.now(), after=self._after, limit=1)
        await self._tools.archive.keep_page(page, garbled.body)
        return Reading(End.LOST, Reason.NOT_UNDERSTOOD, message=garbled.message)


async def read_backward(
    tools: RescueTools, key: ListKey, found: Found, *, until: str | None
) -> bool:
    """Reads a list from its other end, and whether it met what was read from the first one.

    For a list with an object that the server cannot give: the others behind it must not be lost
    with it. Stops at the first refusal, which is the same object, seen from behind.

    Args:
        tools: the world.
        key: the list.
        found: told of each page.
        until: the last object that was had from the first end.
    """
    after, size = None, PageSize()
    passed: set[str | None] = {None}
    while True:
        answer = await ask_page(tools, key, after=after, limit=size.limit, order="desc")
        if not isinstance(answer, Answer):
            if size.limit == 1:
                return False
            size = size.halved()
            continue
        objects, cursor = answer.page.objects, answer.cursor
        if _is_ascending(objects) or cursor in passed:
            return False  # the server knows one order only
        page = Page(key, Form.BACKWARD, tuple(objects), tools.clock.now(), after, size.limit)
        await keep(tools, page, answer.body, found)
        if not answer.may_have_more or any(until == facts.id for facts in objects):
            return True
        after = cursor
        passed.add(cursor)
        size = size.after_page()


async def ask_page(
    tools: RescueTools, key: ListKey, *, after: str | None, limit: int, order: Order = "asc"
) -> Answer | Refused | Garbled:
    """A page of the list, or what came instead."""
    query = [("limit", str(limit)), ("order", order)]
    if key.kind is Kind.FILES:
        query.append(("purpose", "evals"))
    if after is not None:
        query.append(("after", after))
    request = HostedRequest(list_path(key), tuple(query), may_shrink=limit > 1)
    outcome = await tools.ask(request)
    if isinstance(outcome, Refused):
        return outcome

    def take(found: PageObject) -> Facts:
        return facts_of(key.kind, found.value, whole=found.whole)

    try:
        return Answer(outcome.body, read_page(outcome.body, take))
    except NotAList as problem:
        return Garbled(outcome.body, str(problem))


async def keep(tools: RescueTools, page: Page, body: bytes, found: Found) -> None:
    """The page is in the archive, and whoever asked knows what was found in it."""
    await tools.archive.keep_page(page, body)
    tools.progress.keep(page.key, len(page.objects))
    found(page.key, page.objects)


def _is_ascending(objects: list[Facts]) -> bool:
    ages = [facts.created for facts in objects if facts.created is not None]
    return len(ages) > 1 and ages[0] < ages[-1]
