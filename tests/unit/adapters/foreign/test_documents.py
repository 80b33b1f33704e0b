"""The API's objects found in JSON of other tools' make. What is found where is ours.

That the objects say what they are in `object` is documented.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evald.adapters.foreign import json_text
from evald.adapters.foreign.documents import (
    MAX_DEPTH,
    SMALL,
    Documents,
    Flaw,
    Found,
    PageEnd,
    RowsPassed,
    Sight,
    Unknown,
)
from evald.domain.archive.kinds import Kind
from tests.support.examples import at_most

MOST = 4 * SMALL
EVAL = {"object": "eval", "id": "eval_1", "created_at": 7}
RUN = {"object": "eval.run", "id": "evalrun_1", "eval_id": "eval_1"}
ITEM = {"object": "eval.run.output_item", "id": "outputitem_1", "run_id": "evalrun_1"}
FILE = {"object": "file", "id": "file-1"}
COMPLETION = {"object": "chat.completion", "id": "chatcmpl-1", "created": 8}
MESSAGE = {"id": "chatcmpl-1-0", "role": "user", "content": "Hi"}


def sights(text: bytes | str | Any, *, name: str = "a.json", size: int = 2**20) -> list[Sight]:
    """What is found in the file, whose bytes come in pieces of this size."""
    if not isinstance(text, str | bytes):
        text = json.dumps(text)
    whole = text.encode() if isinstance(text, str) else text
    pieces = (whole[start : start + size] for start in range(0, len(whole), size))
    return list(Documents(name, pieces, most=MOST).sights())


def found(text: bytes | str | Any, **options: Any) -> list[tuple[str, str]]:
    """The ids of what is found, and the way to each."""
    objects = [each for each in sights(text, **options) if isinstance(each, Found)]
    return [(str(each.id), each.spot.path) for each in objects]


def bodies(text: Any, **options: Any) -> list[Any]:
    return [json.loads(each.text) for each in sights(text, **options) if isinstance(each, Found)]


def page(*data: Any, **more: Any) -> dict[str, Any]:
    return {"object": "list", "data": list(data), **more}


LAYOUTS = [
    pytest.param(EVAL, [("eval_1", "")], id="alone"),
    pytest.param([EVAL, RUN], [("eval_1", "[0]"), ("evalrun_1", "[1]")], id="a list"),
    pytest.param(page(EVAL), [("eval_1", ".data[0]")], id="a page"),
    pytest.param([page(EVAL), page()], [("eval_1", "[0].data[0]")], id="pages"),
    pytest.param({"data": [EVAL]}, [("eval_1", ".data[0]")], id="a page without its object"),
    pytest.param({"eval_1": EVAL}, [("eval_1", ".eval_1")], id="by id"),
    pytest.param(
        {"eval": EVAL, "rows": [EVAL], "runs": [{"run": RUN, "output_items": [ITEM]}]},
        [
            ("eval_1", ".eval"),
            ("evalrun_1", ".runs[0].run"),
            ("outputitem_1", ".runs[0].output_items[0]"),
        ],
        id="an eval with its runs with their items",
    ),
    pytest.param(
        {**EVAL, "runs": [{**RUN, "output_items": page(ITEM)}]},
        [
            ("eval_1", ""),
            ("evalrun_1", ".runs[0]"),
            ("outputitem_1", ".runs[0].output_items[0]"),
        ],
        id="what belongs to an object in that itself",
    ),
    pytest.param(
        {"files": [FILE], "completions": {"x": [{**COMPLETION, "messages": [MESSAGE]}]}},
        [
            ("file-1", ".files[0]"),
            ("chatcmpl-1", ".completions.x[0]"),
            ("chatcmpl-1-0", ".completions.x[0].messages[0]"),
        ],
        id="files and completions",
    ),
    pytest.param({"a b\n": {"é": EVAL}}, [("eval_1", ".….…")], id="odd names"),
    pytest.param({"object": "export", "id": "x", "all": [EVAL]}, [("eval_1", ".all[0]")], id="own"),
]


@pytest.mark.parametrize(("document", "expected"), LAYOUTS)
@pytest.mark.parametrize("indent", [None, 2])
def test_objects_are_found_wherever_they_stand(
    document: Any, expected: list[tuple[str, str]], indent: int | None
) -> None:
    assert found(json.dumps(document, indent=indent)) == expected


@pytest.mark.parametrize(("document", "expected"), LAYOUTS)
def test_documents_too_long_to_be_held_are_read_all_the_same(
    document: Any, expected: list[tuple[str, str]]
) -> None:
    """The last says an id before what is nested in it, and may be held as a whole."""
    filler = ["x" * 1000] * (SMALL // 1000 + 1)
    whole = {"filler": filler, "inside": document, "after": 1}

    places = [(own_id, f".inside{path}") for own_id, path in expected]

    assert found(whole) == places


@at_most(40)
@given(st.integers(1, 40), st.sampled_from([None, 1]))
def test_it_makes_no_difference_in_what_pieces_the_bytes_come(size: int, indent: int) -> None:
    rows = [{"object": "é\ud83d\ude00\\", "role": 1.5e3, "x": [[], {}, None, True, -0]}]
    document = {"eval": EVAL, "x": rows, "runs": [{"run": RUN, "output_items": [ITEM, ITEM]}]}
    text = json.dumps(document, indent=indent) + "\n" + json.dumps(page(FILE, has_more=True))

    assert sights(text, size=size) == sights(text)


@at_most(100)
@given(st.binary(max_size=60) | st.text('{}[]",:\\ \n1e-trufalsn', max_size=60).map(str.encode))
@example(b'{"object":"eval","id":"e","runs":[null,{"object":"eval.run"}]}')
@example(b'{"data":[{"id":"chatcmpl-1-1","role":"x"}],"has_more":true}')
def test_no_bytes_make_it_fail(text: bytes) -> None:
    for name in ("a.json", "a.jsonl"):
        for each in sights(text, name=name, size=7):
            assert isinstance(each, Found | PageEnd | Unknown | RowsPassed | Flaw)


def test_bodies_keep_the_spelling_of_numbers() -> None:
    text = '{"object": "eval", "id": "eval_1", "a": 1.50, "b": 1e2, "c": 1' + "0" * 30 + "}"
    nested = '{"object":"eval","id":"eval_1","a":1.50,"b":1e2,"runs":[{"object":"eval.run"}]}'

    (alone,) = sights(text)
    above, _ = sights(nested)

    assert isinstance(alone, Found)
    assert alone.text == text
    assert isinstance(above, Found)
    assert above.text == '{"object":"eval","id":"eval_1","a":1.50,"b":1e2}'


def test_what_does_not_say_its_parents_has_them_from_around_it() -> None:
    run = {"object": "eval.run", "id": "evalrun_1"}
    item = {"object": "eval.run.output_item", "id": "outputitem_1"}

    nested = bodies({"eval": EVAL, "runs": [{"run": run, "output_items": [item]}]})
    inside = bodies({**EVAL, "runs": [{**run, "output_items": [item]}]})
    named = bodies({"run_id": "evalrun_1", "eval_id": "eval_1", "items": [item]})
    keyed = bodies({"eval_1": {"evalrun_1": [item]}})
    placed = bodies([item], name="eval_1/items-of-evalrun_1.json")

    owned = {**item, "eval_id": "eval_1", "run_id": "evalrun_1"}
    assert nested == inside == [EVAL, {**run, "eval_id": "eval_1"}, owned]
    assert named == keyed == placed == [owned]


def test_what_says_its_parents_is_believed() -> None:
    other = {**ITEM, "eval_id": "eval_2", "run_id": "evalrun_2"}

    assert bodies({"eval": EVAL, "run": RUN, "items": [other]})[2] == other


def test_parents_and_times_are_told() -> None:
    texts = [EVAL, {**RUN, "eval_id": "eval_9"}, ITEM, COMPLETION, MESSAGE]

    told = [(each.parents, each.made_at) for each in sights(texts) if isinstance(each, Found)]

    assert told == [
        ((), 7),
        (("eval_9",), 0),
        (("", "evalrun_1"), 0),
        ((), 8),
        (("chatcmpl-1",), 0),
    ]


@pytest.mark.parametrize(
    "body",
    [
        {**ITEM, "datasource_item": EVAL, "sample": {"x": [COMPLETION, MESSAGE]}},
        {**RUN, "data_source": {"source": {"content": [{"item": {"eval": EVAL, "runs": [RUN]}}]}}},
        {**EVAL, "metadata": {"x": FILE}, "data_source_config": {"schema": {"default": RUN}}},
    ],
)
def test_what_users_put_into_objects_is_theirs(body: Any) -> None:
    assert bodies(page(body)) == [body]


def test_rows_are_passed_over_and_told() -> None:
    assert sights({"rows": [EVAL, COMPLETION, [EVAL]], "x": {"rows": EVAL}}) == [
        RowsPassed(),
        RowsPassed(),
    ]


def test_what_is_not_brought_is_told_by_its_name() -> None:
    deleted = {"object": "eval.deleted", "id": "eval_1", "deleted": True}

    assert sights(page(deleted, {"x": 1})) == [Unknown("eval.deleted")]


def test_the_end_of_a_page_is_told() -> None:
    first, end = sights(page(EVAL, first_id="eval_1", has_more=True))

    assert end == PageEnd(first, has_more=True)  # type: ignore[arg-type]
    assert len(sights(page(EVAL))) == 1
    assert sights(page(has_more=True)) == []


def test_objects_longer_than_the_window_are_found_by_their_beginning() -> None:
    rows = [{"item": {"text": "x" * 1000}}] * (2 * SMALL // 1000)
    run = {**RUN, "data_source": {"source": {"content": rows}}}
    backwards = dict(reversed(run.items()))

    assert bodies(page(run)) == [run]
    (flaw,) = sights(page(backwards))
    assert isinstance(flaw, Flaw)
    assert "no id before the first list in it" in flaw.reason
    assert flaw.place == "a.json, line 1, at .data[0]"


def test_an_object_that_is_too_long_is_told_and_the_others_are_read() -> None:
    long = {**RUN, "x": ["x" * 1000] * (2 * MOST // 1000)}

    flaw, last = sights(page(long, EVAL))

    assert flaw == Flaw("a.json, line 1, at .data[0]", "is longer than an object may be")
    assert isinstance(last, Found)
    assert last.id == "eval_1"


def test_a_line_that_is_no_json_is_told_and_the_others_are_read() -> None:
    lines = [json.dumps(EVAL), '{"object": "eval", "id', "", '{"a": 1,', json.dumps(RUN), "{"]

    seen = sights("\n".join(lines), name="all.jsonl")

    assert [each.place if isinstance(each, Flaw) else str(each.spot) for each in seen] == [  # type: ignore[union-attr]
        "all.jsonl, line 1",
        "all.jsonl, line 2",
        "all.jsonl, line 4",
        "all.jsonl, line 5",
        "all.jsonl, line 6",
    ]


def test_of_a_document_that_was_cut_the_beginning_is_read() -> None:
    text = json.dumps([EVAL, RUN, ITEM], indent=1)

    *seen, flaw = sights(text[:-20])

    assert [each.id for each in seen if isinstance(each, Found)] == ["eval_1", "evalrun_1"]
    assert flaw == Flaw("a.json, line 1", "is not JSON: Unterminated string starting at")


def test_what_python_writes_for_no_number_spoils_one_object_only() -> None:
    text = json.dumps([EVAL | {"x": float("nan")}, EVAL | {"y": float("inf")}, RUN])

    assert [own_id for own_id, _ in found(text)] == ["eval_1", "eval_1", "evalrun_1"]
    assert [own_id for own_id, _ in found(f'{{"eval":{text[1:40]}')] == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_texts_of_other_systems_are_read(encoding: str) -> None:
    """A console of Windows redirects into UTF-16 with a byte order mark. Observed."""
    text = json.dumps({**EVAL, "name": "Größe"}, ensure_ascii=False)

    (seen,) = sights(text.encode(encoding), size=5)

    assert isinstance(seen, Found)
    assert seen.text == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff\xfa{", "is no text"),
        (b"[" * (MAX_DEPTH + 2), "nested too deep"),
        (b'{"a":' * 100_000, "nested too deep"),
        (b'{"object":"eval","id":"e","x":' + b"[" * 100_000, "nested too deep"),
        (b'{"a" 1}', "is not JSON"),
        (b"[1 2]", "lacks a ','"),
        (b"[1,", "ends too early"),
        (b"[{}", "ends too early"),
        (b'["' + b"x" * (2 * MOST) + b'"]', "too long"),
    ],
)
def test_what_cannot_be_read_is_told(text: bytes, reason: str) -> None:
    *_, flaw = sights(text)

    assert isinstance(flaw, Flaw)
    assert reason in flaw.reason


def test_what_stands_among_children_and_is_none_is_told() -> None:
    _, _, flaw = sights({**EVAL, "runs": [RUN, {"x": 1}]})

    assert flaw == Flaw("a.json, line 1, at .runs[1]", "is none of the API's objects")


def test_a_failing_source_of_bytes_is_told() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"[" + json.dumps(EVAL).encode() + b",\n"
        raise json_text.TextMalformed("cannot be read: no")

    seen = list(Documents("a.jsonl", pieces(), most=MOST).sights())

    assert [type(each) for each in seen] == [Found, Flaw]


def test_kinds_are_told_apart() -> None:
    kinds = [each.kind for each in sights([EVAL, RUN, ITEM, FILE, COMPLETION, MESSAGE])]  # type: ignore[union-attr]

    assert kinds == [
        Kind.EVALS,
        Kind.RUNS,
        Kind.OUTPUT_ITEMS,
        Kind.FILES,
        Kind.CHAT_COMPLETIONS,
        Kind.CHAT_COMPLETION_MESSAGES,
    ]
