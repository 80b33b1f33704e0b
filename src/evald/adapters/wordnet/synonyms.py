"""WordNet's synonyms, from the table that comes with the package."""

import lzma
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files

TABLE = "synonyms.txt.xz"

_Rules = tuple[tuple[str, str], ...]

_NOUN: _Rules = (
    ("s", ""),
    ("ses", "s"),
    ("ves", "f"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("men", "man"),
    ("ies", "y"),
)
_VERB: _Rules = (
    ("s", ""),
    ("ies", "y"),
    ("es", "e"),
    ("es", ""),
    ("ed", "e"),
    ("ed", ""),
    ("ing", "e"),
    ("ing", ""),
)
_ADJECTIVE: _Rules = (("er", ""), ("est", ""), ("er", "e"), ("est", "e"))
_RULES: dict[str, _Rules] = {"noun": _NOUN, "verb": _VERB, "adj": _ADJECTIVE, "adv": ()}


class WordNet:
    """English synonyms. Fulfils `evald.ports.synonyms.Synonyms`.

    The table is read when the first word is looked up, once in a process: 0.1 s, and 20 MB that
    stay. Pickled, it is no more than its name.
    """

    def of(self, word: str) -> frozenset[str]:
        """The words of one piece, in lower case, in all synsets of the word and its base forms.

        Base forms are what the irregular forms of each part of speech say, or else what one rule
        for endings leaves (`dogs` → dog). By hand: `cars` has auto, automobile, machine, railcar
        among others; `geese` has goose.

        Source: morphy(7WN) as nltk 3.10 does it: one round of rules, and none for irregular forms.
        """
        return _synonyms(word)


@dataclass(slots=True)
class _PartOfSpeech:
    """By a form, its synonyms parted by spaces; by an irregular form, its base forms likewise."""

    rules: _Rules
    forms: dict[str, str] = field(default_factory=dict)
    irregular: dict[str, str] = field(default_factory=dict)

    def base_forms(self, word: str) -> list[str]:
        bases = self.irregular.get(word)
        if bases is not None:
            return [word, *bases.split()]
        changed = [
            word[: -len(ending)] + instead
            for ending, instead in self.rules
            if word.endswith(ending)
        ]
        return [word, *changed]


@lru_cache(maxsize=8_192)
def _synonyms(word: str) -> frozenset[str]:
    found: set[str] = set()
    for part in _table():
        for form in part.base_forms(word):
            others = part.forms.get(form)
            if others is not None:
                found.update(_named(form, others))
    return frozenset(found)


def _named(form: str, others: str) -> list[str]:
    """A line's words; `^` says that the form itself is none, such as a name with a capital."""
    words = others.split()
    return words[1:] if words[:1] == ["^"] else [form, *words]


@cache
def _table() -> list[_PartOfSpeech]:
    """The table's sections; `tools/wordnet_table.py`, which writes it, says how it is laid out."""
    packed = files("evald.adapters.wordnet").joinpath(TABLE).read_bytes()
    parts: list[_PartOfSpeech] = []
    for line in lzma.decompress(packed).decode("ascii").splitlines():
        first, _, rest = line.partition(" ")
        if first == "=":
            parts.append(_PartOfSpeech(_RULES[rest]))
        elif first == "!":
            irregular, _, bases = rest.partition(" ")
            parts[-1].irregular[irregular] = bases
        else:
            parts[-1].forms[first] = rest
    return parts
