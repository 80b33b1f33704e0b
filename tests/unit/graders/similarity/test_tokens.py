import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rouge_score import tokenize

from evald.graders.similarity.tokens import score_without_tokens, space_tokens, word_tokens

WORDS = [
    ("The cat's mat.", ["the", "cat", "s", "mat"]),
    ("Überraschung für 2", ["überraschung", "für", "2"]),
    ("東京 2020年", ["東", "京", "2020", "年"]),
    ("snake_case", ["snake", "case"]),
    ("e\u0301te\u0301 été", ["été", "été"]),  # however it was typed
    ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),  # with its marks
    ("Привет, мир!", ["привет", "мир"]),
    ("می\u200cروم", ["می\u200cروم"]),
    ("ที่นี่", ["ที่", "นี่"]),  # a Thai letter takes its marks along
    ("カメラ・テレビ", ["カ", "メ", "ラ", "テ", "レ", "ビ"]),
    ("한국어 말", ["한국어", "말"]),  # Korean has spaces
    ("👍 …", []),
]

SPACED = [
    ("The cat's mat.", ["The", "cat's", "mat."]),
    ("Paris は 東京", ["Paris", "は", "東", "京"]),
    ("你好，世界!", ["你", "好", "，", "世", "界", "!"]),
    ("Ünder  the\tsea.\n", ["Ünder", "the", "sea."]),
    ("👍 ok", ["👍", "ok"]),
]


@pytest.mark.parametrize(("text", "tokens"), WORDS)
def test_the_words_of_a_text(text: str, tokens: list[str]) -> None:
    assert word_tokens(text) == tokens


@pytest.mark.parametrize(("text", "tokens"), SPACED)
def test_what_spaces_part(text: str, tokens: list[str]) -> None:
    assert space_tokens(text) == tokens


@given(st.text(string.printable))
def test_words_of_ascii_are_those_of_rouge_score(text: str) -> None:
    assert word_tokens(text) == tokenize.tokenize(text, None)


@given(st.text(st.characters(codec="ascii")))
def test_tokens_of_ascii_are_those_that_whitespace_parts(text: str) -> None:
    assert space_tokens(text) == text.split()


@given(st.text(st.characters(categories=["Ll", "Lu", "Lo", "Nd"]), min_size=1))
def test_every_letter_of_any_script_is_in_some_token(text: str) -> None:
    assert word_tokens(text) != []
    assert space_tokens(text) != []


@given(st.text())
def test_no_token_is_empty(text: str) -> None:
    assert "" not in word_tokens(text)
    assert "" not in space_tokens(text)


@pytest.mark.parametrize(
    ("given", "wanted", "score"),
    [("", "", 1.0), (" ", "", 1.0), ("", "x", 0.0), ("👍", " 👍", 1.0), ("👍", "👎", 0.0)],
)
def test_texts_with_nothing_to_compare(given: str, wanted: str, score: float) -> None:
    """Ours."""
    assert score_without_tokens(given, wanted) == score
