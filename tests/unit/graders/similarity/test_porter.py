import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.stem.porter import PorterStemmer

from evald.graders.similarity.porter import porter_stem

THEIRS = PorterStemmer()

STEMS = (
    "caresses ponies ties caress cats flies dies spied died feed agreed plastered bled "
    "motoring sing conflated troubled sized hopping tanned falling hissing fizzed failing "
    "filing happy sky enjoy say relational conditional rational valenci hesitanci "
    "digitizer conformabli radically differently vilely analogously vietnamization "
    "predication operator feudalism decisiveness hopefulness callousness formality "
    "sensitivity sensibility hopefully geology theology triplicate formative formalize "
    "electricity electrical goodness revival allowance inference airliner gyroscopic "
    "adjustable defensible irritant replacement adjustment dependent adoption homologou "
    "communism activate angularity homologous effective bowdlerize probate rate cease "
    "controlling roll yyy syzygy dying news innings proceed by as using aging "
)


def test_the_values_worked_by_hand() -> None:
    assert [porter_stem(word) for word in ("relational", "flies", "dies")] == [
        "relat",
        "fli",
        "die",
    ]


@pytest.mark.parametrize("word", STEMS.split())
def test_words_of_every_rule_have_the_stems_that_nltk_gives(word: str) -> None:
    assert porter_stem(word) == THEIRS.stem(word)


ENDINGS = (
    "ational tional enci anci izer bli alli entli eli ousli ization ation ator alism "
    "iveness fulness ousness aliti iviti biliti fulli logi icate ative alize iciti ical "
    "ful ness al ance ence er ic able ible ant ement ment ent ion sion tion ou ism ate iti "
    "ous ive ize s es ies ied eed ed ing y e ll "
)


@given(
    st.text("aeiouybdlnstwxz", max_size=7),
    st.sampled_from(ENDINGS.split()),
    st.sampled_from(["", *ENDINGS.split()]),
)
def test_whatever_has_an_ending_has_the_stem_that_nltk_gives(
    beginning: str, ending: str, last: str
) -> None:
    word = beginning + ending + last

    assert porter_stem(word) == THEIRS.stem(word)


@given(st.text(st.characters(categories=["Ll"]), max_size=12))
def test_so_have_words_of_other_letters(word: str) -> None:
    if word == word.lower():
        assert porter_stem(word) == THEIRS.stem(word)
