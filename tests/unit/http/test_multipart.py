"""Upload forms as a stream: the file passes through, whatever else is around it."""

import tracemalloc
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.errors import (
    BodyTooLarge,
    InvalidType,
    InvalidValue,
    MalformedUpload,
    MissingParameter,
    RequestError,
    UnsupportedContentType,
)
from evald.http.multipart import (
    MAX_FIELD_BYTES,
    MAX_PARTS,
    UploadFields,
    boundary_of,
    filename_of,
    read_upload,
)
from tests.support.examples import at_most
from tests.unit.http.asgi import cut, stream

BRIEFLY = at_most(40)

BOUNDARY = b"----b0"
FILE = ('name="file"; filename="a.jsonl"', b'{"item":{}}\n')
PURPOSE = ('name="purpose"', b"evals")
Part = tuple[str, bytes]


def form(*parts: Part, end: bytes = b"--\r\n") -> bytes:
    body = b""
    for disposition, value in parts:
        head = f"Content-Disposition: form-data; {disposition}\r\n".encode("latin-1")
        body += b"--" + BOUNDARY + b"\r\n" + head + b"X-Other: y\r\n\r\n" + value + b"\r\n"
    return body + b"--" + BOUNDARY + end


async def read(chunks: Sequence[bytes]) -> tuple[UploadFields, bytes]:
    written = bytearray()

    async def write(piece: bytes) -> None:
        written.extend(piece)

    fields = await read_upload(stream(chunks), BOUNDARY, write=write)
    return fields, bytes(written)


async def refusal(*parts: Part) -> RequestError:
    with pytest.raises(RequestError) as refused:
        await read([form(*parts)])
    return refused.value


@BRIEFLY
@given(
    content=st.binary() | st.sampled_from([b"\r\n--" + BOUNDARY[:-1], b"\r\n" * 9, b"--"]),
    sizes=st.lists(st.integers(1, 20), max_size=100),
    order=st.permutations([0, 1, 2, 3]),
)
async def test_the_file_comes_out_as_it_went_in_however_it_is_cut(
    content: bytes, sizes: list[int], order: list[int]
) -> None:
    parts = [
        (FILE[0], content),
        PURPOSE,
        ('name="expires_after[anchor]"', b"created_at"),
        ('name="expires_after[seconds]"', b"3600"),
    ]
    raw = form(*[parts[index] for index in order])

    fields, written = await read(cut(raw, sizes))

    assert written == content
    assert fields == UploadFields(filename="a.jsonl", purpose="evals", expires_after_s=3600)


async def test_unknown_fields_and_what_follows_the_form_are_ignored() -> None:
    raw = form(('name="other"', b"x"), FILE, PURPOSE) + b"epilogue"

    assert (await read([raw]))[0] == UploadFields("a.jsonl", "evals", None)


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ((PURPOSE,), "file"),
        ((FILE,), "purpose"),
        ((FILE, PURPOSE, ('name="expires_after[anchor]"', b"created_at")), "expires_after.seconds"),
    ],
)
async def test_what_is_missing_is_named(parts: tuple[Part, ...], param: str) -> None:
    error = await refusal(*parts)

    assert isinstance(error, MissingParameter)
    assert error.param == param


@pytest.mark.parametrize("seconds", [b"", b"x", b"1.5", b"-1", b"1e3", b"9" * 5_000])
async def test_an_expiry_that_is_no_count_of_seconds_is_refused(seconds: bytes) -> None:
    error = await refusal(FILE, PURPOSE, ('name="expires_after[seconds]"', seconds))

    assert isinstance(error, InvalidType)
    assert error.param == "expires_after.seconds"


async def test_an_expiry_counts_from_creation_only() -> None:
    error = await refusal(FILE, PURPOSE, ('name="expires_after[anchor]"', b"last_used"))

    assert isinstance(error, InvalidValue)
    assert error.param == "expires_after.anchor"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"hello",
        form(FILE, PURPOSE)[:-5],
        form(FILE, PURPOSE, end=b""),
        form(FILE, FILE, PURPOSE),
        form(("", b"x")),
        b"--" + BOUNDARY + b"\r\nno header\r\n\r\n",
        b"--" + BOUNDARY + b"\r\n" + b"A: " + b"x" * 100_000,
        b"--" + BOUNDARY + b"\r\n" + b"A: x\r\n" * 100,
    ],
)
async def test_what_is_no_form_with_one_file_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedUpload):
        await read([raw])


