"""POST …/runs as a stream: what comes out is what the whole body says, however it is cut."""

import codecs
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain import exact_json
from evald.domain.errors import (
    BodyTooLarge,
    InvalidRow,
    InvalidType,
    InvalidValue,
    MalformedJson,
    RequestError,
)
from evald.http.parsing import MAX_OBJECT_BYTES
from evald.http.run_body import BATCH_CHARACTERS, read_run_body
from evald.services.row_intake import InlineRow
from tests.support.examples import at_most
from tests.unit.http.asgi import cut, stream

BRIEFLY = at_most(40)

BODY = '{"name":"n","data_source":{"type":"jsonl","source":{"type":"file_content","content":%s}}}'


async def read(
    chunks: list[bytes], *, max_row_bytes: int = 1_000_000
) -> tuple[dict[str, Any], list[InlineRow]]:
    rows: list[InlineRow] = []

    async def add(more: list[InlineRow]) -> None:
        assert more
        rows.extend(more)

    body = await read_run_body(stream(chunks), add=add, max_row_bytes=max_row_bytes)
    return body, rows


async def refusal(body: str | bytes, *, max_row_bytes: int = 1_000_000) -> RequestError:
    raw = body.encode() if isinstance(body, str) else body
    with pytest.raises(RequestError) as refused:
        await read([raw], max_row_bytes=max_row_bytes)
    with pytest.raises(type(refused.value)) as bytewise:
        await read([raw[at : at + 1] for at in range(len(raw))], max_row_bytes=max_row_bytes)
    assert str(bytewise.value) == str(refused.value)
    return refused.value


# JSON of every kind, with strings that look like the structure around them.
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**64, max_value=2**80)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["content", '"content":[', "]}}}", "\\", '\\"', "😀", "\n\r", "\u2028"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.lists(st.dictionaries(st.text() | st.just("item"), VALUES, max_size=3), max_size=6)
KEYS = st.text().filter(lambda key: key not in {"data_source", "source", "content"})


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    """A body with rows, and other members before and after each step of the way to them."""

    def around(key: str, value: Any) -> dict[str, Any]:
        before = draw(st.dictionaries(KEYS, VALUES, max_size=2))
        after = draw(st.dictionaries(KEYS, VALUES, max_size=2))
        return {**before, key: value, **{k: v for k, v in after.items() if k not in before}}

    content = draw(ROWS | SCALARS)
    source = draw(st.just(around("content", content)) | SCALARS)
    return around("data_source", around("source", source))


@st.composite
def texts(draw: st.DrawFn, body: dict[str, Any]) -> bytes:
    """The body as JSON, in one of the ways that it may be written."""
    text = json.dumps(
        body,
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, None, 1, "\t"])),
        separators=draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\r\n", "\t:\n")])),
    )
    raw = text.encode("utf-8", "surrogatepass")
    return draw(st.sampled_from([b"", codecs.BOM_UTF8])) + raw


@BRIEFLY
@given(st.data())
async def test_skeleton_and_rows_are_what_the_whole_body_says_however_it_is_cut(
    data: st.DataObject,
) -> None:
    body = data.draw(bodies())
    raw = data.draw(texts(body))
    chunks = cut(raw, data.draw(st.lists(st.integers(1, 30), max_size=60)))

    skeleton, rows = await read(chunks)

    source = body["data_source"]["source"]
    if isinstance(source, dict) and isinstance(source["content"], list):
        assert [row.value for row in rows] == source["content"]
        assert [exact_json.parse(row.text) for row in rows] == source["content"]
        assert not any("\n" in row.text or "\r" in row.text for row in rows)
        source["content"] = []
    assert skeleton == body
    assert json.dumps(skeleton) == json.dumps(body)  # the order of keys, too


@BRIEFLY
@given(st.data())
async def test_of_a_body_that_is_cut_short_nothing_is_taken_for_the_whole(
    data: st.DataObject,
) -> None:
    raw = json.dumps(data.draw(bodies()), ensure_ascii=False).encode("utf-8", "surrogatepass")
    short = raw[: data.draw(st.integers(1, len(raw) - 1))]

    with pytest.raises(MalformedJson):
        await read(cut(short, data.draw(st.lists(st.integers(1, 40), max_size=20))))


async def test_the_text_of_a_row_is_as_it_was_sent() -> None:
    row = '{"item": {"a":15.0, "b": 15, "c":1E2,"d":123456789012345678901234567890,"e":"\\u00e9"}}'

    _, rows = await read([(BODY % f"[ {row} ]").encode()])

    assert rows[0].text == row


