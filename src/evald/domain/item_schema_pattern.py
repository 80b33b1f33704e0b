"""What looking for one `pattern` of a schema in a text may cost."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from jsonschema_rs import (
    Draft202012Validator,
    FancyRegexOptions,
    RegexOptions,
    ValidationError,
    ValidationErrorKind,
)

BACKTRACKS = 10_000
"""Steps back that one search of the backtracking engine may take before it is given up."""

_FEW_BACKTRACKS = 100  # nearly every search takes fewer

MAX_SIZE_BYTES = 4 * 1024 * 1024
"""Compiled size of the largest pattern we take: `\\p{L}{1,50}` has it, `\\w{1,5000}` a quarter."""

MAX_CHARACTERS = 10_000
"""Length of the longest pattern we read."""

_SIZES: list[int] = [1024 * 4**step for step in range(7)]  # 1 KiB to MAX_SIZE_BYTES

# One token of a regular expression: a class, an escape, the opening of a group, a count, a sign.
_TOKEN = re.compile(
    r"""(?P<atom> \[\^?\]?(?:\\.|[^\]\\])*\] | \\[pP]\{[^}]*\} | \\. )
      | (?P<open> \((?:\?(?:[:=!>]|<[=!]|P?<\w+>|[a-z-]*:?))? )
      | (?P<count> \{\d+(?:,(?P<upto>\d*))?\} )
      | (?P<sign> . )""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """A regular expression of a schema, and how to find out what a search for it takes.

    A pattern with trials may take long, or run out of steps. If a trial has an answer for a text,
    so will every later search in it, and in no more steps.
    """

    text: str
    size_bytes: int
    character_ns: int  # at most, for each character of a text; without trials
    is_linear: bool = True  # the linear engine takes it
    trials: tuple["Trial", ...] = ()  # the shorter one first


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A search by the backtracking engine, up to a number of steps back."""

    backtracks: int
    positions: int
    looks_far: bool  # one step may look at all of the rest of the text
    validator: Draft202012Validator

    def worst_ns(self, length: int) -> int:
        """What it takes at most, after `^(?:(?=.*b)a)*$` and the like, November 2026."""
        step_ns = self.positions * (length if self.looks_far else 50)
        return (self.backtracks + length) * step_ns

    def has_answer(self, text: str) -> bool:
        """Whether the search comes to an end."""
        try:
            self.validator.validate(text)
        except ValidationError as answer:
            return not isinstance(answer.kind, UNDECIDED)
        return True


UNDECIDED = (ValidationErrorKind.BacktrackLimitExceeded, ValidationErrorKind.RegexEngineFailure)
"""The kinds of "error" that say a search has no answer."""

FANCY_OPTIONS = FancyRegexOptions(backtrack_limit=BACKTRACKS, size_limit=MAX_SIZE_BYTES)
LINEAR_OPTIONS = RegexOptions(size_limit=MAX_SIZE_BYTES)


@lru_cache(maxsize=1_024)
def read_pattern(text: str) -> Pattern | None:
    r"""The pattern with its costs, or None where it is no regular expression we can search with.

    Whatever the linear engine takes is searched with it, however it looks: `^(a+)+$` costs nothing
    there. Lookaround and back references need the other engine; lookaheads that stand first, as
    in `^(?=.*\d)(?!.*secret).{8,}$`, are as cheap there as each of their parts.
    """
    if len(text) > MAX_CHARACTERS:
        return None
    size_bytes = _linear_size(text)
    if size_bytes is not None:
        return Pattern(text, size_bytes, _character_ns(text, size_bytes))
    try:
        trials = (_trial(text, _FEW_BACKTRACKS), _trial(text, BACKTRACKS))
    except ValidationError:
        return None
    parts = _parts_after_lookaheads(text)
    sizes = [size for part in parts if (size := _linear_size(part)) is not None]
    if parts and len(sizes) == len(parts):
        each_ns = map(_character_ns, parts, sizes)
        return Pattern(text, sum(sizes), sum(each_ns), is_linear=False)
    return Pattern(text, _SIZES[0], 0, is_linear=False, trials=trials)


def _trial(text: str, backtracks: int) -> Trial:
    options = FancyRegexOptions(backtrack_limit=backtracks, size_limit=MAX_SIZE_BYTES)
    validator = Draft202012Validator({"pattern": text}, offline=True, pattern_options=options)
    return Trial(backtracks, max(2, _expanded_length(text)), _looks_far(text), validator)


def _linear_size(text: str) -> int | None:
    """The least of our sizes within which the linear engine takes the pattern."""
    return next((size_bytes for size_bytes in _SIZES if _is_linear(text, size_bytes)), None)


def _is_linear(text: str, size_bytes: int) -> bool:
    options = RegexOptions(size_limit=size_bytes)
    try:
        Draft202012Validator({"pattern": text}, offline=True, pattern_options=options)
    except ValidationError:
        return False
    return True


def _character_ns(text: str, size_bytes: int) -> int:
    """What the linear engine takes for one character, at most.

    With few positions every state it can come to fits into its cache: 1 to 10 ns. Otherwise it
    may have to follow all positions at once: 20 to 100 ns each, and never more than 350 ns for
    each KiB of its program (measured with `.*a.{n}c` and the like, November 2026).
    """
    positions = _expanded_length(text)
    if positions <= 8:
        return 10
    return min(100 * positions, 350 * size_bytes // 1024)


def _expanded_length(text: str) -> int:
    """How many characters and classes the pattern has once `{n}` is written out."""
    groups = [0]
    last = 0
    for token in _TOKEN.finditer(text):
        if token["open"]:
            groups.append(0)
        elif token["sign"] == ")" and len(groups) > 1:
            last = groups.pop()
            groups[-1] += last
        elif token["count"]:
            numbers = [int(number) for number in re.findall(r"\d{1,9}", token["count"])]
            groups[-1] += last * (max(1, *numbers) - 1)
        elif token["atom"] or token["sign"] not in "^$|*+?)":
            last = 1
            groups[-1] += last
    return sum(groups)


def _looks_far(text: str) -> bool:
    """Whether a step can take as long as the text is.

    It cannot where all that repeats without end is groups with a lookaround inside, which go on
    step by step: `^((?!word).)*$`. Anything else may be handed to the linear engine as a whole.
    """
    looks_around = [False]  # for each group that is open here
    behind_lookaround = False
    for token in _TOKEN.finditer(text):
        endless = token["sign"] in {"*", "+"} or (token["count"] and token["upto"] == "")
        if endless and not behind_lookaround:
            return True
        if token["atom"] and token["atom"][1:2] in "123456789k":
            return True  # a reference to what another group has found
        behind_lookaround = False
        if token["open"]:
            looks_around.append(token["open"] in {"(?=", "(?!", "(?<=", "(?<!"})
        elif token["sign"] == ")" and len(looks_around) > 1:
            behind_lookaround = looks_around.pop()
            looks_around[-1] |= behind_lookaround
    return False


def _parts_after_lookaheads(text: str) -> list[str]:
    """The lookaheads a pattern begins with and its rest, each as a pattern; [] for any other."""
    if not text.startswith("^"):
        return []
    parts = []
    start = 1
    while text.startswith(("(?=", "(?!"), start):
        end = next((place for place, depth in _depths(text, start) if depth == 0), len(text))
        parts.append(f"^(?:{text[start + 3 : end]})")
        start = end + 1
    rest = text[start:]
    if not parts or any(rest[place] == "|" and depth == 0 for place, depth in _depths(rest, 0)):
        return []
    return [*parts, f"^(?:{rest})"]


def _depths(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Each sign from `start` on, and how deep in groups one is behind it."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        if token["open"]:
            depth += 1
        elif token["sign"] == ")":
            depth -= 1
        yield token.start(), depth
