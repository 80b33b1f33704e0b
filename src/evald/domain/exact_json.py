"""JSON in which every number keeps the text it was written with."""

import hashlib
import json
import re
from json.encoder import encode_basestring
from typing import Self

import orjson
from pydantic import JsonValue

MAX_INT_DIGITS = 4_300
"""Beyond this many digits Python refuses to turn text into an int, since it takes long."""

MAX_DEPTH = 256
"""Lists and objects may stand inside one another this deep; what walks them calls itself."""

MAX_VALUES = 250_000
"""A text may hold so many values: each takes a hundred bytes and more, and time in all that walks
them, which for as many brackets as fit into 32 MiB was minutes.
"""

_TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels"
_TOO_MANY = f"holds more than {MAX_VALUES:,} values"
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)|[\[\]{},]', re.DOTALL)
# Every branch begins with a digit: three beginnings would take eight times as long over text.
_INEXACT = re.compile(rb"[0-9](?:[0-9]{18}|[.eE]|(?<=-0))")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class ExactFloat(float):
    """A number that is not a (short) integer, with the text it had.

    It counts as its nearest float and is written as its text: 15.0 stays apart from 15, and 0.10
    from 0.1. An integer of more than 4,300 digits is one of these too, and so is -0.
    """

    __slots__ = ("text",)

    text: str

    def __new__(cls, text: str) -> Self:
        """The number that `text`, a JSON number, stands for."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __reduce__(self) -> tuple[type["ExactFloat"], tuple[str]]:
        """Copies and pickles keep the text."""
        return (ExactFloat, (self.text,))


def _exact_int(text: str) -> int | ExactFloat:
    # An int has no negative zero: "-0" would be written as "0".
    return int(text) if len(text) <= MAX_INT_DIGITS and text != "-0" else ExactFloat(text)


def _refuse_constant(name: str) -> JsonValue:
    message = f"{name} is not JSON"
    raise ValueError(message)


DECODER = json.JSONDecoder(
    parse_float=ExactFloat, parse_int=_exact_int, parse_constant=_refuse_constant
)

CHECKING_DECODER = json.JSONDecoder(parse_int=_exact_int, parse_constant=_refuse_constant)
"""Reads values that are only checked, their text being kept beside: fractions as plain floats,
which takes a tenth of the time.
"""


def parse(text: str) -> JsonValue:
    """The value of a JSON text. Of a key that stands twice, the last value counts.

    Raises:
        ValueError: the text is not JSON (`json.JSONDecodeError` has the place), holds NaN or an
            infinity, is nested deeper than 256 levels, or holds more than 250,000 values.
    """
    if is_dense(text):
        refuse_many(text, 0)
    try:
        value: JsonValue = DECODER.decode(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    refuse_depth(value, brackets=text.count("[") + text.count("{"))
    return value


def parse_bytes(content: bytes) -> JsonValue:
    """The value of a JSON text in UTF-8, as `parse` has it. A byte order mark is left out.

    What holds no number but short integers is read by orjson, in a tenth of the time.

    Raises:
        ValueError: as `parse` has it, or the text is not UTF-8.
    """
    if len(content) > MAX_VALUES or _INEXACT.search(content):
        return parse(content.decode("utf-8-sig"))
    try:
        value: JsonValue = orjson.loads(content)
    except orjson.JSONDecodeError:  # the other parser knows halves of characters, and says more
        return parse(content.decode("utf-8-sig"))
    refuse_depth(value, brackets=content.count(b"[") + content.count(b"{"))
    return value


def parse_kept(text: str) -> JsonValue:
    """The value of a text that is kept, however deep and large, most fractions as plain floats.

    For what is compared or counted, and not written again.

    Raises:
        json.JSONDecodeError: it is not JSON, and so nothing that we kept.
    """
    try:
        value: JsonValue = orjson.loads(text)
    except orjson.JSONDecodeError:  # halves of characters, numbers beyond floats, great depth
        value = DECODER.decode(text)
    return value


def is_dense(text: str) -> bool:
    """Whether a value in the text could be of more than 250,000 values; for nearly none it is."""
    if len(text) <= MAX_VALUES:
        return False
    return sum(text.count(sign) for sign in ",[{") >= MAX_VALUES


def refuse_many(text: str, begin: int) -> None:
    """Nothing, if the JSON value that begins there holds at most 250,000 values, itself included.

    To be asked before a dense text is parsed. An empty list or object counts as two.

    Raises:
        ValueError: it holds more.
    """
    values, depth = 1, 0
    for token in _TOKEN.finditer(text, begin):
        sign = token[0][0]
        depth += (sign in "[{") - (sign in "]}")
        values += sign in ",[{"
        if values > MAX_VALUES:
            raise ValueError(_TOO_MANY)
        if depth <= 0:
            return


def refuse_depth(value: JsonValue, brackets: int) -> None:
    """Nothing, for a value of at most 256 levels.

    Args:
        brackets: how many opening brackets its text has, which settles nearly every value.

    Raises:
        ValueError: the value is nested deeper.
    """
    if brackets <= MAX_DEPTH:
        return
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise ValueError(_TOO_DEEP)


def _inside(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def dump(value: JsonValue) -> str:
    """Compact JSON text of a value, keys in their order, numbers as given.

    The text can always be encoded as UTF-8: a lone surrogate is written as its escape.
    """
    return dump_bytes(value).decode()


def dump_bytes(value: JsonValue) -> bytes:
    """The text of `dump` in UTF-8."""
    try:
        return orjson.dumps(value, default=_number_as_given)
    except orjson.JSONEncodeError:  # a lone surrogate, or an integer of more than 64 bits
        return _encodable(_text(value, sort_keys=False)).encode()


def canonical(value: JsonValue) -> str:
    """The one text of a value by which it is recognised: keys sorted, no spaces, numbers as given.

    Example: `{"b": 1.0, "a": "ü"}` becomes `{"a":"ü","b":1.0}`.
    """
    return _canonical_bytes(value).decode()


def content_hash(value: JsonValue) -> str:
    """The SHA-256, in hexadecimal, of the canonical text in UTF-8."""
    return hashlib.sha256(_canonical_bytes(value)).hexdigest()


def _canonical_bytes(value: JsonValue) -> bytes:
    try:
        return orjson.dumps(value, default=_number_as_given, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return _encodable(_text(value, sort_keys=True)).encode()


def _number_as_given(value: object) -> orjson.Fragment:
    if isinstance(value, ExactFloat):
        return orjson.Fragment(value.text)
    raise TypeError


def _encodable(text: str) -> str:
    if text.isascii():
        return text
    return _LONE_SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _text(value: JsonValue, *, sort_keys: bool) -> str:
    if isinstance(value, str):
        return encode_basestring(value)
    if isinstance(value, dict):
        pairs = sorted(value.items()) if sort_keys else value.items()
        inside = [f"{encode_basestring(k)}:{_text(v, sort_keys=sort_keys)}" for k, v in pairs]
        return "{" + ",".join(inside) + "}"
    if isinstance(value, list):
        return "[" + ",".join([_text(each, sort_keys=sort_keys) for each in value]) + "]"
    return _scalar_text(value)


def _scalar_text(value: float | None) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, ExactFloat):
        return value.text
    return repr(value)
