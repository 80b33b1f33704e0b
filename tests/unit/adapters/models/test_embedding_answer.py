import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from evald.adapters.models.embedding_answer import EmbeddingAnswer, read_embeddings, shared_out
from evald.domain.tally import Usage
from evald.ports.model import FailureKind, ModelFailure


def in_base64(*numbers: float) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()


def body(*entries: JsonValue, **more: JsonValue) -> dict[str, JsonValue]:
    return {"object": "list", "data": list(entries), "model": "m-1", **more}


def read(*entries: JsonValue, count: int | None = None) -> EmbeddingAnswer:
    answer = read_embeddings(body(*entries), count=len(entries) if count is None else count)
    assert isinstance(answer, EmbeddingAnswer)
    return answer


@pytest.mark.parametrize("embedding", [[1.0, 2.5], [1, 2.5], in_base64(1.0, 2.5)])
def test_a_vector_may_be_a_list_or_base64(embedding: JsonValue) -> None:
    """Documented, both."""
    answer = read({"index": 0, "embedding": embedding})

    assert [list(vector) for vector in answer.vectors] == [[1.0, 2.5]]
    assert answer.model == "m-1"


def test_entries_are_in_the_order_of_their_indexes() -> None:
    answer = read({"index": 1, "embedding": [1]}, {"index": 0, "embedding": [0]})

    assert [list(vector) for vector in answer.vectors] == [[0.0], [1.0]]


def test_without_indexes_they_are_in_order() -> None:
    answer = read({"embedding": [0]}, {"embedding": [1]})

    assert [list(vector) for vector in answer.vectors] == [[0.0], [1.0]]


def test_what_it_cost() -> None:
    """Documented."""
    usage: JsonValue = {"prompt_tokens": 8, "total_tokens": 8}

    answer = read_embeddings(body({"embedding": [1]}, usage=usage), count=1)

    assert isinstance(answer, EmbeddingAnswer)
    assert answer.usage == Usage(invocations=1, prompt_tokens=8, total_tokens=8)


@pytest.mark.parametrize(
    "data",
    [
        None,
        "x",
        [],
        [{}],
        [3],
        [{"embedding": None}],
        [{"embedding": []}],
        [{"embedding": ["1"]}],
        [{"embedding": [None]}],
        [{"embedding": "@@@"}],
        [{"embedding": base64.b64encode(b"abc").decode()}],
        [{"embedding": in_base64(float("nan"))}],
        [{"embedding": [float("inf")]}],
        [{"embedding": [10**400]}],
        [{"index": 1, "embedding": [1]}],
        [{"index": [0], "embedding": [1]}],
        [{"embedding": [1]}, {"embedding": [1]}],
    ],
)
def test_what_is_not_one_finite_vector_a_text_is_a_failure(data: JsonValue) -> None:
    """Ours."""
    outcome = read_embeddings({"data": data}, count=1)

    assert isinstance(outcome, ModelFailure)
    assert (outcome.kind, outcome.code) == (FailureKind.MALFORMED, "malformed_answer")


def test_the_shares_worked_by_hand() -> None:
    usage = Usage(invocations=1, prompt_tokens=10, total_tokens=10)

    shares = shared_out(usage, [1, 1, 2])

    assert [share.prompt_tokens for share in shares] == [2, 3, 5]
    assert [share.invocations for share in shares] == [1, 0, 0]


@given(st.integers(0, 10**6), st.lists(st.integers(0, 10**6), min_size=1, max_size=50))
def test_shares_add_up_to_the_whole(tokens: int, sizes: list[int]) -> None:
    usage = Usage(invocations=1, prompt_tokens=tokens, total_tokens=tokens)

    shares = shared_out(usage, sizes)

    total = sum(shares, Usage())
    assert total.invocations == 1
    assert all(share.prompt_tokens >= 0 for share in shares)
    if any(sizes):
        assert total == usage
