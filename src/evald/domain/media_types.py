"""Which media type a file's bytes are of: by how they begin, else by the file's name."""

from typing import Final

UNKNOWN: Final = "application/octet-stream"

_BEGINNINGS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
)

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"

_BY_ENDING: Final = {
    "bmp": "image/bmp",
    "c": "text/x-c",
    "cpp": "text/x-c++",
    "cs": "text/x-csharp",
    "css": "text/css",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "gif": "image/gif",
    "go": "text/x-golang",
    "htm": "text/html",
    "html": "text/html",
    "java": "text/x-java",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "log": "text/plain",
    "md": "text/markdown",
    "mp3": "audio/mpeg",
    "odt": "application/vnd.oasis.opendocument.text",
    "pdf": "application/pdf",
    "php": "text/x-php",
    "png": "image/png",
    "pptx": f"{_OFFICE}.presentationml.presentation",
    "py": "text/x-python",
    "rb": "text/x-ruby",
    "rtf": "application/rtf",
    "sh": "application/x-sh",
    "svg": "image/svg+xml",
    "tex": "text/x-tex",
    "tsv": "text/tab-separated-values",
    "ts": "application/typescript",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webp": "image/webp",
    "xls": "application/vnd.ms-excel",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "xml": "text/xml",
    "yaml": "text/yaml",
    "yml": "text/yaml",
}


def media_type(filename: str, beginning: bytes) -> str:
    """The media type of a file of this name whose bytes begin like this.

    What the bytes say of themselves counts more than the name, which anybody can give. What
    neither tells is `application/octet-stream`.
    """
    for mark, named in _BEGINNINGS:
        if beginning.startswith(mark):
            return named
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WEBP":
        return "image/webp"
    _, dot, ending = filename.rpartition(".")
    return _BY_ENDING.get(ending.lower(), UNKNOWN) if dot else UNKNOWN
