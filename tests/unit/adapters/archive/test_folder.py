"""The folder that a rescue fills: whose it is, who may look into it, what it survives. Ours."""

import errno
import json
import os
import resource
import stat
from pathlib import Path

import pytest

from evald.adapters.archive.files import WholeFile, keeping
from evald.adapters.archive.folder import FolderNotOurs, open_archive
from evald.adapters.archive.journal_file import JOURNAL, ArchiveInUse, JournalFile
from evald.domain.archive.facts import Facts
from evald.domain.archive.journal import Form, Opened, Page, Source
from evald.domain.archive.kinds import Kind, ListKey
from evald.ports.archive import CannotKeep
from tests.support.fake_hosted import small_world
from tests.support.rescued import SOURCE, rescued

EVALS = ListKey(Kind.EVALS)
PAGE = Page(EVALS, Form.PAGE, (Facts("eval_1"),), 1)


async def test_the_folder_and_all_in_it_are_the_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "archive"

    await rescued(small_world(), folder)

    for path in [folder, *folder.rglob("*")]:
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


async def test_nothing_unfinished_is_left(tmp_path: Path) -> None:
    await rescued(small_world(), tmp_path)

    assert not (tmp_path / "unfinished").exists()


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("all of it")

    with pytest.raises(FolderNotOurs, match="is not empty"), open_archive(tmp_path, SOURCE, at=1):
        pass

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    "other",
    [
        Source("https://other.example/v1"),
        Source(SOURCE.base_url, organization="org-1"),
        Source(SOURCE.base_url, project="proj_1"),
    ],
)
def test_an_archive_of_another_source_is_refused(tmp_path: Path, other: Source) -> None:
    with open_archive(tmp_path, SOURCE, at=1):
        pass

    with (
        pytest.raises(FolderNotOurs, match=r"the archive of https://hosted\.example/v1, which"),
        open_archive(tmp_path, other, at=1),
    ):
        pass


@pytest.mark.parametrize(
    "journal",
    [
        b'{"format": "evald-archive", "version": 2}\n',
        b'{"format": "other", "version": 1}\n',
        b"no journal\n",
        b"[]\n",
    ],
)
def test_an_archive_of_another_version_is_refused(tmp_path: Path, journal: bytes) -> None:
    (tmp_path / JOURNAL).write_bytes(journal)

    with pytest.raises(FolderNotOurs, match="this version"), open_archive(tmp_path, SOURCE, at=1):
        pass

    assert (tmp_path / JOURNAL).read_bytes() == journal


async def test_a_journal_without_its_first_line_is_refused(tmp_path: Path) -> None:
    await rescued(small_world(), tmp_path)
    path = tmp_path / JOURNAL
    path.write_bytes(path.read_bytes().split(b"\n", 1)[1])

    with pytest.raises(FolderNotOurs, match="first line"), open_archive(tmp_path, SOURCE, at=1):
        pass


def test_a_folder_that_a_kill_left_with_an_empty_journal_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(b'{"format": "evald-ar')

    with open_archive(tmp_path, SOURCE, at=7) as archive:
        assert archive.ledger.opened == Opened(SOURCE, 7)


def test_one_process_at_a_time_fills_an_archive(tmp_path: Path) -> None:
    with (
        open_archive(tmp_path, SOURCE, at=1),
        pytest.raises(ArchiveInUse, match="Another `evald rescue`"),
        open_archive(tmp_path, SOURCE, at=1),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(CannotKeep, match="cannot be written to: Not a directory"),
        open_archive(tmp_path / "file" / "archive", SOURCE, at=1),
    ):
        pass


async def test_a_body_that_no_line_of_the_journal_names_is_swept_away(tmp_path: Path) -> None:
    """A kill between the move and the line leaves one, under the next number."""
    with open_archive(tmp_path, SOURCE, at=1) as archive:
        await archive.keep_page(PAGE, b"{}")
    (tmp_path / "raw" / "runs" / "eval_1.00000002.json").write_bytes(b"stray")
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / "7").write_bytes(b"half")

    with open_archive(tmp_path, SOURCE, at=1):
        assert [path.name for path in tmp_path.rglob("*.json")] == ["00000001.json"]
        assert list((tmp_path / "unfinished").iterdir()) == []


