"""Answers as bytes. Key orders and envelopes rest on what was observed."""

import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue
from starlette.responses import Response

from evald.domain import exact_json
from evald.http.answers import (
    list_answer,
    plain_answer,
    run_answer,
    runs_answer,
    text_after,
    text_answer,
    text_before,
)
from evald.ports.blobs import BlobWriter
from evald.ports.kept import Page, Rows
from evald.services.run_views import RunView
from evald.wire.files import File
from evald.wire.runs import ResultCounts, Run
from tests.support.examples import at_most
from tests.unit.http.asgi import ask, cut, scope_of

BRIEFLY = at_most(40)

PATH = ("data_source", "source", "content")


class KeptBlobs:
    """Blobs that are given: each the pieces it is read in."""

    def __init__(self, **pieces: list[bytes]) -> None:
        self._pieces = pieces

    async def read(
        self, blob_id: str, *, start: int = 0, size: int | None = None
    ) -> AsyncIterator[bytes]:
        for piece in self._pieces[blob_id]:
            yield piece

    def writing(self, blob_id: str) -> AbstractAsyncContextManager[BlobWriter]:
        raise NotImplementedError

    async def size(self, blob_id: str) -> int:
        return sum(map(len, self._pieces[blob_id]))

    async def delete(self, blob_id: str) -> None:
        raise NotImplementedError

    async def ids(self) -> list[str]:
        return list(self._pieces)

    async def clear(self) -> None:
        raise NotImplementedError


def a_run(run_id: str = "evalrun_1", **data_source: JsonValue) -> Run:
    source: JsonValue = {"type": "file_content", "content": []}
    return Run(
        id=run_id,
        eval_id="eval_1",
        report_url="http://localhost/x",
        status="queued",
        model="m",
        name="n",
        created_at=1,
        result_counts=ResultCounts(),
        per_model_usage=None,
        per_testing_criteria_results=None,
        data_source={"type": "jsonl", "source": source, **data_source},
        error=None,
        metadata={},
    )


def inline(run: Run, blob_id: str = "blob_1") -> RunView:
    return RunView(run, Rows(blob_id, inline=True))


async def body_of(response: Response) -> bytes:
    answer = await ask(response, scope_of())
    assert answer.headers["content-type"] == "application/json"
    return answer.body


async def test_a_text_is_answered_as_it_is() -> None:
    response = text_answer('{"ü":1.0}', status=201)

    assert response.status_code == 201
    assert await body_of(response) == '{"ü":1.0}'.encode()


async def test_a_file_is_answered_with_the_keys_that_were_observed() -> None:
    file = File(id="file-1", purpose="evals", filename="ü", bytes=1, created_at=2, expires_at=None)

    assert list(json.loads(await body_of(plain_answer(file)))) == [
        "object",
        "id",
        "purpose",
        "filename",
        "bytes",
        "created_at",
        "expires_at",
        "status",
        "status_details",
    ]


async def test_a_list_has_the_ids_of_its_ends() -> None:
    listed = await body_of(list_answer(['{"a":1}', '{"a":2}', "3"], ["x", "y", "z"], has_more=True))

    assert listed == (
        b'{"object":"list","data":[{"a":1},{"a":2},3],"first_id":"x","last_id":"z","has_more":true}'
    )


async def test_an_empty_list_has_null_for_ids() -> None:
    """Ours: OpenAI's document types them as strings."""
    listed = await body_of(list_answer([], [], has_more=False))

    assert json.loads(listed) == {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }


async def test_a_run_has_its_keys_in_the_order_observed() -> None:
    view = RunView(a_run(), Rows("blob_1", inline=False))

    answered = json.loads(await body_of(run_answer(view, KeptBlobs())))

    assert list(answered) == [
        "object",
        "id",
        "eval_id",
        "report_url",
        "status",
        "model",
        "name",
        "created_at",
        "result_counts",
        "per_model_usage",
        "per_testing_criteria_results",
        "data_source",
        "error",
        "metadata",
        "shared_with_openai",
    ]
    assert answered["data_source"]["source"]["content"] == []


ROW_TEXTS = st.lists(
    st.dictionaries(st.text(), st.integers() | st.text(), max_size=3).map(json.dumps)
)


@BRIEFLY
@given(rows=ROW_TEXTS, sizes=st.lists(st.integers(1, 9), max_size=50), ended=st.booleans())
async def test_rows_are_put_back_however_they_are_read(
    rows: list[str], sizes: list[int], ended: bool
) -> None:
    blob = "\n".join(rows).encode() + (b"\n" if ended and rows else b"")
    pieces = [piece for piece in cut(blob, sizes) if piece]

    body = await body_of(run_answer(inline(a_run()), KeptBlobs(blob_1=pieces)))

    content = json.loads(body)["data_source"]["source"]["content"]
    assert content == [json.loads(row) for row in rows]
    assert b"[" + ",".join(rows).encode() + b"]" in body


async def test_numbers_of_rows_and_parameters_stay_as_given() -> None:
    run = a_run(sampling_params=exact_json.parse('{"top_p":1.0,"seed":123456789012345678901}'))
    blobs = KeptBlobs(blob_1=[b'{"item":{"a":15.0,"b":15}}\n'])

    body = await body_of(run_answer(inline(run), blobs))

    assert b'[{"item":{"a":15.0,"b":15}}]' in body
    assert b'{"top_p":1.0,"seed":123456789012345678901}' in body


async def test_a_list_of_runs_has_the_rows_of_each() -> None:
    views = [inline(a_run(f"evalrun_{number}"), f"b{number}") for number in range(2)]
    views.append(RunView(a_run("evalrun_2"), Rows("file", inline=False)))
    blobs = KeptBlobs(b0=[b'{"item":0}\n'], b1=[])

    listed = json.loads(await body_of(runs_answer(Page(views, has_more=True), blobs)))

    assert [run["id"] for run in listed["data"]] == ["evalrun_0", "evalrun_1", "evalrun_2"]
    contents = [run["data_source"]["source"]["content"] for run in listed["data"]]
    assert contents == [[{"item": 0}], [], []]
    assert (listed["first_id"], listed["last_id"], listed["has_more"]) == (
        "evalrun_0",
        "evalrun_2",
        True,
    )


async def test_an_empty_list_of_runs_is_one() -> None:
    body = await body_of(runs_answer(Page([], has_more=False), KeptBlobs()))

    assert json.loads(body)["data"] == []


VALUES = st.recursive(
    st.none() | st.integers() | st.text() | st.sampled_from(['"content":[]', "@@", "]}}"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
AROUND = st.dictionaries(st.text() | st.sampled_from(PATH), VALUES, max_size=3)


@BRIEFLY
@given(AROUND, AROUND, AROUND)
def test_a_text_is_parted_by_structure_whatever_a_user_wrote(
    one: dict[str, JsonValue],
    two: dict[str, JsonValue],
    three: dict[str, JsonValue],
) -> None:
    inner: dict[str, JsonValue] = {"a": 1, **three, "content": []}
    value: dict[str, JsonValue] = {**one, "data_source": {"b": 2, **two, "source": inner}, "c": 3}

    before, after = text_before(value, PATH), text_after(value, PATH)

    assert before + "[]" + after == exact_json.dump(value)
    assert before.endswith('"content":')
