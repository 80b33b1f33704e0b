"""What an environment says of itself, and that one which was not finished is none."""

from pathlib import Path

import pytest

from evald.adapters.grader_packages.environment import RECORD, Contents, Environment

CONTENTS = (
    Contents("3.12.1")
    .with_package("numpy", "2.2.4")
    .without_package("rdkit", "It took too long.")
    .with_data("names")
    .without_data("punkt", "No network.")
)


def test_it_says_what_it_was_told(tmp_path: Path) -> None:
    Environment(tmp_path).record(CONTENTS)

    assert Environment(tmp_path).contents() == CONTENTS
    assert not CONTENTS.is_complete


@pytest.mark.parametrize("text", ["", "{", "[]", '{"packages": {}}'])
def test_without_a_whole_record_there_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text(text)

    assert Environment(tmp_path).contents() is None
    assert Environment(tmp_path / "nowhere").contents() is None


def test_one_that_moves_leaves_nothing_of_what_was_there(tmp_path: Path) -> None:
    new, place = Environment(tmp_path / "new"), tmp_path / "place"
    for folder in (new.folder, place):
        folder.mkdir()
    (place / "old").touch()
    new.record(CONTENTS)

    moved = new.move_to(place)

    assert moved.contents() == CONTENTS
    assert sorted(each.name for each in tmp_path.iterdir()) == ["place"]
    assert [each.name for each in place.iterdir()] == [RECORD]


def test_what_was_left_out_is_tried_again_and_what_is_there_is_kept() -> None:
    again = CONTENTS.to_complete()

    assert (again.packages, again.skipped) == ({"numpy": "2.2.4"}, {})
