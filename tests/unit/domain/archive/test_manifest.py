"""The manifest, written and read back. Ours."""

import json
from dataclasses import replace

import pytest

from evald.domain.archive.account import Missing, Reason
from evald.domain.archive.journal import Source
from evald.domain.archive.kinds import Kind
from evald.domain.archive.manifest import (
    FileSum,
    KindCount,
    ListCount,
    Manifest,
    ManifestMalformed,
    manifest_text,
    read_manifest,
)

MANIFEST = Manifest(
    source=Source("https://hosted.example/v1", project="proj_1"),
    begun_at=1,
    finished_at=None,
    kinds={
        Kind.RUNS: KindCount(
            file="runs.jsonl",
            objects=2,
            ids=2,
            pages=1,
            last_page=7,
            not_understood=0,
            offered=True,
            lists=(ListCount(("eval_1",), 2),),
        )
    },
    missing=(Missing("file file-1", "/files/file-1", Reason.DELETED, 404, "gone — für immer"),),
    contents={"file-2": "files/file-2"},
    files={"runs.jsonl": FileSum(10, "0" * 64)},
)


def test_a_manifest_is_read_back_as_it_was_written() -> None:
    assert read_manifest(manifest_text(MANIFEST)) == MANIFEST
    assert read_manifest(manifest_text(replace(MANIFEST, finished_at=5))).finished_at == 5


def test_a_manifest_is_json_for_people() -> None:
    text = manifest_text(MANIFEST).decode()

    assert json.loads(text)["format"] == "evald-archive"
    assert "für immer" in text
    assert text.endswith("}\n")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"version": 2}, "version"),
        ({"format": "other"}, "format"),
        ({"kinds": {"models": {}}}, "kinds"),
        ({"files": {"a": {"bytes": "many", "sha256": ""}}}, "files.a.bytes"),
        ({"missing": [{"what": "x", "path": "y", "reason": "lost"}]}, "missing.0.reason"),
    ],
)
def test_what_is_none_is_refused_by_its_place(change: dict[str, object], place: str) -> None:
    text = json.dumps(json.loads(manifest_text(MANIFEST)) | change).encode()

    with pytest.raises(ManifestMalformed, match=place):
        read_manifest(text)


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ManifestMalformed, match="it: Invalid JSON"):
        read_manifest(b"{")
