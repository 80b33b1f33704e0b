"""Tokens: the pieces of a text that similarity metrics compare, in whatever script it is written.

Texts of ASCII alone get exactly the tokens that the usual libraries give them. Beyond it three
things are ours, since those libraries see next to nothing there: a letter is what Unicode calls
one, together with its marks; texts are composed first (NFC), so that `é` is one letter however it
was typed; and of scripts that put no space between words (Han, Kana, Thai, Lao, Burmese, Khmer)
each letter is a token.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

_ASCII_WORD = re.compile("[a-z0-9]+")

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Burmese
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3021-\u3029\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_JOINERS = "\u200c\u200d"  # stand inside of Persian and Indic words
_MARK_PLANES = (range(0x300, 0x20000), range(0xE0000, 0xE1000))  # Han has those in between


def word_tokens(text: str) -> list[str]:
    """The words of a text in lower case: runs of letters and digits; all else parts them.

    By hand: `The cat's mat.` gives the, cat, s, mat; `Überraschung für 2` gives überraschung,
    für, 2; `東京 2020年` gives 東, 京, 2020, 年.

    Source: as rouge-score 0.1.2 tokenizes without stemmer, on ASCII.
    """
    if text.isascii():
        return _ASCII_WORD.findall(text.lower())
    return _patterns().word.findall(unicodedata.normalize("NFC", text).lower())


def space_tokens(text: str) -> list[str]:
    """What whitespace parts; case and punctuation stay.

    By hand: `The cat's mat.` gives The, cat's, mat.; `Paris は 東京` gives Paris, は, 東, 京.

    Source: as Python's `str.split`, on texts without unspaced scripts.
    """
    if text.isascii():
        return text.split()
    return _patterns().spaced.findall(unicodedata.normalize("NFC", text))


def score_without_tokens(given: str, wanted: str) -> float:
    """The score where one of two texts has nothing to compare: 1.0 if they are the same, else 0.0.

    Whitespace around them does not count. So two empty texts are alike, an empty text is like no
    other, and `👍` is like `👍` and not like `👎`.

    Source: ours; the hosted service does not document it, and the libraries differ.
    """
    return 1.0 if given.strip() == wanted.strip() else 0.0


@dataclass(frozen=True, slots=True)
class _Patterns:
    word: re.Pattern[str]
    spaced: re.Pattern[str]


@cache
def _patterns() -> _Patterns:
    """Compiled when the first text beyond ASCII comes: finding all marks takes some 10 ms."""
    marks = f"{_marks()}{_JOINERS}"
    alone = rf"(?=\w)[{_UNSPACED}][{marks}]*"
    word = rf"{alone}|[^\W_{_UNSPACED}](?:[^\W_{_UNSPACED}]|[{marks}])*"
    return _Patterns(re.compile(word), re.compile(rf"{alone}|(?:(?!{alone})\S)+"))


def _marks() -> str:
    """Every character that Unicode calls a mark, as ranges of a pattern."""
    codes = [
        code
        for codes in _MARK_PLANES
        for code in codes
        if unicodedata.category(chr(code)).startswith("M")
    ]
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and code == ranges[-1][1] + 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
