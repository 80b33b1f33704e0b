import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.graders.similarity.cosine import cosine

VECTORS = st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3)


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [
        ([3, 4], [4, 3], 0.96),
        ([1, 0], [0, 1], 0.0),
        ([1, 1], [-1, -1], 0.0),  # never below zero
        ([0, 0], [1, 1], 0.0),
        ([2, 0], [5, 0], 1.0),
    ],
)
def test_values_worked_by_hand(one: list[float], other: list[float], score: float) -> None:
    assert cosine(one, other) == pytest.approx(score)


@given(VECTORS, VECTORS)
def test_it_lies_between_zero_and_one_and_is_symmetric(
    one: list[float], other: list[float]
) -> None:
    assert 0.0 <= cosine(one, other) <= 1.0
    assert cosine(one, other) == pytest.approx(cosine(other, one))
