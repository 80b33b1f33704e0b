"""The form of POST /files: its fields are kept, its file goes straight on as it comes."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from evald.domain.errors import (
    BodyTooLarge,
    InvalidType,
    InvalidValue,
    MalformedUpload,
    MissingParameter,
    UnsupportedContentType,
)

MAX_FIELD_BYTES = 65_536
MAX_PARTS = 64
OVERHEAD_BYTES = MAX_FIELD_BYTES * MAX_PARTS
"""As much may come around a file."""

MAX_SECONDS_DIGITS = 12
NAMELESS = "upload"
"""What a file is called that came without a name."""

_EXTENDED_NAME = re.compile(r"(?i);\s*filename\*\s*=\s*([a-z0-9-]+)'[^';]*'([^;\s]*)")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

WriteFile = Callable[[bytes], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class UploadFields:
    """What a form says about its file."""

    filename: str
    purpose: str
    expires_after_s: int | None


def boundary_of(content_type: str) -> bytes:
    """The boundary between the parts of a form.

    Raises:
        UnsupportedContentType: it is no multipart form.
        MalformedUpload: it names no boundary.
    """
    media_type, parameters = parse_options_header(content_type)
    if media_type != b"multipart/form-data":
        raise UnsupportedContentType(
            f"Content-Type is '{content_type[:100]}'; files are uploaded as 'multipart/form-data'."
        )
    if not parameters.get(b"boundary"):
        raise MalformedUpload("The Content-Type names no boundary between the parts of the form.")
    return parameters[b"boundary"]


async def read_upload(
    chunks: AsyncIterator[bytes], boundary: bytes, *, write: WriteFile
) -> UploadFields:
    """What the form says; the bytes of its part `file` went to `write`, and are held nowhere.

    Fields may come before or after the file; unknown ones are ignored.

    Raises:
        MalformedUpload: the form cannot be read, has two files, or ends early.
        BodyTooLarge: a field or the number of parts is beyond what is taken.
        MissingParameter: there is no file or no purpose.
        InvalidType: `expires_after[seconds]` is no integer.
        InvalidValue: `expires_after[anchor]` is not `created_at`.
    """
    form = _Form()
    try:
        parser = _parser(boundary, form)
        async for chunk in chunks:
            parser.write(chunk)
            for piece in form.take_pieces():
                await write(piece)
    except FormParserError as fault:
        raise MalformedUpload(f"The body is not a multipart form: {fault}.") from None
    if not form.has_ended:
        raise MalformedUpload("The multipart form ends before its last boundary.")
    return _fields(form)


def _parser(boundary: bytes, form: "_Form") -> MultipartParser:
    return MultipartParser(
        boundary,
        {
            "on_part_begin": form.begin_part,
            "on_header_begin": form.begin_header,
            "on_header_field": form.add_header_name,
            "on_header_value": form.add_header_value,
            "on_header_end": form.end_header,
            "on_headers_finished": form.open_part,
            "on_part_data": form.add_data,
            "on_part_end": form.end_part,
            "on_end": form.end,
        },
    )


def _fields(form: "_Form") -> UploadFields:
    if form.filename is None:
        raise MissingParameter("Missing required parameter: 'file'.", param="file")
    if "purpose" not in form.fields:
        raise MissingParameter("Missing required parameter: 'purpose'.", param="purpose")
    return UploadFields(form.filename, form.fields["purpose"], _expiry_s(form.fields))


def _expiry_s(fields: dict[str, str]) -> int | None:
    anchor = fields.get("expires_after[anchor]")
    if anchor not in {None, "created_at"}:
        raise InvalidValue(
            f"Invalid value for 'expires_after[anchor]': '{str(anchor)[:100]}'. "
            "Supported values are: 'created_at'.",
            param="expires_after.anchor",
        )
    seconds = fields.get("expires_after[seconds]")
    if seconds is None:
        if anchor is None:
            return None
        message = "Missing required parameter: 'expires_after[seconds]'."
        raise MissingParameter(message, param="expires_after.seconds")
    if not re.fullmatch(rf"[0-9]{{1,{MAX_SECONDS_DIGITS}}}", seconds):
        raise InvalidType(
            "Invalid type for 'expires_after[seconds]': expected an integer, "
            f"but got '{seconds[:40]}' instead.",
            param="expires_after.seconds",
        )
    return int(seconds)


class _Form:
    """What has come of a form. The parser calls its methods as it goes."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.filename: str | None = None
        self.has_ended = False
        self._pieces: list[bytes] = []
        self._parts = 0
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._disposition = ""
        self._name = ""
        self._value = bytearray()

    def take_pieces(self) -> list[bytes]:
        """What has come of the file since this was asked last."""
        taken, self._pieces = self._pieces, []
        return taken

    def begin_part(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise BodyTooLarge(f"The form has more than {MAX_PARTS} parts.")
        self._disposition = self._name = ""
        self._value.clear()

    def begin_header(self) -> None:
        self._header_name.clear()
        self._header_value.clear()

    def add_header_name(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def add_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value.decode("latin-1")

    def open_part(self) -> None:
        _, parameters = parse_options_header(self._disposition)
        self._name = _text(parameters.get(b"name", b""))
        if not self._name:
            raise MalformedUpload("A part of the form has no name in its Content-Disposition.")
        if self._name != "file":
            return
        if self.filename is not None:
            raise MalformedUpload("The form has two parts named 'file'; one upload is one file.")
        self.filename = filename_of(self._disposition)

    def add_data(self, data: bytes, start: int, end: int) -> None:
        if self._name == "file":
            self._pieces.append(data[start:end])
            return
        self._value += data[start:end]
        if len(self._value) > MAX_FIELD_BYTES:
            message = f"The field '{self._name[:100]}' has more than {MAX_FIELD_BYTES:,} bytes."
            raise BodyTooLarge(message, param=self._name[:100])

    def end_part(self) -> None:
        if self._name != "file":
            self.fields[self._name] = _text(bytes(self._value))

    def end(self) -> None:
        self.has_ended = True


def filename_of(disposition: str) -> str:
    """The name a file came with, without any folders; never empty.

    Args:
        disposition: the Content-Disposition of its part, bytes as characters (latin-1).
    """
    _, parameters = parse_options_header(disposition)
    name = _text(parameters.get(b"filename", b""))
    extended = _EXTENDED_NAME.search(_QUOTED.sub('""', disposition))
    if extended and extended[1].lower() in {"utf-8", "iso-8859-1"}:
        # Form data should not have this spelling (RFC 7578, 4.2); clients that send it put a
        # lesser one into `filename`.
        name = _text(unquote_to_bytes(extended[2]))
    name = _CONTROL.sub("", re.split(r"[/\\]", name)[-1]).strip()
    return NAMELESS if name in {"", ".", ".."} else name


def _text(raw: bytes) -> str:
    """Bytes of unknown encoding: UTF-8 where they can be, else latin-1, which all bytes can be."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
