"""Blocks of logs: which logs of a stretch of numbers may have a term, a bit each."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evald.domain.logs.terms import LogKind, Term

SHARED_KEYS = 64
"""Terms that few logs of a block have share their bits: so many for each block."""

FEW = 16
"""A term that fewer logs of a block have gets no bits of its own there."""


@dataclass(frozen=True, slots=True)
class LogBlock:
    """The logs with these numbers, both included, and what they may be found by.

    `bits` has integers by key: bit n is set where the log `first_seq + n` may have the term. A term
    without bits of its own is among those of its shared key. `first_created` and `last_created`
    are the earliest and the latest second of these logs.
    """

    first_seq: int
    last_seq: int
    first_created: int
    last_created: int
    bits: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class LogFrontier:
    """How far logs are there: the last number that was seen, and who may still bring lower ones.

    `is_amended` says that metadata of logs in blocks have changed.
    """

    last_seq: int
    writers: frozenset[str] = frozenset()
    is_amended: bool = False


def settled_seq(before: LogFrontier, now: LogFrontier) -> int:
    """The number up to which no log can come any more, by what was seen before and is now.

    Where several write at once, a log may come after one with a higher number; but nobody who was
    not writing when a number was seen can bring one that is lower.
    """
    if not now.writers:
        return now.last_seq
    return 0 if before.writers & now.writers else before.last_seq


def term_key(project_id: str, kind: LogKind, term: Term) -> int:
    """The term of this project's logs as a number of 63 bits; two terms may have one."""
    words = f"{project_id}\0{kind}\0{term.field}\0{term.value}"
    digest = hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


def shared_key(key: int) -> int:
    """The key whose bits are set for the term where it has none of its own."""
    return key % SHARED_KEYS


def bits_of_block(having: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """The bits by key, of the places in the block that have each term, by its key."""
    found: dict[int, int] = {}
    for key, places in having.items():
        kept_as = key if len(places) >= FEW else shared_key(key)
        bits = found.get(kept_as, 0)
        for place in places:
            bits |= 1 << place
        found[kept_as] = bits
    return found


def key_for(bits: Mapping[int, int], key: int) -> int:
    """The key that the term's bits of this block stand under."""
    return key if key in bits else shared_key(key)


def may_have(bits: Mapping[int, int], groups: Iterable[Sequence[int]]) -> int:
    """The bits of those logs that may have a term of each group, by the terms' keys.

    Every log that has them is among these. There is at least one group.
    """
    found = -1
    for keys in groups:
        any_of = 0
        for key in keys:
            any_of |= bits.get(key_for(bits, key), 0)
        found &= any_of
        if not found:
            break
    return found


def places_in(bits: int) -> list[int]:
    """The places of the bits that are set, ascending."""
    return [place for place, digit in enumerate(f"{bits:b}"[::-1]) if digit == "1"]
