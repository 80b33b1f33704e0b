"""A database with imported completions, from before there were logs; all of it is ours."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from evald.adapters.sql.migrate import migrate, packaged_migrations
from evald.adapters.sql.place import Place
from evald.adapters.sql.postgresql import postgresql_place, postgresql_writer, read_url
from evald.adapters.sql.sqlite import sqlite_place, sqlite_writer
from evald.adapters.sql.store import SqlStore, open_shared_store, open_store
from evald.domain.logs.filters import LogFilter, LogSpan
from evald.domain.logs.terms import metadata_terms, text_term
from tests.contract.kept import PROJECT
from tests.support.postgresql import new_database

METADATA = '{"use":"it\\"s","team":"ä"}'
BODY = '{"id":"chatcmpl-1","seed":-8480136751957625957,"metadata":' + METADATA + "}"
BEFORE = (
    "INSERT INTO chat_completions (id, project_id, created, model, metadata, document)"
    " VALUES (:id, :project, :created, 'gpt-x', :metadata, :body)"
)
MESSAGE = "INSERT INTO chat_completion_messages VALUES ('chatcmpl-1', 0, '{\"role\":\"user\"}')"


def at_version_4(writer: Engine, place: Place) -> None:
    migrate(writer, place, packaged_migrations()[:4])
    with writer.begin() as connection:
        for number in (1, 2):
            values = {
                "id": f"chatcmpl-{number}",
                "project": PROJECT,
                "created": 10 - number,
                "metadata": METADATA if number == 1 else "{}",
                "body": BODY,
            }
            connection.execute(text(BEFORE), values)
        connection.exec_driver_sql(MESSAGE)
    writer.dispose()


async def sqlite_of_old(folder: Path) -> SqlStore:
    path = folder / "evald.sqlite3"
    at_version_4(sqlite_writer(path), sqlite_place(path))
    return await open_store(path)


async def postgresql_of_old(_: Path) -> SqlStore:
    url = new_database()
    address = read_url(url)
    at_version_4(postgresql_writer(address, connections=1), postgresql_place(address))
    return await open_shared_store(url, connections=2)


@pytest.mark.parametrize(
    "opened", [sqlite_of_old, pytest.param(postgresql_of_old, marks=pytest.mark.slow)]
)
async def test_imported_completions_are_logs_and_are_found(
    opened: Callable[[Path], Awaitable[SqlStore]], tmp_path: Path
) -> None:
    wanted = [
        LogFilter(all_of=(text_term("model", "gpt-x"),)),
        LogFilter(all_of=tuple(metadata_terms({"use": 'it"s', "team": "ä"}))),
    ]

    store = await opened(tmp_path)
    async with store.snapshot() as tx:
        log = await tx.logs.find("chatcmpl-1")
        message = await tx.imports.message("chatcmpl-1", 0)
        found = [
            [
                each.id
                for each in await tx.logs.following(
                    PROJECT, "chat_completion", wanted=each_filter, span=LogSpan(9)
                )
            ]
            for each_filter in wanted
        ]
    async with store.transaction() as tx:
        trimmed = await tx.logs.delete_beyond(max_bytes=len(BODY.encode()) + 40, most=9)
    await store.close()

    assert log is not None
    assert (log.created, log.metadata, log.body) == (9, {"use": 'it"s', "team": "ä"}, BODY)
    assert (log.request, log.provider) == (None, "")
    assert message == {"role": "user"}
    assert found == [["chatcmpl-2", "chatcmpl-1"], ["chatcmpl-1"]]
    assert trimmed == 1
