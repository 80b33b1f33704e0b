"""F1 by words, against values worked by hand. Source: the SQuAD paper, 6.1."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.graders.similarity.f1 import f1


@pytest.mark.parametrize(
    ("given", "wanted", "score"),
    [
        ("The cat sat on the mat.", "a cat is on the mat", 0.75),
        ("Paris", "The capital is Paris", 0.5),
        ("paris!", "PARIS", 1.0),
        ("b b b", "b", 0.5),
        ("the", "a", 1.0),
        ("", "", 1.0),
        ("", "x", 0.0),
        ("Zürich", "zürich", 1.0),
        ("one", "two", 0.0),
    ],
)
def test_values_worked_by_hand(given: str, wanted: str, score: float) -> None:
    assert f1(given, wanted) == pytest.approx(score)


@given(st.text(max_size=30), st.text(max_size=30))
def test_it_is_symmetric_and_between_0_and_1(one: str, other: str) -> None:
    assert 0.0 <= f1(one, other) == f1(other, one) <= 1.0
    assert f1(one, one) == 1.0
