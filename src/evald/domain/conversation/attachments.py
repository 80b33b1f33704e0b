"""Files that a request's messages name: where they stand, and how their data takes their place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from evald.wire.ids import FILE_PREFIX

MAX_ID = 128
"""No file's id is longer; what is need not be looked up."""

_IMAGES = ("input_image", "image_url")
_LISTS = ("messages", "input")
_CONTENTS = ("content", "output")


@dataclass(frozen=True, slots=True)
class FileData:
    """A file as a request carries it: its name, and its bytes as a data URL."""

    filename: str
    url: str


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file that a content part names by its id, and the JSON path at which it does."""

    id: str
    path: str


def files_named(body: Mapping[str, JsonValue]) -> list[NamedFile]:
    """The files that the parts of a request name by id, in their order; one named twice, twice.

    They stand in the content of messages, and in the outputs of function calls. An id that cannot
    be one of a file is left out.
    """
    found: list[NamedFile] = []
    for field in _LISTS:
        for place, key, parts in _part_lists(body.get(field)):
            for number, part in enumerate(parts):
                if (named := _named(part)) is not None:
                    path = f"{field}[{place}].{key}[{number}].{named.path}"
                    found.append(NamedFile(named.id, path))
    return found


def with_data(body: Mapping[str, JsonValue], files: Mapping[str, FileData]) -> dict[str, JsonValue]:
    """The body in which these files, by id, stand as data wherever a part names them.

    A part keeps its other fields, but the id. An image by file, for which chat completions have no
    part of their own, becomes an `image_url` among `messages`. The given body stays as it is.
    """
    filled = dict(body)
    for field in _LISTS:
        entries = body.get(field)
        if isinstance(entries, list):
            is_chat = field == "messages"
            filled[field] = [_filled_entry(each, files, is_chat=is_chat) for each in entries]
    return filled


def _part_lists(entries: JsonValue) -> Iterator[tuple[int, str, list[JsonValue]]]:
    for place, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            for key in _CONTENTS:
                parts = entry.get(key)
                if isinstance(parts, list):
                    yield place, key, parts


def _named(part: JsonValue) -> NamedFile | None:
    """The file that a part names, with the path inside of it."""
    if not isinstance(part, dict):
        return None
    match part.get("type"):
        case "input_file" | "input_image":
            return _file_id(part.get("file_id"), "file_id")
        case "file":
            return _inner_id(part, "file")
        case "image_url":
            return _inner_id(part, "image_url")
        case _:
            return None


def _inner_id(part: Mapping[str, JsonValue], key: str) -> NamedFile | None:
    inner = part.get(key)
    return _file_id(inner.get("file_id"), f"{key}.file_id") if isinstance(inner, dict) else None


def _file_id(value: JsonValue, path: str) -> NamedFile | None:
    if isinstance(value, str) and value.startswith(FILE_PREFIX) and len(value) <= MAX_ID:
        return NamedFile(value, path)
    return None


def _filled_entry(entry: JsonValue, files: Mapping[str, FileData], *, is_chat: bool) -> JsonValue:
    if not isinstance(entry, dict):
        return entry
    filled = dict(entry)
    for key in _CONTENTS:
        parts = entry.get(key)
        if isinstance(parts, list):
            filled[key] = [_filled_part(part, files, is_chat=is_chat) for part in parts]
    return filled


def _filled_part(part: JsonValue, files: Mapping[str, FileData], *, is_chat: bool) -> JsonValue:
    named = _named(part)
    file = files.get(named.id) if named is not None else None
    if file is None or not isinstance(part, dict):
        return part
    if part["type"] in _IMAGES:
        return _image(part, file, is_chat=is_chat)
    data: dict[str, JsonValue] = {"filename": file.filename, "file_data": file.url}
    inner = part.get("file")
    if part["type"] == "file" and isinstance(inner, dict):
        return {**part, "file": {**_without_id(inner), **data}}
    return {**_without_id(part), **data}


def _image(part: dict[str, JsonValue], file: FileData, *, is_chat: bool) -> JsonValue:
    inner = part.get("image_url")
    if isinstance(inner, dict):
        return {**part, "image_url": {**_without_id(inner), "url": file.url}}
    if not is_chat:
        return {**_without_id(part), "image_url": file.url}
    detail = {"detail": part["detail"]} if part.get("detail") is not None else {}
    return {"type": "image_url", "image_url": {"url": file.url, **detail}}


def _without_id(given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: value for key, value in given.items() if key != "file_id"}
