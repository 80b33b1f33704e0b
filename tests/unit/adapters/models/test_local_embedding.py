"""A local model: a tiny one of four words, made here."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from evald.adapters.clock import SystemClock
from evald.adapters.models.local_embedding import LocalEmbedder, LocalModelMissing
from evald.graders.similarity.cosine import cosine
from evald.ports.embeddings import Embeddings
from evald.ports.model import FailureKind, ModelFailure

CLOCK = SystemClock()
WORDS = {"[UNK]": [0.0, 0.0], "cat": [1.0, 0.0], "kitten": [0.8, 0.6], "car": [0.0, 1.0]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    import numpy as np  # noqa: PLC0415 - comes with the extra, as the next two do
    from safetensors.numpy import save_file  # noqa: PLC0415
    from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: PLC0415

    vocabulary = {word: index for index, word in enumerate(WORDS)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    vectors: Any = np.array(list(WORDS.values()), dtype=np.float32)
    save_file({"embeddings": vectors}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps({"normalize": True}))
    return tmp_path


def soon() -> float:
    return CLOCK.monotonic() + 30.0


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a local model needs no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)


async def test_texts_become_vectors_without_any_network(folder: Path, no_network: None) -> None:
    embedder = LocalEmbedder(folder, CLOCK)

    outcome = await embedder.embed(["cat", "kitten", "car"], deadline=soon())

    assert isinstance(outcome, Embeddings)
    assert outcome.usage == {}
    cat, kitten, car = outcome.vectors
    assert cosine(cat, kitten) == pytest.approx(0.8)
    assert cosine(cat, car) == pytest.approx(0.0)
    assert embedder.model == f"local:{folder.name}"


async def test_a_folder_that_holds_something_else_is_a_failure(folder: Path) -> None:
    (folder / "model.safetensors").write_text("no model")

    outcome = await LocalEmbedder(folder, CLOCK).embed(["cat"], deadline=soon())

    assert isinstance(outcome, ModelFailure)
    assert (outcome.kind, outcome.code) == (FailureKind.RAISED, "local_embedding_failed")


async def test_a_row_whose_time_is_over_gets_a_failure(folder: Path) -> None:
    outcome = await LocalEmbedder(folder, CLOCK).embed(["cat"], deadline=CLOCK.monotonic() - 1)

    assert isinstance(outcome, ModelFailure)
    assert outcome.code == "deadline_exceeded"


def test_a_folder_that_is_not_there_is_said_at_once_and_looked_for_nowhere_else(
    tmp_path: Path,
) -> None:
    with pytest.raises(LocalModelMissing, match=r"nowhere has no config\.json"):
        LocalEmbedder(tmp_path / "nowhere", CLOCK)
