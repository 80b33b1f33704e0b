from evald.domain.json_path import json_path


def test_paths_are_written_as_in_code() -> None:
    assert json_path(("a", 0, "b-c", "d e", "f")) == "a[0].b-c['d e'].f"
    assert json_path(()) == ""