async def test_fields_and_their_number_are_bounded() -> None:
    long = ('name="purpose"', b"x" * (MAX_FIELD_BYTES + 1))

    assert isinstance(await refusal(FILE, long), BodyTooLarge)
    assert isinstance(await refusal(FILE, *[PURPOSE] * MAX_PARTS), BodyTooLarge)


async def test_a_refusal_while_writing_ends_the_reading() -> None:
    async def write(piece: bytes) -> None:
        raise BodyTooLarge("too large")

    with pytest.raises(BodyTooLarge):
        await read_upload(stream([form(FILE, PURPOSE)]), BOUNDARY, write=write)


async def test_a_large_file_is_never_held() -> None:
    head, tail = form((FILE[0], b"@"), PURPOSE).split(b"@")

    async def chunks() -> AsyncIterator[bytes]:
        yield head
        for _ in range(500):
            yield b"\r\n-" * 21_845
        yield tail

    size = 0

    async def write(piece: bytes) -> None:
        nonlocal size
        size += len(piece)

    tracemalloc.start()
    await read_upload(chunks(), BOUNDARY, write=write)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert size == 500 * 65_535
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('form-data; name="file"; filename="a b.jsonl"', "a b.jsonl"),
        ("form-data; name=file; filename=a.jsonl", "a.jsonl"),
        ('form-data; filename="a;b.jsonl"; name="file"', "a;b.jsonl"),
        ('form-data; filename="a\\"b.jsonl"', 'a"b.jsonl'),
        ('form-data; filename="../../etc/passwd"', "passwd"),
        ('form-data; filename="C:\\\\temp\\\\a.jsonl"', "a.jsonl"),
        ('form-data; filename="/"', "upload"),
        ('form-data; filename=".."', "upload"),
        ('form-data; filename=""', "upload"),
        ("form-data", "upload"),
        ('form-data; filename="Größe.jsonl"'.encode().decode("latin-1"), "Größe.jsonl"),
        ('form-data; filename="Gr\xf6\xdfe.jsonl"', "Größe.jsonl"),
        ("form-data; filename*=UTF-8''%e2%82%ac.jsonl", "€.jsonl"),
        ("form-data; filename=\"x.jsonl\"; filename*=utf-8'de'%C3%BC.jsonl", "ü.jsonl"),
        ("form-data; filename*=iso-8859-1''%FC.jsonl; filename=x", "ü.jsonl"),
        ("form-data; filename*=utf-7''x; filename=plain", "plain"),
        ("form-data; filename=\"a; filename*=utf-8''b\"", "a; filename*=utf-8''b"),
        ("form-data; filename*=UTF-8''a%0D%0A%00%2f..%2fb", "b"),
        ("form-data; filename*=UTF-8''a%0D%0Ab%00c", "abc"),
    ],
)
def test_a_filename_is_kept_as_given_and_never_a_path(disposition: str, filename: str) -> None:
    assert filename_of(disposition) == filename


def test_the_boundary_is_read_from_the_content_type() -> None:
    assert boundary_of("multipart/form-data; boundary=abc") == b"abc"
    assert boundary_of('Multipart/Form-Data; charset=x; boundary="a b"') == b"a b"


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/mixed; boundary=a"])
def test_other_types_are_refused(content_type: str) -> None:
    with pytest.raises(UnsupportedContentType):
        boundary_of(content_type)


async def test_a_boundary_is_needed_and_bounded() -> None:
    with pytest.raises(MalformedUpload):
        boundary_of("multipart/form-data")
    with pytest.raises(MalformedUpload):
        await read_upload(stream([b""]), b"b" * 10_000, write=_refuse)


async def _refuse(piece: bytes) -> None:
    raise AssertionError
