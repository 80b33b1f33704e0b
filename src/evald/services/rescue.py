"""Rescue: everything of a project on a hosted API, brought into an archive."""

import asyncio

from evald.domain.archive.account import Account, Missing, Reason, missing_list
from evald.domain.archive.facts import Facts, facts_of
from evald.domain.archive.journal import Form, Page
from evald.domain.archive.kinds import (
    TOP_KINDS,
    Kind,
    ListKey,
    item_list,
    list_path,
    message_list,
    owner_path,
    run_list,
    shown_path,
)
from evald.domain.archive.list_page import NotAnObject, read_object
from evald.ports.archive import CannotKeep
from evald.ports.hosted import Fetched, HostedRequest, Refused
from evald.services.errands import Errand, Errands, FileErrand, ListErrand
from evald.services.rescue_list import End, ListReader, Reading, read_backward
from evald.services.rescue_tools import KeyRefused, RescueTools, ServerSilent
from evald.services.setbacks import reason_of

_UNLUCKY = (Reason.SERVER_FAILED, Reason.TIMED_OUT, Reason.NOT_UNDERSTOOD, Reason.REFUSED)
"""Why a list may be stuck at one object, while others behind it could be had."""


async def rescue(tools: RescueTools, *, workers: int) -> Account:
    """Fetches all that is not in the archive yet, and says what could not be had.

    What was fetched is in the archive whatever ends it; the next call goes on from there.

    Raises:
        KeyRefused: the server does not know the key.
        ServerSilent: the server answers nothing any more.
        CannotKeep: the archive takes nothing more.
    """
    crew = _Crew(tools)
    crew.plan()
    raised: Exception | None = None
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(crew.work()) for _ in range(workers)]
            await crew.errands.all_done()
            for task in tasks:
                task.cancel()
    except* CannotKeep as several:
        raised = _first(several)
    except* KeyRefused as several:
        raised = raised or _first(several)
    except* ServerSilent as several:
        raised = raised or _first(several)
    if raised is not None:
        raise raised
    return account(tools, whole=True)


def account(tools: RescueTools, *, whole: bool) -> Account:
    """What could not be had so far.

    Args:
        tools: that the rescue was called with.
        whole: whether the rescue came to its end.
    """
    missing = sorted(tools.missing, key=lambda each: (each.path, each.reason))
    return Account(tuple(missing), frozenset(tools.not_offered), whole, tools.clock.now())


