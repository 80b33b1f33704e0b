"""What an answer of the embeddings endpoint says: vectors, and what they cost."""

import base64
import binascii
import math
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, TypeAlias

from pydantic import JsonValue

from evald.domain.conversation.reading import text_or_empty, tokens
from evald.domain.tally import Usage
from evald.ports.model import FailureKind, ModelFailure

if TYPE_CHECKING:
    Vector: TypeAlias = array[float]
else:  # before Python 3.12 the class takes no parameters at run time
    Vector = array


@dataclass(frozen=True, slots=True)
class EmbeddingAnswer:
    """The vectors in the order of the texts; `model` is empty where the answer names none."""

    model: str
    vectors: list[Vector]
    usage: Usage


def read_embeddings(body: dict[str, JsonValue], *, count: int) -> EmbeddingAnswer | ModelFailure:
    """The answer to a call of so many texts.

    A vector may be a list of numbers or the base64 of 32-bit floats, low byte first. Without an
    `index`, entries count as being in order. What is not one finite vector a text is a failure.

    Source: OpenAI's API reference, "Embeddings"; servers that are like it ignore
    `encoding_format`.
    """
    entries = body.get("data")
    if not isinstance(entries, list) or len(entries) != count:
        return _malformed(f"it has no list of {count} embeddings")
    vectors: dict[int, Vector] = {}
    for place, entry in enumerate(entries):
        vector = _vector(entry.get("embedding")) if isinstance(entry, dict) else None
        if vector is None or not isinstance(entry, dict):
            return _malformed(f"its embedding {place} is no list of finite numbers")
        index = entry.get("index", place)
        vectors[index if isinstance(index, int) else -1] = vector
    if set(vectors) != set(range(count)):
        return _malformed("its indexes are not those of the texts")
    ordered = [vectors[place] for place in range(count)]
    return EmbeddingAnswer(text_or_empty(body.get("model")), ordered, tokens(body))


def shared_out(usage: Usage, sizes: Sequence[int]) -> list[Usage]:
    """A call's usage in parts by the sizes of its texts, which add up to the whole.

    The first text bears the invocation. By hand: 10 tokens over texts of 1, 1 and 2 bytes are
    round(2.5) = 2, then round(5) - 2 = 3, then 10 - 5 = 5.
    """
    whole = sum(sizes) or 1
    prompt = _parts(usage.prompt_tokens, sizes, whole)
    total = _parts(usage.total_tokens, sizes, whole)
    return [
        Usage(
            invocations=usage.invocations if place == 0 else 0,
            prompt_tokens=prompt[place],
            total_tokens=total[place],
        )
        for place in range(len(sizes))
    ]


def _parts(tokens: int, sizes: Sequence[int], whole: int) -> list[int]:
    ends = [round(tokens * end / whole) for end in accumulate(sizes)]
    return [end - begin for begin, end in zip([0, *ends], ends, strict=False)]


def _vector(embedding: JsonValue) -> Vector | None:
    vector = _of_base64(embedding) if isinstance(embedding, str) else _of_list(embedding)
    return vector if vector and math.isfinite(sum(vector)) else None


def _of_base64(text: str) -> Vector | None:
    vector = array("f")
    try:
        vector.frombytes(base64.b64decode(text, validate=True))
    except (ValueError, binascii.Error):
        return None
    if sys.byteorder == "big":
        vector.byteswap()
    return vector


def _of_list(numbers: JsonValue) -> Vector | None:
    if not isinstance(numbers, list):
        return None
    try:
        return array("d", numbers)  # type: ignore[arg-type]  # what is no number is refused
    except (TypeError, OverflowError):
        return None


def _malformed(problem: str) -> ModelFailure:
    message = f"The provider's answer cannot be read: {problem}."
    return ModelFailure(FailureKind.MALFORMED, "malformed_answer", message)
