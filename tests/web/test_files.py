"""The pages of files. All of it is ours."""

import csv
import io
import json

import pytest

from evald.ports.kept import StoredFile
from evald.services.file_rows import FIRST_BYTES
from evald.services.keys import DEFAULT_PROJECT
from evald.wire.files import File
from evald.wire.ids import FILE_PREFIX
from tests.support.html_page import read_html, shown
from tests.support.kept_runs import NOW, eval_named, keep_eval, keep_run, run_named
from tests.web.conftest import Hands

FILE = f"{FILE_PREFIX}{3:022}"
HOSTILE = "<script>alert('HOSTILE')</script>\"=1\u202e"


async def keep(hands: Hands, content: bytes, *, name: str = "rows.jsonl", number: int = 3) -> None:
    file_id = f"{FILE_PREFIX}{number:022}"
    async with hands.context.blobs.writing(f"blob_{number}") as writer:
        await writer.write(content)
    file = File(
        id=file_id,
        purpose="evals" if number == 3 else "batch",
        filename=name,
        bytes=len(content),
        created_at=NOW,
        expires_at=None if number == 3 else NOW + 3_600,
    )
    async with hands.context.store.transaction() as tx:
        await tx.files.insert(DEFAULT_PROJECT, StoredFile(file, f"blob_{number}"))


def lines(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


async def text_at(hands: Hands, url: str) -> str:
    answer = await hands.browser.get(url)
    assert answer.status_code == 200, answer.text
    return shown(read_html(answer.text))


async def test_files_are_listed_with_what_uses_them(hands: Hands) -> None:
    await keep(hands, b"x" * 1_234)
    await keep(hands, b"", name="", number=4)
    await keep_eval(hands.context.store, eval_named("Tickets"))
    await keep_run(hands.context.store, run_named("One"))

    text = await text_at(hands, "/files")

    assert (
        f"[rows.jsonl](/files/{FILE}) | evals | 1.23 kB | 1 run | 2025-06-15 15:06 | never |"
        in text
    )
    assert "| batch | 0 B | no run | 2025-06-15 15:06 | 2025-06-15 16:06 |" in text


async def test_files_of_one_purpose_are_shown_alone(hands: Hands) -> None:
    await keep(hands, b"x")

    assert "[rows.jsonl]" in await text_at(hands, "/files?purpose=evals")
    assert "No file has the purpose vision. [All files](/files)" in await text_at(
        hands, "/files?purpose=vision"
    )


async def test_without_a_file_the_way_to_one_is_told(hands: Hands) -> None:
    assert "There is no file yet." in await text_at(hands, "/files")


async def test_a_file_has_its_rows_as_a_table_and_the_runs_over_it(hands: Hands) -> None:
    await keep(hands, lines({"item": {"a": 1, "b": "x"}}, {"item": {"b": [0.10]}}) + b"\nno row\n")
    await keep_eval(hands.context.store, eval_named("Tickets"))
    await keep_run(hands.context.store, run_named("One"))

    text = await text_at(hands, f"/files/{FILE}")

    assert "Line | a | b |" in text
    assert "1 | 1 | x |\n2 | | [0.1] |\n4 | no row |" in text
    assert "[One](/evaluations/" in text
    assert "All 3 rows" in text


async def test_rows_that_are_no_items_are_shown_by_their_own_fields(hands: Hands) -> None:
    await keep(hands, lines({"custom_id": "1", "body": {"model": "m"}}))

    assert '1 | 1 | {"model":"m"} |' in await text_at(hands, f"/files/{FILE}")


async def test_a_long_file_is_shown_by_its_beginning(hands: Hands) -> None:
    await keep(hands, lines(*[{"item": {str(n % 9): n}} for n in range(300)]))

    text = await text_at(hands, f"/files/{FILE}")

    assert "The first 20 rows; the file has more; 3 more fields not shown" in text


async def test_a_line_beyond_measure_is_cut_and_said_to_be(hands: Hands) -> None:
    await keep(hands, lines({"item": {"long": "x" * (FIRST_BYTES + 10)}}))

    answer = await hands.browser.get(f"/files/{FILE}")

    assert "this line goes on beyond what is looked at here" in answer.text
    assert len(answer.content) < 100_000


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"\x89PNG\0\0", "These bytes are no text, so none is shown."),
        (b"", "The file has no row"),
        (b"\n\n", "The file has no row"),
        (b"\xff\xfe odd", "odd"),
    ],
)
async def test_bytes_that_are_no_rows_do_no_harm(
    hands: Hands, content: bytes, sentence: str
) -> None:
    await keep(hands, content)

    assert sentence in await text_at(hands, f"/files/{FILE}")


async def test_bytes_are_kept_by_the_browser_and_never_opened(hands: Hands) -> None:
    await keep(hands, b"<script>", name=f"a/b\r\n{HOSTILE}\ud800.html")

    answer = await hands.browser.get(f"/files/{FILE}/content")

    assert answer.content == b"<script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith(
        "attachment; filename*=UTF-8''a%2Fb%0D%0A"
    )
    assert "set-cookie" not in answer.headers


async def test_hostile_rows_and_names_stay_text(hands: Hands) -> None:
    await keep(hands, lines({"item": {HOSTILE: HOSTILE}}), name=HOSTILE)

    for url in ("/files", f"/files/{FILE}"):
        page = read_html((await hands.browser.get(url)).text)
        found = [where for text, where in page.texts() if "HOSTILE" in text]
        assert found
        for where in found:
            around = where.ancestors()
            assert any(
                each.attributes.get("dir") == "auto" or each.tag == "title" for each in around
            ), shown(where)


async def test_rows_are_there_as_csv(hands: Hands) -> None:
    await keep(hands, lines({"item": {"a": "=1+1", "b": 2}}, {"item": {"b": "-"}}))

    answer = await hands.browser.get(f"/files/{FILE}.csv")

    assert list(csv.reader(io.StringIO(answer.text))) == [
        ["line", "a", "b"],
        ["1", "'=1+1", "2"],
        ["2", "", "'-"],
    ]
