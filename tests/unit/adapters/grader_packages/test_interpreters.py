"""Which Python is taken for the packages."""

from pathlib import Path

import pytest

from evald.adapters.grader_packages.interpreters import fitting


def a_program(folder: Path, words: str, code: int = 0) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\necho '{words}'\nexit {code}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("words", "code", "fits"),
    [
        ("3 11 /opt/python", 0, True),
        ("3 13 /opt/python", 0, True),
        ("3 10 /opt/python", 0, False),
        ("3 14 /opt/python", 0, False),
        ("3 12 /opt/python", 1, False),
        ("", 0, False),
    ],
)
def test_it_is_taken_by_its_version(words: str, code: int, fits: bool, tmp_path: Path) -> None:
    found = fitting(a_program(tmp_path, words, code))

    assert found == (Path("/opt/python") if fits else None)


def test_what_cannot_be_started_does_not_fit(tmp_path: Path) -> None:
    assert fitting(str(tmp_path / "nowhere")) is None
