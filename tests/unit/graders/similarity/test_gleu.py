import pytest
from hypothesis import given
from nltk.translate.gleu_score import sentence_gleu

from evald.graders.similarity.gleu import gleu
from tests.unit.graders.similarity.pairs import CAT, FUZZY, PARIS, any_texts, ascii_texts


@pytest.mark.parametrize(
    ("pair", "score"), [(CAT, 4 / 18), (FUZZY, 0.2143), (PARIS, 0.1), (("", "x"), 0.0)]
)
def test_values_worked_by_hand_and_of_reference(pair: tuple[str, str], score: float) -> None:
    assert gleu(*pair) == pytest.approx(score, abs=5e-5)


@given(ascii_texts, ascii_texts)
def test_it_is_what_nltk_says(one: str, other: str) -> None:
    tokens, reference = one.split(), other.split()
    if tokens and reference:
        assert gleu(one, other) == pytest.approx(sentence_gleu([reference], tokens))


@given(any_texts, any_texts)
def test_it_lies_between_zero_and_one_and_is_symmetric(one: str, other: str) -> None:
    assert 0.0 <= gleu(one, other) <= 1.0
    assert gleu(one, other) == gleu(other, one)


@given(any_texts)
def test_a_text_is_like_itself(text: str) -> None:
    assert gleu(text, text) == 1.0
