"""Files over the wire: upload, read, expiry, deletion."""

import re
from typing import Any

import httpx2
import openai
import pytest

from tests.wire.conftest import SMALL_FILE

MONTH_S = 2_592_000


def upload(client: openai.OpenAI, content: bytes = b"{}\n", **changes: Any) -> Any:
    fields: dict[str, Any] = {"file": ("rows.jsonl", content), "purpose": "evals", **changes}
    return client.files.create(**fields)


def test_a_file_is_answered_in_the_shape_captured(client: openai.OpenAI) -> None:
    """Observed 2025-05, the purpose `evals` too, which the document's enum of answers lacks."""
    file = upload(client, b"{}\n{}\n")

    answered = file.to_dict()
    assert re.fullmatch("file-[0-9A-Za-z]{22}", answered.pop("id"))
    assert isinstance(answered.pop("created_at"), int)
    assert answered == {
        "object": "file",
        "purpose": "evals",
        "filename": "rows.jsonl",
        "bytes": 6,
        "expires_at": None,
        "status": "processed",
        "status_details": None,
    }
    assert client.files.retrieve(file.id).to_dict() == file.to_dict()


@pytest.mark.parametrize(
    "purpose", ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
)
def test_every_purpose_of_an_upload_is_taken(client: openai.OpenAI, purpose: str) -> None:
    """Documented."""
    assert upload(client, purpose=purpose).purpose == purpose


@pytest.mark.parametrize("content", [b"", b"\xff\x00\r\n--x--", b"not json", b"\n" * 3_000_000])
def test_content_comes_back_byte_for_byte(client: openai.OpenAI, content: bytes) -> None:
    """That contents can be read is observed; that they are not looked at before a run is ours."""
    file = upload(client, content)

    read = client.files.content(file.id)

    assert read.read() == content
    assert read.response.headers["content-type"] == "application/octet-stream"
    assert read.response.headers["content-length"] == str(file.bytes) == str(len(content))


@pytest.mark.parametrize(
    ("name", "disposition"),
    [
        ("rows.jsonl", "attachment; filename=\"rows.jsonl\"; filename*=UTF-8''rows.jsonl"),
        ("ü ;.json", "attachment; filename=\"_ ;.json\"; filename*=UTF-8''%C3%BC%20%3B.json"),
    ],
)
def test_content_is_saved_under_the_name_of_the_file(
    client: openai.OpenAI, name: str, disposition: str
) -> None:
    """That there is such a header is observed; how odd names are told is ours."""
    file = upload(client, file=(name, b"{}"))

    assert file.filename == name
    headers = client.files.content(file.id).response.headers
    assert headers["content-disposition"] == disposition


def test_a_name_has_no_folders(client: openai.OpenAI) -> None:
    """Ours."""
    assert upload(client, file=("../../etc/rows.jsonl", b"{}")).filename == "rows.jsonl"


def test_deleting_a_file_twice_is_a_404_the_second_time(client: openai.OpenAI) -> None:
    """Observed 2026-04; the key of the id is `id`."""
    file = upload(client)

    deleted = client.files.delete(file.id)

    assert deleted.to_dict() == {"object": "file", "deleted": True, "id": file.id}
    for gone in (client.files.delete, client.files.retrieve, client.files.content):
        with pytest.raises(openai.NotFoundError, match=file.id):
            gone(file.id)


@pytest.mark.parametrize("seconds", [3_600, MONTH_S])
def test_a_file_expires_when_it_was_told_to(client: openai.OpenAI, seconds: int) -> None:
    """Documented, bounds included."""
    file = upload(client, expires_after={"anchor": "created_at", "seconds": seconds})

    assert file.expires_at == file.created_at + seconds


def test_a_batch_file_expires_after_thirty_days(client: openai.OpenAI) -> None:
    """Observed 2026-04."""
    file = upload(client, purpose="batch")

    assert file.expires_at == file.created_at + MONTH_S


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"purpose": "vibes"}, "purpose", "invalid_value"),
        (
            {"expires_after": {"anchor": "created_at", "seconds": 3_599}},
            "expires_after.seconds",
            "invalid_value",
        ),
        (
            {"expires_after": {"anchor": "created_at", "seconds": MONTH_S + 1}},
            "expires_after.seconds",
            "invalid_value",
        ),
        (
            {"expires_after": {"anchor": "created_at", "seconds": "soon"}},
            "expires_after.seconds",
            "invalid_type",
        ),
        (
            {"expires_after": {"anchor": "created_at"}},
            "expires_after.seconds",
            "missing_required_parameter",
        ),
        (
            {"expires_after": {"anchor": "last_active_at", "seconds": 3_600}},
            "expires_after.anchor",
            "invalid_value",
        ),
    ],
)
def test_an_upload_that_makes_no_sense_is_refused(
    client: openai.OpenAI, changes: Any, param: str, code: str
) -> None:
    """Bounds and enums are documented; the 400s are ours."""
    with pytest.raises(openai.BadRequestError) as refused:
        upload(client, **changes)

    assert (refused.value.param, refused.value.code) == (param, code)


@pytest.mark.parametrize(
    ("form", "param"),
    [({"files": {"file": b"{}"}}, "purpose"), ({"data": {"purpose": "evals"}}, "file")],
)
def test_an_upload_lacking_a_part_is_refused(
    http: httpx2.Client, form: dict[str, Any], param: str
) -> None:
    """Documented as required; the 400 is ours."""
    files = form.get("files", {"other": b"x"})

    answer = http.post("/v1/files", data=form.get("data", {}), files=files)

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


def test_fields_may_come_after_the_file_and_unknown_ones_are_ignored(http: httpx2.Client) -> None:
    """Ours."""
    parts = {
        "file": ("rows.jsonl", b"{}"),
        "colour": (None, b"red"),
        "purpose": (None, b"evals"),
    }

    answer = http.post("/v1/files", files=parts)

    assert (answer.status_code, answer.json()["purpose"]) == (200, "evals")


def test_a_file_that_is_too_large_is_a_413(keyed_client: openai.OpenAI) -> None:
    """The limit of 512 MB is documented, and a setting here; the status is ours."""
    with pytest.raises(openai.APIStatusError) as refused:
        upload(keyed_client, b"x" * (SMALL_FILE + 1), purpose="vision")

    assert refused.value.status_code == 413
    assert refused.value.param == "file"
    assert f"{SMALL_FILE:,}" in refused.value.message
    assert list(keyed_client.files.list(purpose="vision")) == []
