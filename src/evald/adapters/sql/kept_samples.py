"""In which text a sample is kept: what its item says too stands in the item alone."""

import re

# What follows is how samples lie on disks. To change it needs another mark.
_LEAST = 64
_MOST = 8
_SIGNS = ":,[]{}/"
_MARK = re.compile(r"\\/([0-7])\\/")


def told_once(sample: str, item: str) -> str:
    r"""The sample, with a mark for each long text of its item, where that stands in it first.

    Both are JSON as we write it, and so is what comes back. `\/0\/` is the mark of the item's first
    long text, and so on: in JSON a slash may be escaped, and we never do.
    """
    for number, text in enumerate(_long_texts(item)):
        sample = sample.replace(text, rf"\/{number}\/", 1)
    return sample


def told_in_full(kept: str, item: str) -> str:
    """The sample of which this was kept; it is longer by no more than the item is long."""
    if r"\/" not in kept:
        return kept
    texts = _long_texts(item)
    return _MARK.sub(lambda mark: texts[int(mark[1])], kept)


def _long_texts(item: str) -> list[str]:
    """The item's first long texts, as they are written: its strings, or what quotes leave of them.

    None begins with a sign: what stands between strings does, and with a slash, marks end.
    """
    return [
        text
        for part in item.split('"')
        # Without the backslash that belongs to the quote behind it.
        if len(part) >= _LEAST
        and part[0] not in _SIGNS
        and len(text := part.rstrip("\\")) >= _LEAST
    ][:_MOST]
