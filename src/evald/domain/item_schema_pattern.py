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

BACKTRACKS = 3_000
"""Steps back that one search of the backtracking engine may take before it is given up."""

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


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression of a schema and what it costs at most, in nanoseconds."""

    text: str
    size_bytes: int
    character_ns: int
    linear: bool = True  # the linear engine takes it
    searcher: Draft202012Validator | None = None  # for patterns which may run out of steps

    def worst_ns(self, length: int) -> int:
        """What one search in a text of `length` characters takes at most.

        The linear engine looks at each character once. The other one may, for each step forward
        or back, look at all of the rest (measured with `^(?:(?=[^]*b)a)*$`, November 2026).
        """
        if self.searcher is None:
            return length * self.character_ns
        return (BACKTRACKS + length) * length * self.character_ns

    def runs_out_of_steps(self, text: str) -> bool:
        """Whether a search in this text has no answer."""
        if self.searcher is None or self.searcher.is_valid(text):
            return False
        try:
            self.searcher.validate(text)
        except ValidationError as answer:
            return isinstance(answer.kind, UNDECIDED)
        return False


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
        searcher = Draft202012Validator(
            {"pattern": text}, offline=True, pattern_options=FANCY_OPTIONS
        )
    except ValidationError:
        return None
    parts = [(part, _linear_size(part)) for part in _parts_after_lookaheads(text)]
    sizes = [size for _, size in parts if size is not None]
    if parts and len(sizes) == len(parts):
        each_ns = [_character_ns(part, size) for part, size in parts if size is not None]
        return Pattern(text, sum(sizes), sum(each_ns), linear=False)
    step_ns = max(2, _expanded_length(text))
    return Pattern(text, _SIZES[0], step_ns, linear=False, searcher=searcher)


def _linear_size(text: str) -> int | None:
    """The least of our sizes within which the linear engine takes the pattern."""
    for size_bytes in _SIZES:
        options = RegexOptions(size_limit=size_bytes)
        try:
            Draft202012Validator({"pattern": text}, offline=True, pattern_options=options)
        except ValidationError:
            if size_bytes == _SIZES[0] and not _taken_by_linear_engine(text):
                return None
            continue
        return size_bytes
    return None


def _taken_by_linear_engine(text: str) -> bool:
    try:
        Draft202012Validator({"pattern": text}, offline=True, pattern_options=LINEAR_OPTIONS)
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


def _parts_after_lookaheads(text: str) -> list[str]:
    """The lookaheads a pattern begins with and its rest, each as a pattern; [] for any other."""
    if not text.startswith("^"):
        return []
    parts = []
    start = 1
    while text.startswith(("(?=", "(?!"), start):
        end = next((place for place, depth in _depths(text, start) if depth == 0), None)
        if end is None or text[end + 1 : end + 2] in {"*", "+", "?", "{"}:
            return []
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
