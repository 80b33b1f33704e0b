"""File names that are safe on every file system, whatever a server calls its objects. Ours."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.archive.kinds import Kind, ListKey, item_list
from evald.domain.archive.names import content_name, is_archive_path, page_name, plain_name

HEX = re.compile(r"[0-9a-f]{32}")


@pytest.mark.parametrize("name", ["eval_6811", "file-8rn4wHqWo14MaSFZAjC1S3", "0", "a" * 80])
def test_a_usual_id_is_its_own_name(name: str) -> None:
    assert plain_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "a/b",
        "a\\b",
        "-rf",
        "a.b",
        "a b",
        "ü",
        "a\n",
        "a\x00",
        "a:b",
        "NUL",
        "com1",
        "x" * 81,
    ],
)
def test_an_id_that_some_system_takes_amiss_is_named_by_its_hash(name: str) -> None:
    assert HEX.fullmatch(plain_name(name))


@given(st.text(), st.integers(1, 10**9))
def test_every_name_is_an_archives_path(remote: str, number: int) -> None:
    try:
        remote.encode()
    except UnicodeEncodeError:
        return
    assert is_archive_path(page_name(ListKey(Kind.RUNS, (remote,)), number))
    assert is_archive_path(content_name(remote, taken=()))


def test_a_page_is_named_for_what_it_belongs_to_and_its_number() -> None:
    assert page_name(ListKey(Kind.EVALS), 7) == "raw/evals/00000007.json"
    assert page_name(item_list("eval_1", "evalrun_2"), 12) == (
        "raw/output_items/evalrun_2.00000012.json"
    )


def test_a_content_gets_a_name_that_no_other_has_in_any_case() -> None:
    assert content_name("file-A", taken=set()) == "files/file-A"
    assert content_name("file-A", taken={"files/file-a"}) == "files/file-A-2"
    assert content_name("file-A", taken={"files/file-a", "files/file-a-2"}) == "files/file-A-3"


@pytest.mark.parametrize(
    "path",
    [
        "",
        "files",
        "files/",
        "files/..",
        "files/.hidden",
        "files/a/b",
        "../files/a",
        "/files/a",
        "raw/a",
        "raw/../a",
        "raw/evals/../a",
        "raw/évals/a",
        "files/a\n",
        "manifest.json",
    ],
)
def test_what_is_no_path_of_an_archive(path: str) -> None:
    assert not is_archive_path(path)
