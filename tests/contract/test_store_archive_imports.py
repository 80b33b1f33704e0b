"""What every store must do with the archives that the server was given; all of it is ours."""

from evald.ports.kept import StoredImport
from evald.ports.store import Store
from tests.contract.kept import NOW, OTHER_PROJECT, PROJECT


def an_import(number: int, *, status: str = "queued") -> StoredImport:
    return StoredImport(
        id=f"import_{number}",
        project_id=PROJECT,
        created_at=NOW,
        is_dry=False,
        status=status,  # type: ignore[arg-type]
        blob_id=f"blob_{number}",
    )


DESK = "desk"


async def keep(store: Store, *imports: StoredImport) -> None:
    async with store.transaction() as tx:
        for each in imports:
            await tx.archive_imports.insert(each)


async def test_an_import_is_found_by_its_project_alone(store: Store) -> None:
    await keep(store, an_import(1))

    async with store.snapshot() as tx:
        assert await tx.archive_imports.get(PROJECT, "import_1") == an_import(1)
        assert await tx.archive_imports.get(OTHER_PROJECT, "import_1") is None
        assert await tx.archive_imports.get(PROJECT, "import_2") is None


async def test_imports_are_begun_oldest_first_until_they_have_ended(store: Store) -> None:
    await keep(store, an_import(1), an_import(2))

    begun: list[tuple[str, int]] = []
    for end in (False, True, True):
        async with store.transaction() as tx:
            found = await tx.archive_imports.begin_next(DESK, hold_s=60)
            assert found is not None
            assert found.status == "in_progress"
            begun.append((found.id, found.attempts))
            if end:
                await tx.archive_imports.end(found.id, "completed", {"notes": []})

    assert begun == [("import_1", 1), ("import_1", 2), ("import_2", 1)]
    async with store.transaction() as tx:
        assert await tx.archive_imports.begin_next(DESK, hold_s=60) is None
        ended = await tx.archive_imports.get(PROJECT, "import_2")
    assert ended is not None
    assert (ended.status, ended.report) == ("completed", {"notes": []})


async def test_an_archive_is_needed_until_its_import_has_ended(store: Store) -> None:
    await keep(store, an_import(1), an_import(2))

    async with store.transaction() as tx:
        await tx.archive_imports.begin_next(DESK, hold_s=60)
        await tx.archive_imports.end("import_1", "failed", {})
        assert await tx.work.blobs_in_use(now=NOW) == {"blob_2"}


async def test_an_import_is_one_desks_alone_while_that_holds_it(store: Store) -> None:
    await keep(store, an_import(1), an_import(2))

    async with store.transaction() as tx:
        mine = await tx.archive_imports.begin_next(DESK, hold_s=60)
        others = await tx.archive_imports.begin_next("another", hold_s=60)
        nothing = await tx.archive_imports.begin_next("a third", hold_s=60)
        still_mine = await tx.archive_imports.hold("import_1", DESK, hold_s=60)
        not_mine = await tx.archive_imports.hold("import_2", DESK, hold_s=60)

    assert mine is not None
    assert others is not None
    assert (mine.id, others.id, nothing) == ("import_1", "import_2", None)
    assert (still_mine, not_mine) == (True, False)


async def test_an_import_whose_desk_fell_silent_is_anothers(store: Store) -> None:
    await keep(store, an_import(1))

    async with store.transaction() as tx:
        await tx.archive_imports.begin_next(DESK, hold_s=-1)
        taken_over = await tx.archive_imports.begin_next("another", hold_s=60)
        lost = await tx.archive_imports.hold("import_1", DESK, hold_s=60)

    assert taken_over is not None
    assert taken_over.attempts == 2
    assert not lost
