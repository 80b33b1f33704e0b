"""What `evald import` says, and with which code it ends; all of it is ours."""

from pathlib import Path

import pytest

from evald.cli.main import main
from evald.domain.archive.kinds import Kind
from tests.support.archives import archive_of, lines_of, write_archive
from tests.support.fake_hosted import small_world

pytestmark = pytest.mark.slow  # a second and more in all; `make test` has a minute

Captured = pytest.CaptureFixture[str]


def test_what_came_in_is_counted_by_kind(tmp_path: Path, capsys: Captured) -> None:
    archive, data = archive_of(small_world(), tmp_path / "archive"), str(tmp_path / "data")

    dry = main(["import", str(archive), "--data-dir", data, "--dry-run"])
    planned = capsys.readouterr().out
    wet = main(["import", str(archive), "--data-dir", data])
    done = capsys.readouterr().out
    again = main(["import", str(archive), "--data-dir", data])

    assert (dry, wet, again) == (0, 0, 0)
    assert planned == done + "This is what would be done; nothing was changed.\n"
    assert "output items: 9 new, 0 already there\n" in done
    assert capsys.readouterr().out.endswith("Nothing was changed.\n")


def test_damage_is_told_and_ends_with_1(tmp_path: Path, capsys: Captured) -> None:
    lines = lines_of(small_world())
    archive = write_archive(tmp_path / "a", {**lines, Kind.FILES: [((), b"{")]}, {})

    code = main(["import", str(archive), "--data-dir", str(tmp_path / "data")])

    assert code == 1
    said = capsys.readouterr()
    assert "files: 0 new, 0 already there, 1 damaged\n" in said.out
    assert said.err.startswith("files.jsonl, line 1: it is not JSON")


def test_what_is_no_archive_ends_with_2(tmp_path: Path, capsys: Captured) -> None:
    code = main(["import", str(tmp_path / "none"), "--data-dir", str(tmp_path / "data")])

    assert code == 2
    assert "neither a folder nor a zip" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
