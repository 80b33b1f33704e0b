"""How numbers, times and foreign text are written for human eyes."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue

from evald.domain import exact_json

PREVIEW_CHARS = 240
"""What of a text stands on the page at once; the rest is folded."""

FOLDED_CHARS = 8_000
"""What of a text is folded, at most; a page of items must stay one that opens."""

SLACK_CHARS = 60
"""A rest this short is not worth a fold."""

NAME_CHARS = 160
"""What of a name is shown."""

# Neither a browser nor a printer shows these; a lone surrogate cannot even be sent, and the two
# overrides (U+202D, U+202E) would show what follows in an order that nobody wrote.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e\ud800-\udfff]")
_CONTROL_PICTURES = 0x2400
_MOST_LEVELS = 50
_SPACES = str.maketrans({" ": "·", "\t": "→\t", "\n": "⏎\n", "\u00a0": "⍽"})


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in three parts: shown at once, shown when unfolded, and not on the page at all.

    `left_out` is the size of the last one; all sizes are in characters.
    """

    shown: str
    rest: str
    left_out: int

    @property
    def hidden(self) -> int:
        """How many characters are not shown at once."""
        return len(self.rest) + self.left_out


def fold(text: str, *, at_once: int = PREVIEW_CHARS, folded: int = FOLDED_CHARS) -> Folded:
    """The text, folded where it is long, and cut where it is longer than a page can bear."""
    if len(text) <= at_once + SLACK_CHARS:
        return Folded(text, "", 0)
    shown, rest = text[:at_once], text[at_once : at_once + folded]
    return Folded(shown, rest, len(text) - len(shown) - len(rest))


def cut(text: str) -> Folded:
    """The text as it is shown where one has asked for it: whole, unless no page can bear it."""
    shown = text[: PREVIEW_CHARS + FOLDED_CHARS]
    return Folded(shown, "", len(text) - len(shown))


def clip(text: str) -> str:
    """The text on one line's length: a name has no limit of its own."""
    return text if len(text) <= NAME_CHARS else text[: NAME_CHARS - 1] + "…"


def one_line(text: str, most: int) -> str:
    """The beginning of the text on one line, with one space for each stretch of white space."""
    line = " ".join(text[: 4 * most].split())
    return line if len(line) <= most and len(text) <= 4 * most else line[: most - 1] + "…"


def spaced(text: str) -> str:
    """The text with a sign for each space, tab and line end: graders count them."""
    return text.translate(_SPACES)


def visible(text: str) -> str:
    r"""The text with signs for what has none: `␀` for NUL, `\ud800` for half a surrogate pair.

    Line feeds and tabs stay, since the page shows them; a carriage return is shown as `␍`, because
    graders count it.
    """
    return _UNSEEN.sub(_sign, text)


def _sign(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    return "␡" if code == 0x7F else f"\\u{code:04x}"


def plain(value: JsonValue) -> str:
    """A string as it is, anything else as its JSON, numbers as given."""
    return value if isinstance(value, str) else exact_json.dump(value)


def indented(value: JsonValue, *, level: int = 0) -> str:
    """The JSON of a value over several lines, two spaces a level, numbers as given.

    What lies deeper than 50 levels stays on its line.
    """
    if level > _MOST_LEVELS:
        return exact_json.dump(value)
    if isinstance(value, dict) and value:
        inside = [
            f"{exact_json.dump(key)}: {indented(each, level=level + 1)}"
            for key, each in value.items()
        ]
        return _bracketed("{}", inside, level)
    if isinstance(value, list) and value:
        return _bracketed("[]", [indented(each, level=level + 1) for each in value], level)
    return exact_json.dump(value)


def _bracketed(brackets: str, inside: list[str], level: int) -> str:
    margin = "  " * level
    lines = ",\n".join(f"{margin}  {each}" for each in inside)
    return f"{brackets[0]}\n{lines}\n{margin}{brackets[1]}"


def number(count: int) -> str:
    """The number with a comma at each thousand: `1,877`."""
    return f"{count:,}"


def counted(count: int, noun: str) -> str:
    """So many of a thing: `1 row`, `1,877 rows`."""
    return f"{number(count)} {noun}" if count == 1 else f"{number(count)} {noun}s"


def rate(part: int, whole: int) -> str:
    """The part in percent with one decimal: `73.0 %`; a dash of nothing.

    Only all is `100.0 %`, and only none is `0.0 %`: what would be rounded to either is said to be
    more or less than the nearest one short of it. 9,999 of 10,000 are `> 99.9 %`.
    """
    return percents(part / whole if whole else None)


def percents(share: float | None) -> str:
    """A share of 1 in percent with one decimal: `73.0 %`; a dash where there is none.

    Only 1 is `100.0 %`, and only 0 is `0.0 %`.
    """
    if share is None:
        return "–"
    percent = f"{100 * share:.1f}"
    if percent == "100.0" and share < 1:
        return "> 99.9 %"
    if percent == "0.0" and share > 0:
        return "< 0.1 %"
    return f"{percent} %"


def interval(low: float, high: float) -> str:
    """The two ends of shares of 1, in percent without the sign: `66.5–78.7`."""
    return f"{100 * low:.1f}–{100 * high:.1f}"


def size(count: int) -> str:
    """So many bytes in the unit that suits them, three digits of it: `812 B`, `1.44 MB`."""
    amount, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 999.5 or unit == "TB":
            break
        amount /= 1_000
    return f"{count} B" if unit == "B" else f"{amount:.3g} {unit}"


def minute(seconds: int) -> str:
    """The moment in UTC, to the minute, as tables have it: `2026-11-21 22:51`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def score(value: float) -> str:
    """The score with three decimals, on the grader's own scale."""
    return f"{value:.3f}"


def utc(seconds: int) -> str:
    """The moment in UTC: `2026-11-21 22:51:03 UTC`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"


def iso(seconds: int) -> str:
    """The moment as machines read it: `2026-11-21T22:51:03Z`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def duration(seconds: int) -> str:
    """The length in its two largest units: `1 h 2 min`, `3 min 5 s`, `12 s`; `less than 1 s`."""
    if seconds < 1:
        return "less than 1 s"
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def took(seconds: float) -> str:
    """How long a call took, as closely as one wants to know: `420 ms`, `4.20 s`, `1 min 5 s`."""
    if seconds < 1:
        return f"{1_000 * seconds:.0f} ms"
    return f"{seconds:.2f} s" if seconds < 60 else duration(int(seconds))
