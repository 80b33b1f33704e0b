import pytest
from hypothesis import given
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

from evald.graders.similarity.bleu import bleu
from tests.unit.graders.similarity.pairs import CAT, FUZZY, any_texts, ascii_texts

NLTK = SmoothingFunction().method1


def test_the_value_worked_by_hand() -> None:
    by_hand = (3 / 6 * 1 / 5 * 0.1 / 4 * 0.1 / 3) ** (1 / 4)

    assert bleu(*CAT) == pytest.approx(by_hand)
    assert round(bleu(*CAT), 4) == 0.0955


def test_the_other_reference_value() -> None:
    assert round(bleu(*FUZZY), 4) == 0.1136


def test_a_short_text_is_punished_for_its_brevity() -> None:
    given_text, wanted = "the cat sat on", "the cat sat on the mat"

    assert bleu(given_text, wanted) == pytest.approx(2.718281828459045 ** (1 - 6 / 4))


@pytest.mark.parametrize(
    ("text", "score"),
    [("Paris", 0.1778), ("a b c d", 1.0), ("東京都庁", 1.0), ("", 1.0), ("🙂", 0.1778)],
)
def test_a_text_against_itself_reaches_full_marks_from_four_tokens_on(
    text: str, score: float
) -> None:
    assert round(bleu(text, text), 4) == score


@given(ascii_texts, ascii_texts)
def test_it_is_what_nltk_says(one: str, other: str) -> None:
    tokens, reference = one.split(), other.split()
    if tokens and reference:
        expected = sentence_bleu([reference], tokens, smoothing_function=NLTK)
        assert bleu(one, other) == pytest.approx(expected, abs=1e-12)


@given(any_texts, any_texts)
def test_it_lies_between_zero_and_one(one: str, other: str) -> None:
    assert 0.0 <= bleu(one, other) <= 1.0 + 1e-12
