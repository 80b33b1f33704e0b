"""Names of files in an archive: safe on every file system, whatever a server calls its objects."""

import hashlib
import re
from collections.abc import Container
from itertools import chain, count

from evald.domain.archive.kinds import ListKey

MAX_NAME = 80

_PLAIN = re.compile(rf"[A-Za-z0-9_][A-Za-z0-9_-]{{0,{MAX_NAME - 1}}}")
_ARCHIVED = re.compile(r"(?:raw/[a-z_]+|files)/[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)  # Windows' own names


def plain_name(remote: str) -> str:
    """The id itself if it is a good file name, and otherwise 32 hexadecimal digits of its hash."""
    if _PLAIN.fullmatch(remote) and not _DEVICE.fullmatch(remote):
        return remote
    return _digest(remote)


def page_name(key: ListKey, number: int) -> str:
    """The path of a page within the archive: "raw/output_items/evalrun_1.00000012.json".

    `number` is the page's own, so that no two pages share a name on a file system that takes
    upper and lower case for the same.
    """
    owner = f"{plain_name(key.parents[-1])}." if key.parents else ""
    return f"raw/{key.kind}/{owner}{number:08d}.json"


def content_name(file_id: str, *, taken: Container[str]) -> str:
    """The path of a file's content within the archive: "files/file-abc".

    Args:
        taken: paths of the contents of other files, in lower case.
    """
    name = f"files/{plain_name(file_id)}"
    names = chain([name], (f"{name}-{number}" for number in count(2)))
    return next(each for each in names if each.lower() not in taken)


def is_archive_path(path: str) -> bool:
    """Whether a path is one that an archive's bodies and contents have, and leads nowhere else."""
    return _ARCHIVED.fullmatch(path) is not None


def _digest(remote: str) -> str:
    return hashlib.sha256(remote.encode()).hexdigest()[:32]