async def test_a_content_that_was_not_kept_leaves_nothing(tmp_path: Path) -> None:
    with open_archive(tmp_path, SOURCE, at=1) as archive:
        async with archive.keeping_content("file-1") as writer:
            await writer.begin()
            await writer.write(b"half")

        assert archive.ledger.contents == {}
        assert list((tmp_path / "unfinished").iterdir()) == []
        assert list((tmp_path / "files").iterdir()) == []


async def test_a_content_that_is_begun_again_is_the_second_one(tmp_path: Path) -> None:
    with open_archive(tmp_path, SOURCE, at=1) as archive:
        async with archive.keeping_content("file-1") as writer:
            await writer.begin()
            await writer.write(b"half of the fir")
            await writer.begin()
            await writer.write(b"second")
            size = await writer.keep(at=2)

    assert size == 6
    assert (tmp_path / "files" / "file-1").read_bytes() == b"second"


async def test_a_content_is_begun_before_it_is_written(tmp_path: Path) -> None:
    with open_archive(tmp_path, SOURCE, at=1) as archive:
        async with archive.keeping_content("file-1") as writer:
            with pytest.raises(ValueError, match="was not begun"):
                await writer.write(b"x")


async def test_contents_whose_names_differ_in_case_alone_lie_apart(tmp_path: Path) -> None:
    """Some file systems take them for one."""
    with open_archive(tmp_path, SOURCE, at=1) as archive:
        for file_id in ("file-a", "file-A"):
            async with archive.keeping_content(file_id) as writer:
                await writer.begin()
                await writer.write(file_id.encode())
                await writer.keep(at=1)
        paths = {kept.stored.path.lower() for kept in archive.ledger.contents.values()}

    assert len(paths) == 2


def test_a_line_that_the_disk_does_not_take_leaves_no_half(tmp_path: Path) -> None:
    """Another line after half a line would be lost with it."""
    journal = JournalFile(tmp_path / JOURNAL)
    journal.append(Opened(SOURCE, 1))
    size = (tmp_path / JOURNAL).stat().st_size
    limit = size + 10
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        with pytest.raises(OSError, match="large"):
            journal.append(Opened(SOURCE, 2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert (tmp_path / JOURNAL).stat().st_size == size
    journal.append(Opened(SOURCE, 3))
    assert journal.read() == [Opened(SOURCE, 1), Opened(SOURCE, 3)]
    journal.close()


async def test_a_page_that_the_disk_does_not_take_is_not_half_there(tmp_path: Path) -> None:
    with open_archive(tmp_path, SOURCE, at=1) as archive:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, before[1]))
        try:
            with pytest.raises(CannotKeep, match="cannot be written to"):
                await archive.keep_page(PAGE, b"x" * 5_000)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

        assert archive.ledger.lists == {}
        assert list((tmp_path / "unfinished").iterdir()) == []
        await archive.keep_page(PAGE, b"{}")

    assert [path.name for path in tmp_path.rglob("*.json")] == ["00000001.json"]


async def test_a_page_whose_line_the_disk_does_not_take_is_not_there(tmp_path: Path) -> None:
    with open_archive(tmp_path, SOURCE, at=1) as archive:
        size = (tmp_path / JOURNAL).stat().st_size
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, before[1]))
        try:
            with pytest.raises(CannotKeep):
                await archive.keep_page(PAGE, b"{}")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

        assert list(tmp_path.rglob("*.json")) == []
        assert (tmp_path / JOURNAL).stat().st_size == size


async def test_a_journal_that_names_a_file_elsewhere_is_not_followed(tmp_path: Path) -> None:
    """It may be anybody's, once archives are passed on."""
    secret = tmp_path / "secret"
    secret.write_bytes(b'{"data": [{"id": "eval_1"}]}')
    folder = tmp_path / "archive"
    await rescued(small_world(), folder)
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    stored = {"path": "../secret", "bytes": secret.stat().st_size, "sha256": "0" * 64}
    (folder / JOURNAL).write_bytes(
        b"".join([*lines, json.dumps(json.loads(lines[1]) | stored).encode() + b"\n"])
    )

    with open_archive(folder, SOURCE, at=1) as archive:
        paths = [
            kept.stored.path for state in archive.ledger.lists.values() for kept in state.pages
        ]

    assert "../secret" not in paths


def test_a_full_disk_is_called_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(CannotKeep, match="the disk is full"), keeping(tmp_path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    file = WholeFile(tmp_path / "half")
    file.write(b"abc")
    file.seal()

    stored = file.move(tmp_path, "whole")

    assert (stored.path, stored.bytes) == ("whole", 3)
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]
