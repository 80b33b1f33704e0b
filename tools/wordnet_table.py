"""Makes the table of synonyms that METEOR reads, out of WordNet's own files.

The table is part of the project; this is how it came to be, and how a newer one would:

    apt-get download wordnet-base && dpkg-deb -x wordnet-base_*.deb wordnet
    python -m tools.wordnet_table wordnet/usr/share/wordnet

It writes `src/evald/adapters/wordnet/synonyms.txt.xz`, the same bytes for the same files. WordNet's
licence stands beside it and has to go wherever the table goes.
"""

import argparse
import lzma
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

TABLE = Path(__file__).parents[1] / "src/evald/adapters/wordnet/synonyms.txt.xz"
PARTS_OF_SPEECH = ("noun", "verb", "adj", "adv")

# What a word of METEOR's can be, so that nothing else is worth keeping: it is in lower case, and
# has neither spaces nor hyphens.
WORD = re.compile(r"[a-z0-9]+")

Synonyms = dict[str, set[str]]


def synonyms(data_file: Path) -> Synonyms:
    """By a form in lower case, the words in lower case that share a synset with it."""
    found: Synonyms = defaultdict(set)
    for names in synsets(data_file):
        usable = {name for name in names if WORD.fullmatch(name)}
        for form in {name.lower() for name in names}:
            found[form] |= usable
    return {form: words for form, words in found.items() if words}


def synsets(data_file: Path) -> Iterator[list[str]]:
    """The names in each synset; of adjectives without the marker of their place, as in `(a)`.

    Source: the manual page wndb(5WN): the fourth field is the count of words, in hexadecimal; then
    come the words, each followed by a number.
    """
    for line in data_file.read_text(encoding="ascii").splitlines():
        if not line.startswith("  "):  # the licence stands at the head of every file
            fields = line.split(" ", 4)
            words = fields[4].split(" ", 2 * int(fields[3], 16))[:-1:2]
            yield [word.partition("(")[0] for word in words]


def exceptions(file: Path, forms: Synonyms) -> dict[str, list[str]]:
    """By an irregular form, the base forms that have synonyms."""
    found: dict[str, list[str]] = {}
    for line in file.read_text(encoding="ascii").splitlines():
        irregular, *bases = line.split()
        if WORD.fullmatch(irregular):
            # A later line of the same form replaces an earlier one, as it does in nltk; and a form
            # without any base left is irregular all the same: no rule may be applied to it.
            found[irregular] = [base for base in bases if base in forms]
    return found


def section(part: str, folder: Path) -> Iterator[str]:
    """The lines of one part of speech.

    `= part`, then `form synonym …` (the form itself left out), then `! irregular base …`.
    """
    forms = synonyms(folder / f"data.{part}")
    irregular = exceptions(folder / f"{part}.exc", forms)
    bases = {base for each in irregular.values() for base in each}
    yield f"= {part}"
    for form in sorted(form for form in forms if WORD.fullmatch(form) or form in bases):
        others = sorted(forms[form] - {form})
        # `^` where the form is no synonym of itself: it is a name, written with a capital, or has
        # several words, as the base form of `comics` does.
        mark = [] if form in forms[form] else ["^"]
        yield " ".join([form, *mark, *others])
    for form in sorted(irregular):
        yield " ".join(["!", form, *irregular[form]])


def main() -> None:
    """Writes the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where WordNet's data.noun and its likes are")
    parser.add_argument("--table", type=Path, default=TABLE)
    chosen = parser.parse_args()
    lines = [line for part in PARTS_OF_SPEECH for line in section(part, chosen.folder)]
    text = "\n".join(lines) + "\n"
    chosen.table.parent.mkdir(parents=True, exist_ok=True)
    chosen.table.write_bytes(lzma.compress(text.encode("ascii"), preset=9))
    print(f"{len(lines)} lines, {len(text)} bytes, {chosen.table.stat().st_size} compressed")


if __name__ == "__main__":
    main()
