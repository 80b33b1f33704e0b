"""The first rows of a file, as its page shows them."""

from dataclasses import dataclass

from pydantic import JsonValue

from evald.domain import exact_json
from evald.ports.blobs import BlobNotFound
from evald.services.context import Context
from evald.services.files import open_content

FIRST_ROWS = 20
FIRST_BYTES = 262_144
"""How much of a file is looked at for its first rows."""


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line that is not blank: its 1-based number, its text, and its value where it is JSON.

    `is_cut` says that the line goes on beyond what was looked at; then it has no value.
    """

    number: int
    text: str
    value: JsonValue
    is_json: bool
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class FirstRows:
    """The first lines of a file, and whether these are all. `is_text` is False of other bytes."""

    lines: list[FileLine]
    is_whole: bool
    is_text: bool


async def first_rows(context: Context, project_id: str, file_id: str) -> FirstRows:
    """The first rows of the file.

    Raises:
        FileNotFound: there is none of this id.
    """
    content = await open_content(context, project_id, file_id)
    seen = b""
    try:
        async for chunk in content.chunks:
            seen += chunk[: FIRST_BYTES + 1 - len(seen)]
            if len(seen) > FIRST_BYTES:
                break
    except BlobNotFound:
        seen = b""
    head = seen[:FIRST_BYTES]
    return await context.cpu.run(lambda: _rows_of(head, has_more=len(seen) > len(head)))


def _rows_of(head: bytes, *, has_more: bool) -> FirstRows:
    if b"\0" in head:
        return FirstRows([], is_whole=not has_more, is_text=False)
    texts = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    lines: list[FileLine] = []
    for number, text in enumerate(texts, start=1):
        is_cut = has_more and number == len(texts)
        if text.strip() and len(lines) < FIRST_ROWS:
            lines.append(_line(number, text.strip(), is_cut=is_cut))
    count = sum(1 for text in texts if text.strip())
    return FirstRows(lines, is_whole=not has_more and count <= FIRST_ROWS, is_text=True)


def _line(number: int, text: bytes, *, is_cut: bool) -> FileLine:
    shown = text.decode("utf-8", "replace")
    if is_cut:
        return FileLine(number, shown, None, is_json=False, is_cut=True)
    try:
        return FileLine(number, shown, exact_json.parse(text.decode()), is_json=True)
    except ValueError:
        return FileLine(number, shown, None, is_json=False)
