"""Porter's stemmer, with the improvements that nltk's has."""

from functools import lru_cache

_IRREGULAR = {
    "sky": "sky",
    "skies": "sky",
    "dying": "die",
    "lying": "lie",
    "tying": "tie",
    "news": "news",
    "innings": "inning",
    "inning": "inning",
    "outings": "outing",
    "outing": "outing",
    "cannings": "canning",
    "canning": "canning",
    "howe": "howe",
    "proceed": "proceed",
    "exceed": "exceed",
    "succeed": "succeed",
}

Rules = tuple[tuple[str, str], ...]
"""Endings and what takes their place; the first ending that fits decides, applied or not."""

_STEP_1A: Rules = (("sses", "ss"), ("ies", "i"), ("ss", "ss"), ("s", ""))
_STEP_2: Rules = (
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
)
_STEP_3: Rules = (
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
)
_STEP_4 = (
    *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment"),
    *("ent", "ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize"),
)


@lru_cache(maxsize=16_384)
def porter_stem(word: str) -> str:
    """The stem of a word in lower case; words of one or two letters stay.

    By hand: relational gives relational → relate → relat; flies gives fli, and dies gives die.

    Source: M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, with the
    extensions of nltk 3.10's `PorterStemmer`, which is what its METEOR stems with.
    """
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 2:
        return word
    word = _step_1c(_step_1b(_step_1a(word)))
    word = _step_3(_step_2(word))
    return _step_5b(_step_5a(_step_4(word)))


def _step_1a(word: str) -> str:
    if word.endswith("ies") and len(word) == 4:
        return word[:-1]
    for ending, instead in _STEP_1A:
        if word.endswith(ending):
            return word.removesuffix(ending) + instead
    return word


def _step_1b(word: str) -> str:
    if word.endswith("ied"):
        return word[:-1] if len(word) == 4 else word[:-2]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for ending in ("ed", "ing"):
        if word.endswith(ending):
            stem = word.removesuffix(ending)
            if not all(_consonants(stem)):
                return _mended(stem)
    return word


def _mended(stem: str) -> str:
    """The stem that -ed or -ing left, with an e put back or a doubled letter made single."""
    if stem.endswith(("at", "bl", "iz")):
        return stem + "e"
    if _ends_in_double_consonant(stem):
        return stem if stem[-1] in "lsz" else stem[:-1]
    return stem + "e" if _measure(stem) == 1 and _ends_cvc(stem) else stem


def _step_1c(word: str) -> str:
    if word.endswith("y") and len(word) > 2 and _consonants(word[:-1])[-1]:
        return word[:-1] + "i"
    return word


def _step_2(word: str) -> str:
    if word.endswith("alli") and _measure(word[:-4]) > 0:
        return _step_2(word[:-2])
    for ending, instead in _STEP_2:
        if word.endswith(ending):
            stem = word.removesuffix(ending)
            return stem + instead if _measure(stem) > 0 else word
    if word.endswith("logi"):  # its l counts with the stem, so that `geo` is long enough
        return word[:-1] if _measure(word[:-3]) > 0 else word
    return word


def _step_3(word: str) -> str:
    for ending, instead in _STEP_3:
        if word.endswith(ending):
            stem = word.removesuffix(ending)
            return stem + instead if _measure(stem) > 0 else word
    return word


def _step_4(word: str) -> str:
    for ending in _STEP_4:
        if word.endswith(ending):
            stem = word.removesuffix(ending)
            goes = _measure(stem) > 1 and (ending != "ion" or stem[-1] in "st")
            return stem if goes else word
    return word


def _step_5a(word: str) -> str:
    if not word.endswith("e"):
        return word
    stem = word[:-1]
    measure = _measure(stem)
    return stem if measure > 1 or (measure == 1 and not _ends_cvc(stem)) else word


def _step_5b(word: str) -> str:
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word


def _consonants(word: str) -> list[bool]:
    """Of each letter, whether it is a consonant: no vowel, and no y behind a consonant."""
    flags: list[bool] = []
    for letter in word:
        if letter == "y":
            flags.append(not flags or not flags[-1])
        else:
            flags.append(letter not in "aeiou")
    return flags


def _measure(stem: str) -> int:
    """How often a consonant follows upon a vowel: Porter's m."""
    flags = _consonants(stem)
    return sum(flags[i] and not flags[i - 1] for i in range(1, len(flags)))


def _ends_in_double_consonant(word: str) -> bool:
    return len(word) >= 2 and word[-1] == word[-2] and _consonants(word)[-1]


def _ends_cvc(word: str) -> bool:
    """Whether it ends consonant, vowel, consonant but w, x and y, or is a vowel and a consonant."""
    match _consonants(word)[-3:]:
        case [False, True] if len(word) == 2:
            return True
        case [True, False, True]:
            return word[-1] not in "wxy"
        case _:
            return False