async def test_line_breaks_between_tokens_become_spaces() -> None:
    _, rows = await read([(BODY % '[{"item":\r\n{\n"a":"\\n"}}]').encode()])

    assert rows[0].text == '{"item":  { "a":"\\n"}}'


async def test_many_rows_come_in_batches_and_in_order() -> None:
    batches: list[int] = []
    numbers: list[int] = []

    async def add(rows: list[InlineRow]) -> None:
        batches.append(sum(len(row.text) for row in rows))
        numbers.extend(json.loads(row.text)["item"] for row in rows)

    lines = [f'{{"item":{number},"x":"{"y" * 500}"}}' for number in range(2_000)]
    raw = (BODY % f"[{','.join(lines)}]").encode()
    await read_run_body(stream([raw]), add=add, max_row_bytes=1_000)

    assert numbers == list(range(2_000))
    assert len(batches) > 5
    assert max(batches) < 2 * BATCH_CHARACTERS


@pytest.mark.parametrize(
    "content", ["5", '"x"', "null", "{}", '{"content":[{"item":1}]}', "true", "-1.5e3"]
)
async def test_a_content_that_is_no_list_stays_where_it_is(content: str) -> None:
    skeleton, rows = await read([(BODY % content).encode()])

    assert skeleton == json.loads(BODY % content)
    assert rows == []


@pytest.mark.parametrize(
    "body",
    [
        "{}",
        '{"data_source":5}',
        '{"data_source":[{"source":{"content":[1]}}]}',
        '{"data_source":{"source":"x"}}',
        '{"source":{"content":[1]},"content":[2]}',
        '{"data_source":{"content":[1]}}',
        '{"data_source":{"source":{}},"x":{"data_source":{"source":{"content":[1]}}}}',
    ],
)
async def test_a_body_without_rows_in_their_place_is_kept_whole(body: str) -> None:
    assert await read([body.encode()]) == (json.loads(body), [])


async def test_no_body_is_an_empty_object() -> None:
    assert await read([b"", b" \n"]) == ({}, [])


async def test_of_a_key_that_stands_twice_the_last_counts() -> None:
    body = '{"name":"a","data_source":5,"name":"b","data_source":{"source":{"content":[{"i":1}]}}}'

    skeleton, rows = await read([body.encode()])

    assert skeleton == {"name": "b", "data_source": {"source": {"content": []}}}
    assert [row.value for row in rows] == [{"i": 1}]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ('{"data_source":{"source":{"content":[],"content":5}}}', "data_source.source.content"),
        ('{"data_source":{"source":{"content":[]},"source":5}}', "data_source.source"),
        ('{"data_source":{"source":{"content":[]}},"data_source":{}}', "data_source"),
    ],
)
async def test_what_would_replace_rows_that_went_on_is_refused(body: str, param: str) -> None:
    refused = await refusal(body)

    assert isinstance(refused, InvalidValue)
    assert refused.param == param


@pytest.mark.parametrize("row", ["5", '"x"', "[1]", "null", "-1", "true"])
async def test_a_row_that_is_no_object_is_refused_by_its_number(row: str) -> None:
    refused = await refusal(BODY % f'[{{"item":1}}, {{"item":2}},{row}]')

    assert isinstance(refused, InvalidRow)
    assert refused.param == "data_source.source.content[2]"
    assert refused.message == "'data_source.source.content[2]' must be an object."


