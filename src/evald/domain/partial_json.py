"""Partial JSON: whether a fault, or a value's end, may be owed to text that has not come yet."""

import json
import re

LONGEST_TOKEN = 12
"""A text that ends inside a token is found wrong at most this far from its end.

The longest is the spelled-out pair of surrogates, of twelve characters. Strings are longer, and
have a message of their own.
"""

_NUMBER_END = re.compile(r"[-+.0-9eE]*")


def is_cut(text: str, fault: json.JSONDecodeError) -> bool:
    """Whether the fault may be that the text ends too early, not that it is wrong."""
    near_end = fault.pos >= len(text) - LONGEST_TOKEN
    return near_end or fault.msg.startswith("Unterminated string")


def is_whole(text: str, end: int) -> bool:
    """Whether more text could not make the value that ends here a longer one: numbers only."""
    if end < len(text) - LONGEST_TOKEN or text[end - 1] in '}]"':
        return True
    number = _NUMBER_END.match(text, end)
    return number is None or number.end() < len(text)
