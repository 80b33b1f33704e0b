import pickle
import subprocess
import sys

import pytest

from evald.adapters.wordnet.synonyms import WordNet


@pytest.mark.parametrize(
    ("word", "synonym"),
    [
        ("car", "automobile"),
        ("cars", "automobile"),  # a rule for endings
        ("geese", "goose"),  # an irregular form
        ("bought", "purchase"),
        ("comics", "funnies"),  # whose base form has two words, `comic strip`
        ("bigger", "large"),
        ("abc", "alphabet"),  # a name itself
        ("quickly", "rapidly"),
    ],
)
def test_a_word_has_synonyms(word: str, synonym: str) -> None:
    """Source: WordNet 3.0."""
    assert synonym in WordNet().of(word)


@pytest.mark.parametrize("word", ["", "xyzzy", "größe", "the", "Car", "ice cream"])
def test_what_is_no_word_of_it_has_none(word: str) -> None:
    assert WordNet().of(word) <= {word}


def test_only_what_is_written_small_and_in_one_piece_is_a_synonym() -> None:
    found = WordNet().of("dog") | WordNet().of("paris")

    assert all(word.isalnum() and word.islower() for word in found)


def test_it_goes_to_another_process_without_its_table() -> None:
    assert len(pickle.dumps(WordNet())) < 200


def test_the_table_is_not_read_before_a_word_is_looked_up() -> None:
    code = (
        "from evald.adapters.wordnet import synonyms as s; s.WordNet();"
        "print(s._table.cache_info().currsize); s.WordNet().of('car');"
        "print(s._table.cache_info().currsize)"
    )

    said = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=True,
        capture_output=True, text=True,
    )  # fmt: skip

    assert said.stdout.split() == ["0", "1"]
