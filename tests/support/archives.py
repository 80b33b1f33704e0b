"""Archives as a rescue leaves them, written straight from a fake's world or from lines."""

import hashlib
import json
import zipfile
from itertools import groupby
from pathlib import Path

from evald.domain.archive.journal import Source
from evald.domain.archive.kinds import Kind
from evald.domain.archive.manifest import (
    MANIFEST,
    FileSum,
    KindCount,
    ListCount,
    Manifest,
    manifest_text,
)
from tests.support.fake_hosted import World

Line = tuple[tuple[str, ...], bytes]
Lines = dict[Kind, list[Line]]
"""By kind, what each object belongs to and its line."""

_NAMES = {
    "evals": Kind.EVALS,
    "runs": Kind.RUNS,
    "output_items": Kind.OUTPUT_ITEMS,
    "files": Kind.FILES,
    "completions": Kind.CHAT_COMPLETIONS,
    "messages": Kind.CHAT_COMPLETION_MESSAGES,
}


def lines_of(world: World) -> Lines:
    """Every object of the world, as one line each."""
    lines: Lines = {kind: [] for kind in Kind}
    for path, things in world.lists.items():
        kind = _NAMES[path[-1]]
        # ("evals", E, "runs", R, "output_items"): every second segment is an id.
        parents = path[1::2] if path[0] == "evals" else path[2:3]
        for thing in things:
            text = json.dumps(json.loads(thing.text), ensure_ascii=False).encode()
            lines[kind].append((parents, text))
    return lines


def write_archive(folder: Path, lines: Lines, contents: dict[str, bytes]) -> Path:
    """The folder, which is an archive of these lines and files' contents now."""
    (folder / "files").mkdir(parents=True)
    files: dict[str, FileSum] = {}
    kinds: dict[Kind, KindCount] = {}
    for kind in Kind:
        of_kind = lines.get(kind, [])
        text = b"".join(line + b"\n" for _, line in of_kind)
        name = f"{kind}.jsonl"
        (folder / name).write_bytes(text)
        files[name] = _sum(text)
        kinds[kind] = KindCount(
            file=name,
            objects=len(of_kind),
            ids=len(of_kind),
            pages=0,
            last_page=0,
            not_understood=0,
            offered=True,
            lists=tuple(
                ListCount(parents, len(list(same)))
                for parents, same in groupby(parents for parents, _ in of_kind)
            ),
        )
    for file_id, content in contents.items():
        (folder / "files" / file_id).write_bytes(content)
        files[f"files/{file_id}"] = _sum(content)
    manifest = Manifest(
        source=Source("https://api.openai.com/v1"),
        begun_at=1,
        finished_at=2,
        kinds=kinds,
        missing=(),
        contents={file_id: f"files/{file_id}" for file_id in contents},
        files=files,
    )
    (folder / MANIFEST).write_bytes(manifest_text(manifest))
    return folder


def archive_of(world: World, folder: Path) -> Path:
    """The folder, which is an archive of all that the world has now."""
    return write_archive(folder, lines_of(world), world.contents)


def zipped(folder: Path) -> Path:
    """The archive in one file beside it."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in sorted(folder.rglob("*")):
            if each.is_file():
                archive.write(each, f"{folder.name}/{each.relative_to(folder).as_posix()}")
    return path


def _sum(content: bytes) -> FileSum:
    return FileSum(len(content), hashlib.sha256(content).hexdigest())
