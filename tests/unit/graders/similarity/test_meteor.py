from dataclasses import dataclass

import pytest
from hypothesis import given
from nltk.translate.meteor_score import single_meteor_score

from evald.adapters.wordnet.synonyms import WordNet
from evald.graders.similarity.meteor import meteor
from evald.graders.similarity.tokens import word_tokens
from tests.unit.graders.similarity.pairs import any_texts, ascii_texts

WORDNET = WordNet()


@dataclass(frozen=True, slots=True)
class Lemma:
    word: str

    def name(self) -> str:
        return self.word


@dataclass(frozen=True, slots=True)
class Synset:
    words: frozenset[str]

    def lemmas(self) -> list[Lemma]:
        return [Lemma(word) for word in self.words]


class TheirWordNet:
    """Our table as nltk asks its own, which cannot be downloaded."""

    def synsets(self, word: str) -> list[Synset]:
        return [Synset(WORDNET.of(word))]


def theirs(one: str, other: str) -> float:
    reference, tokens = word_tokens(other), word_tokens(one)
    score: float = single_meteor_score(reference, tokens, wordnet=TheirWordNet())
    return score


def ours(one: str, other: str) -> float:
    return meteor(one, other, synonyms=WORDNET)


def test_the_value_worked_by_hand() -> None:
    assert ours("the cat sat on the mat", "on the mat sat the cat") == 0.5


@pytest.mark.parametrize(
    ("given", "wanted", "score"),
    [
        ("running", "runs", 0.5),  # one stem
        ("kid", "child", 0.5),  # one synset
        ("car", "automobile", 0.0),  # as nltk: the stem is `automobil`
        ("car", "banana", 0.0),
        ("Paris", "paris!", 0.5),
        ("größe", "Größe", 0.5),
        ("a b c d e f g h i j", "a b c d e f g h i j", 0.9995),
        ("", "", 1.0),
        ("x", "", 0.0),
    ],
)
def test_values(given: str, wanted: str, score: float) -> None:
    assert ours(given, wanted) == pytest.approx(score)


GUIDE = (
    "It is a guide to action which ensures that the military always obeys the commands of the party"
)
SENTENCES = [
    (
        GUIDE,
        "It is a guide to action that ensures that the military will forever heed Party commands",
        0.6944,  # nltk's own example
    ),
    ("big kid", "child big tike", 0.6466),  # the last of two synonyms: one chunk
    ("a kid purchased a big automobile", "the child bought a large car", None),
    ("the children's houses were swiftly begun", "quick starts of a child's home", None),
]


@pytest.mark.parametrize(("given", "wanted", "score"), SENTENCES)
def test_sentences_score_as_nltk_scores_them(given: str, wanted: str, score: float | None) -> None:
    assert ours(given, wanted) == pytest.approx(theirs(given, wanted))
    assert score is None or ours(given, wanted) == pytest.approx(score, abs=5e-5)


@given(ascii_texts, ascii_texts)
def test_it_is_what_nltk_says(one: str, other: str) -> None:
    if word_tokens(one) and word_tokens(other):
        assert ours(one, other) == pytest.approx(theirs(one, other))


@given(any_texts, any_texts)
def test_it_lies_between_zero_and_one(one: str, other: str) -> None:
    assert 0.0 <= ours(one, other) <= 1.0
