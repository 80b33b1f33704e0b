"""How two texts differ, word by word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["same", "removed", "added"]

MOST_CELLS = 64_000_000
"""Words of the one times words of the other, beyond which texts are not compared: 8 MB, 0.1 s."""

MOST_CHARACTERS = 400_000
"""Of both texts together, beyond which they are not even cut into words."""

# Ideographs, kana and syllables stand without spaces between words: each is one of its own.
_ALONE = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_ALONE}]|[^\W{_ALONE}]+|\s+|[^\w\s]")

_Block = tuple[Kind, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text that both have, or that was removed from the one or added in the other."""

    kind: Kind
    text: str


def word_diff(before: str, after: str) -> list[Piece] | None:
    """The pieces of which both texts are made, in order; None of texts too large to be compared.

    What is removed stands before what is added in its place. Without the added pieces they are
    `before`, without the removed ones `after`. As few words as possible differ; but space alone
    between two changes is part of them, since words in their company are easier to read.
    """
    if before == after:
        return [Piece("same", before)] if before else []
    if len(before) + len(after) > MOST_CHARACTERS:
        return None
    one, other = _WORD.findall(before), _WORD.findall(after)
    head = _common(one, other)
    tail = _common(one[head:][::-1], other[head:][::-1])
    old, new = one[head : len(one) - tail], other[head : len(other) - tail]
    if len(old) * len(new) > MOST_CELLS:
        return None
    blocks: list[_Block] = [("same", one[:head]), *_blocks(old, new)]
    return list(_joined([*blocks, ("same", one[len(one) - tail :])]))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """With how many equal words both begin."""
    for count, (mine, theirs) in enumerate(zip(one, other, strict=False)):
        if mine != theirs:
            return count
    return min(len(one), len(other))


def _blocks(old: Sequence[str], new: Sequence[str]) -> list[_Block]:
    """The words of both, as many as possible the same: by a longest common subsequence."""
    rows = _rows(old, new)
    blocks: list[_Block] = []
    place, other = len(old), len(new)
    while place and other:
        if old[place - 1] == new[other - 1]:
            place, other = place - 1, other - 1
            blocks.append(("same", old[place : place + 1]))
        elif rows[other] >> (place - 1) & 1:
            place -= 1
            blocks.append(("removed", old[place : place + 1]))
        else:
            other -= 1
            blocks.append(("added", new[other : other + 1]))
    return [("removed", old[:place]), ("added", new[:other]), *reversed(blocks)]


def _rows(old: Sequence[str], new: Sequence[str]) -> list[int]:
    """A number for each beginning of `new`, which tells how many words of `old` it shares.

    Its bit i is 0 where it shares one word more with `old[: i + 1]` than with `old[:i]`.

    Source: H. Hyyrö, "Bit-Parallel LCS-length Computation Revisited", 2004.
    """
    places: dict[str, int] = {}
    for place, word in enumerate(old):
        places[word] = places.get(word, 0) | 1 << place
    mask = (1 << len(old)) - 1
    row, rows = mask, [mask]
    for word in new:
        met = row & places.get(word, 0)
        row = (row + met | row - met) & mask
        rows.append(row)
    return rows


def _joined(blocks: Sequence[_Block]) -> Iterator[Piece]:
    """The blocks as pieces: each change, and then what is the same after it."""
    removed: list[str] = []
    added: list[str] = []
    same: list[str] = []
    for kind, words in blocks:
        if kind == "same":
            same += words
            continue
        if same and (removed or added) and "".join(same).isspace():
            removed += same
            added += same
            same = []
        elif same:
            yield from _pieces(removed, added, same)
            removed, added, same = [], [], []
        (removed if kind == "removed" else added).extend(words)
    yield from _pieces(removed, added, same)


def _pieces(removed: list[str], added: list[str], same: list[str]) -> Iterator[Piece]:
    if removed:
        yield Piece("removed", "".join(removed))
    if added:
        yield Piece("added", "".join(added))
    if same:
        yield Piece("same", "".join(same))