class _Crew:
    """The workers' common knowledge: what is to be done, and what follows from what was found."""

    def __init__(self, tools: RescueTools) -> None:
        self.errands = Errands()
        self._tools = tools
        self._ledger = tools.archive.ledger

    def plan(self) -> None:
        """Adds what is to be done first: the lists, and what earlier calls have left."""
        for kind in TOP_KINDS:
            self._add_list(ListKey(kind))
        for kind in TOP_KINDS:
            self._follow(ListKey(kind), tuple(self._ledger.found[kind].values()))
        for key, run in self._ledger.runs.items():
            self._follow_run(key, run, refreshes=run.is_under_way)

    async def work(self) -> None:
        """Does one errand after another, until it is canceled."""
        while True:
            errand = await self.errands.take()
            await self._do(errand)
            self.errands.done()

    async def _do(self, errand: Errand) -> None:
        match errand:
            case ListErrand(key):
                await self._read_list(key, refreshes=errand.refreshes)
                self._tools.progress.end(key)
            case FileErrand(file_id):
                await self._fetch_file(file_id)
                self._tools.progress.left -= 1

    def _add_list(self, key: ListKey, *, size: int = 0, refreshes: bool = False) -> None:
        if self.errands.add(ListErrand(key, refreshes), size=size):
            self._tools.progress.expect(key, size)

    def _add_file(self, file_id: str) -> None:
        if self._ledger.needs_file(file_id) and self.errands.add(FileErrand(file_id)):
            self._tools.progress.left += 1

    def _follow(self, key: ListKey, objects: tuple[Facts, ...]) -> None:
        """Adds what hangs on the objects of a list."""
        for facts in objects:
            if facts.id is not None:
                self._follow_one(key, facts.id, facts)

    def _follow_one(self, key: ListKey, own_id: str, facts: Facts) -> None:
        match key.kind:
            case Kind.EVALS:
                self._add_list(run_list(own_id))
            case Kind.RUNS:
                self._follow_run(item_list(key.parents[0], own_id), facts)
            case Kind.FILES:
                self._add_file(own_id)
            case Kind.CHAT_COMPLETIONS:
                if self._ledger.needs(message_list(own_id)):
                    self._add_list(message_list(own_id))
            case Kind.OUTPUT_ITEMS | Kind.CHAT_COMPLETION_MESSAGES:
                pass

    def _follow_run(self, items: ListKey, run: Facts, *, refreshes: bool = False) -> None:
        for file_id in run.files:
            self._add_file(file_id)
        if refreshes or self._ledger.needs(items):
            self._add_list(items, size=run.size or 0, refreshes=refreshes)

    async def _read_list(self, key: ListKey, *, refreshes: bool) -> None:
        if refreshes and not await self._refresh_run(key):
            return
        was_whole = not self._ledger.needs(key)
        reader = ListReader(self._tools, key, self._follow)
        reading = await reader.read()
        if reading.end is End.LOST and reading.reason in _UNLUCKY:
            met = await read_backward(self._tools, key, self._follow, until=reader.after)
            if met:
                await self._tools.archive.end_list(key, at=self._tools.clock.now())
                return
        if reading.end is End.ABSENT:
            await self._note_absence(key, reading, was_whole=was_whole)
        elif reading.end is End.LOST:
            self._lose_list(key, reading)

    async def _note_absence(self, key: ListKey, reading: Reading, *, was_whole: bool) -> None:
        """Tells a list that the server does not offer from one whose owner was deleted."""
        owner = owner_path(key)
        if owner is None or reading.status == 405:
            self._tools.not_offered.add(key.kind)
        elif not was_whole:  # what was had to its end before may well be deleted since
            outcome = await self._tools.ask(HostedRequest(owner))
            if isinstance(outcome, Fetched):
                self._tools.not_offered.add(key.kind)
            else:
                self._lose_list(key, reading)

    def _lose_list(self, key: ListKey, reading: Reading) -> None:
        missing = missing_list(key, reading.reason, status=reading.status, message=reading.message)
        self._tools.lose(missing)

    async def _refresh_run(self, items: ListKey) -> bool:
        """Whether the run is in the archive as it is now; its items are then to be read again."""
        eval_id, run_id = items.parents
        path = list_path(run_list(eval_id))
        return await self._fetch_object(run_list(eval_id), (*path, run_id), what=f"run {run_id}")

    async def _fetch_file(self, file_id: str) -> None:
        files = ListKey(Kind.FILES)
        path = ("files", file_id)
        if file_id not in self._ledger.found[Kind.FILES] and not await self._fetch_object(
            files, path, what=f"file {file_id}"
        ):
            return
        if not self._ledger.needs_content(file_id):
            return
        async with self._tools.archive.keeping_content(file_id) as writer:
            outcome = await self._tools.ask(HostedRequest((*path, "content")), writer)
            if isinstance(outcome, Fetched):
                await writer.keep(at=self._tools.clock.now())
                self._tools.progress.contents += 1
                return
        self._lose(f"content of file {file_id}", (*path, "content"), outcome)

    async def _fetch_object(self, key: ListKey, path: tuple[str, ...], *, what: str) -> bool:
        """Whether the object of this path is in the archive now, as one of this list."""
        outcome = await self._tools.ask(HostedRequest(path))
        if isinstance(outcome, Refused):
            self._lose(what, path, outcome)
            return False
        try:
            found = read_object(outcome.body)
            facts = facts_of(key.kind, found.value, whole=found.whole)
        except NotAnObject:
            facts = Facts(None)
        at = self._tools.clock.now()
        if facts.id != path[-1]:
            await self._tools.archive.keep_page(Page(key, Form.ODD, (), at), outcome.body)
            message = "the answer is not the object that was asked for"
            self._tools.lose(
                Missing(what, shown_path(path), Reason.NOT_UNDERSTOOD, message=message)
            )
            return False
        await self._tools.archive.keep_page(Page(key, Form.OBJECT, (facts,), at), outcome.body)
        return True

    def _lose(self, what: str, path: tuple[str, ...], refused: Refused) -> None:
        self._tools.lose(
            Missing(what, shown_path(path), reason_of(refused), refused.status, refused.message)
        )


def _first(several: ExceptionGroup[Exception]) -> Exception:
    first = several.exceptions[0]
    return _first(first) if isinstance(first, ExceptionGroup) else first