@pytest.mark.parametrize("size", [101, 5_000])
@pytest.mark.parametrize("letter", ["x", "ü", "😀"])
async def test_a_row_of_too_many_bytes_is_refused_by_its_number(size: int, letter: str) -> None:
    filler = letter * ((size - 8) // len(letter.encode()))
    row = f'{{"i":"{filler}{"." * (size - 8 - len(filler.encode()))}"}}'
    assert len(row.encode()) == size

    refused = await refusal(BODY % f'[{{"item":1}},{row}]', max_row_bytes=100)

    assert isinstance(refused, BodyTooLarge)
    assert refused.param == "data_source.source.content[1]"
    await read([(BODY % f"[{row}]").encode()], max_row_bytes=size)


@pytest.mark.parametrize("key", ["name", "x" * 20])
async def test_what_is_not_rows_is_bounded_too(key: str) -> None:
    raw = f'{{"{key}":"{"x" * (MAX_OBJECT_BYTES - 4)}"}}'.encode()

    with pytest.raises(BodyTooLarge):
        await read([raw, b" "])


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "}",
        "{]",
        '{"a"}',
        '{"a":}',
        '{"a":1,}',
        '{"a":1}}',
        '{"a":1} x',
        '{"a":1 "b":2}',
        "{a:1}",
        "{1:1}",
        '{"a":tru}',
        '{"a":truex}',
        '{"a":01}',
        '{"a":1.}',
        '{"a":1e+}',
        '{"a":-}',
        '{"a":NaN}',
        '{"a":-Infinity}',
        '{"a":"\\x"}',
        '{"a":"\\u12g4"}',
        '{"a":"\n"}',
        "hello",
        BODY % '[{"item":1}',
        BODY % '[{"item":1},]',
        BODY % '[{"item":1} {"item":2}]',
        BODY % '[{"item":NaN}]',
        BODY % '[{"item":"a\nb"}]',
        BODY % '[{"item":1}}]',
        BODY % "[,]",
        BODY % '[{"item":' + "[" * 300 + "]" * 300 + "}]",
        BODY % ("[" * 300 + "]" * 300),
        BODY % '[{"item":' + "[" * 60_000 + "]" * 60_000 + "}]",
    ],
)
async def test_what_is_not_json_or_nested_too_deep_is_refused(body: str) -> None:
    assert isinstance(await refusal(body), MalformedJson)


async def test_the_place_of_what_is_wrong_is_told() -> None:
    good = ",".join(['{"item":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}'] * 2_000)
    body = BODY % f'[{good},{{"item":x}}]'

    refused = await refusal(body)

    assert f"(character {body.index('x}')})" in refused.message


@pytest.mark.parametrize("raw", [b'{"a":"\xff"}', b'{"a":"\xc3', b"\xff\xfe{\x00}\x00"])
async def test_what_is_not_utf_8_is_refused(raw: bytes) -> None:
    assert isinstance(await refusal(raw), MalformedJson)


@pytest.mark.parametrize("body", ["[]", '"x"', "5", "-1", "true", "null", "[{}]"])
async def test_json_that_is_no_object_is_refused(body: str) -> None:
    assert isinstance(await refusal(body), InvalidType)


async def test_a_bad_row_ends_the_reading_before_the_rest_has_come() -> None:
    come: list[int] = []

    async def chunks() -> Any:
        for number in range(1_000):
            come.append(number)
            yield (BODY[: BODY.index("%s")] + "[5,").encode() if not number else b'{"item":1},'

    async def add(rows: list[InlineRow]) -> None:
        raise AssertionError

    with pytest.raises(InvalidRow):
        await read_run_body(chunks(), add=add, max_row_bytes=1_000)

    assert len(come) < 10


@pytest.mark.slow
@pytest.mark.parametrize("before", ["", '{"item":"' + "x" * 600_000 + '"},', '{"a":1},' * 9])
async def test_a_row_of_too_many_values_is_refused_wherever_it_stands(before: str) -> None:
    many = '{"item":[' + "[]," * 250_000 + "1]}"

    with pytest.raises(MalformedJson, match="250,000 values"):
        await read([(BODY % f"[{before}{many}]").encode()], max_row_bytes=2_000_000)


@pytest.mark.slow
async def test_many_small_rows_behind_a_long_one_are_taken_as_they_are() -> None:
    small = ['{"item":{"a":[1,2,3]}}'] * 60_000
    rows_text = ",".join(['{"item":"' + "x" * 1_500_000 + '"}', *small])

    _, rows = await read([(BODY % f"[{rows_text}]").encode()], max_row_bytes=2_000_000)

    assert [row.text for row in rows[1:]] == small


async def test_fields_around_the_rows_are_few() -> None:
    members = '"a":1,' * 1_000

    with pytest.raises(InvalidValue, match="1,000 fields"):
        await read([("{" + members + '"b":1}').encode()])


async def test_one_long_row_costs_as_much_as_its_length() -> None:
    row = f'{{"item":"{"x" * 8_000_000}"}}'
    raw = (BODY % f"[{row}]").encode()

    began = time.process_time()
    _, rows = await read(cut(raw, [1_000] * 8_000), max_row_bytes=10_000_000)

    assert rows[0].text == row
    # Trying again with every piece would decode 32 GB.
    assert time.process_time() - began < 3
