"""What is special to files over HTTP: names in headers, and what an upload is known by."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.http.multipart import UploadFields
from evald.http.routes.files import content_disposition, upload_hash
from tests.support.examples import at_most

BRIEFLY = at_most(40)


@pytest.mark.parametrize(
    ("filename", "header"),
    [
        ("a.jsonl", "attachment; filename=\"a.jsonl\"; filename*=UTF-8''a.jsonl"),
        ("a b.jsonl", "attachment; filename=\"a b.jsonl\"; filename*=UTF-8''a%20b.jsonl"),
        ("ü.jsonl", "attachment; filename=\"_.jsonl\"; filename*=UTF-8''%C3%BC.jsonl"),
        ('a"b\\c%', "attachment; filename=\"a_b_c_\"; filename*=UTF-8''a%22b%5Cc%25"),
        ("a\r\nX: y", "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y"),
    ],
)
def test_a_file_is_saved_under_its_name(filename: str, header: str) -> None:
    assert content_disposition(filename) == header


@BRIEFLY
@given(st.text())
def test_no_name_writes_headers_of_its_own(filename: str) -> None:
    header = content_disposition(filename)

    found = re.fullmatch(r"attachment; filename=\"([^\"\\]*)\"; filename\*=UTF-8''(\S*)", header)
    assert found
    assert header.isascii()
    assert header.isprintable()
    assert unquote(found[2]) == filename


def test_an_upload_is_known_by_what_it_says() -> None:
    fields = UploadFields("a", "evals", None)
    others = [
        (UploadFields("b", "evals", None), "x"),
        (UploadFields("a", "batch", None), "x"),
        (UploadFields("a", "evals", 3_600), "x"),
        (fields, "y"),
    ]

    assert upload_hash(fields, "x") == upload_hash(UploadFields("a", "evals", None), "x")
    assert len({upload_hash(fields, "x"), *(upload_hash(*other) for other in others)}) == 5
