"""Transactions in threads: where statements run, and when a transaction begins and ends."""

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from functools import partial, wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine

from evald.adapters.uninterrupted import uninterrupted

T = TypeVar("T")
P = ParamSpec("P")


class Session:
    """One transaction, whose statements run in a thread.

    The first of them takes a connection and begins the transaction, so that this costs no trip to
    the thread of its own: a trip takes longer than most statements.
    """

    def __init__(self, engine: Engine, threads: Executor, *, may_write: bool = True) -> None:
        self.may_write = may_write
        self._engine = engine
        self._threads = threads
        self._connection: Connection | None = None
        self._left: list[Callable[[], object]] = []

    @property
    def connection(self) -> Connection:
        """The connection, in a transaction. To be asked for within the thread only."""
        if self._connection is None:
            connection = self._engine.connect()
            try:
                connection.begin()
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    async def run(self, work: Callable[[], T]) -> T:
        """What the work returns or raises, done in the thread.

        It is waited for to its end, canceled or not: the connection has room for one at a time.
        """
        todo = partial(_after, self._left, work) if self._left else work
        self._left = []
        return await uninterrupted(asyncio.get_running_loop().run_in_executor(self._threads, todo))

    def leave(self, work: Callable[[], object]) -> None:
        """The work, whose result nobody waits for, is done on the next trip, the commit's at last.

        What it raises is raised there.
        """
        self._left.append(work)

    async def commit(self) -> None:
        """What was written is there, and the connection is given back."""
        if self._connection is not None or self._left:
            await self.run(self._commit)

    async def rollback(self) -> None:
        """Nothing of what was written is there, and the connection is given back."""
        self._left = []
        if self._connection is not None:
            await self.run(self.end)

    def end(self) -> None:
        """As `rollback`, at once: for a transaction that only read, which touches no disk then."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _commit(self) -> None:
        connection = self.connection
        try:
            connection.commit()
        except BaseException:
            # SQLite leaves the transaction open, and SQLAlchemy takes it for ended.
            connection.invalidate()
            raise
        self.end()


def _after(others: list[Callable[[], object]], work: Callable[[], T]) -> T:
    for other in others:
        other()
    return work()


class _Table(Protocol):
    @property
    def session(self) -> Session: ...


Of = TypeVar("Of", bound=_Table)


def in_thread(
    method: Callable[Concatenate[Of, P], T],
) -> Callable[Concatenate[Of, P], Coroutine[Any, Any, T]]:
    """The method of a table, as one to be awaited: it runs in the thread of the table's session."""

    @wraps(method)
    async def awaited(table: Of, /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await table.session.run(partial(method, table, *args, **kwargs))

    return awaited
