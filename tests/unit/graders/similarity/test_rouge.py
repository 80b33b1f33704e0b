import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score.rouge_scorer import RougeScorer

from evald.graders.similarity.rouge import longest_common, rouge_l, rouge_n
from evald.graders.similarity.tokens import word_tokens
from tests.unit.graders.similarity.pairs import CAT, FUZZY, PARIS, any_texts, ascii_texts

NS = [1, 2, 3, 4, 5]
THEIRS = RougeScorer([*(f"rouge{n}" for n in NS), "rougeL"], use_stemmer=False)


@pytest.mark.parametrize(
    ("pair", "n", "score"),
    [
        (CAT, 1, 10 / 12),
        (CAT, 2, 6 / 10),
        (CAT, 3, 0.25),
        (FUZZY, 1, 0.4),
        (FUZZY, 2, 0.25),
        (PARIS, 1, 0.4),
        (("one two", "one two"), 3, 0.0),  # it has no runs of three words
        (("", ""), 5, 1.0),
        (("", "x"), 1, 0.0),
        (("Größe", "größe"), 1, 1.0),
        (("東京都", "東京"), 1, 0.8),
    ],
)
def test_values_worked_by_hand_and_of_reference(
    pair: tuple[str, str], n: int, score: float
) -> None:
    assert rouge_n(*pair, n=n) == pytest.approx(score)


@pytest.mark.parametrize(
    ("pair", "score"),
    [(CAT, 10 / 12), (FUZZY, 0.4), (("a b c d", "d c b a"), 0.25), (("один два", "ОДИН"), 2 / 3)],
)
def test_values_of_rouge_l(pair: tuple[str, str], score: float) -> None:
    assert rouge_l(*pair) == pytest.approx(score)


@given(ascii_texts, ascii_texts)
def test_it_is_what_rouge_score_says(one: str, other: str) -> None:
    if word_tokens(one) and word_tokens(other):
        theirs = THEIRS.score(other, one)

        for n in NS:
            expected = theirs[f"rouge{n}"].fmeasure
            assert rouge_n(one, other, n=n) == pytest.approx(expected)
        assert rouge_l(one, other) == pytest.approx(theirs["rougeL"].fmeasure)


@given(any_texts, any_texts)
def test_it_lies_between_zero_and_one_and_is_symmetric(one: str, other: str) -> None:
    for n in NS:
        assert 0.0 <= rouge_n(one, other, n=n) <= 1.0
        assert rouge_n(one, other, n=n) == rouge_n(other, one, n=n)
    assert 0.0 <= rouge_l(one, other) <= 1.0
    assert rouge_l(one, other) == rouge_l(other, one)


@given(any_texts)
def test_a_text_is_like_itself(text: str) -> None:
    assert rouge_l(text, text) == 1.0
    assert rouge_n(text, text, n=1) == 1.0


tokens = st.lists(st.sampled_from("abc"))


@given(st.lists(st.sampled_from("abc"), max_size=200), tokens, tokens, tokens)
def test_the_longest_common_subsequence_is_that_of_the_textbook(
    one: list[str], other: list[str], head: list[str], tail: list[str]
) -> None:
    one, other = head + one + tail, head + other + tail
    row = [0] * (len(other) + 1)
    for token in one:
        before = row[:]
        for j, each in enumerate(other, start=1):
            row[j] = before[j - 1] + 1 if token == each else max(before[j], row[j - 1])

    assert longest_common(one, other) == row[-1]
