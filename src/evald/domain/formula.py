"""Formulas: the arithmetic of `calculate_output`, parsed once and worked out per row."""

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

MAX_BYTES = 4_096
"""How long a formula may be. Source: ours (not documented)."""

MAX_DEPTH = 64
"""So deep may parentheses, calls, powers and minus signs stand inside one another. Source: ours."""


class FormulaInvalid(Exception):
    """A text that is no formula; `reason` is the end of a sentence, "it …"."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The formula cannot be used: it {reason}.")
        self.reason = reason


class FormulaUndefined(Exception):
    """A formula that has no finite value for these scores; `reason` ends a sentence, "it …"."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The formula has no value: it {reason}.")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Operation:
    """What replaces the last `arity` values by one. `symbol` is how a formula writes it."""

    symbol: str
    arity: int
    work: Callable[[list[float]], float]


Step = float | str | Operation
"""A number, the score of a name, or what is done with the values before it."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula in the order in which it is worked out: operands before what is done with them.

    In that form a sum of a thousand terms needs no more depth than one of two. `names` are the
    scores it needs.
    """

    steps: tuple[Step, ...]
    names: frozenset[str]


@lru_cache(maxsize=1_024)
def parse_formula(source: str) -> Formula:
    """The formula that a text spells.

    Numbers, names, `+ - * / ^`, unary minus, parentheses, and `min max abs floor ceil exp sqrt log`
    with their arguments in parentheses; `min` and `max` take one or more, the others one. As in
    Python, `^` (its `**`) groups from the right and binds closer than a minus before it:
    `-2 ^ 2` is -4, `2 ^ -1` is 0.5, `2 ^ 3 ^ 2` is 512. A name followed by a parenthesis is a
    function, any other one a score.

    Raises:
        FormulaInvalid: the text is none, too long, or nested too deep.
    Source: OpenAI, "Graders" guide (operators and functions); precedence is not documented.
    """
    size_bytes = len(source.encode("utf-8", "replace"))
    if size_bytes > MAX_BYTES:
        reason = f"has {size_bytes} bytes; at most {MAX_BYTES} are allowed"
        raise FormulaInvalid(reason)
    return _Parser(source).parsed()


def work_out(formula: Formula, scores: Mapping[str, float]) -> float:
    """The value of the formula for these scores, which hold every one of its names.

    It is worked out in floats, and no value on the way may leave them: what is too large does not
    become infinite, and a power that has no real value does not become complex.

    Raises:
        FormulaUndefined: a division by zero, an overflow, or a function outside of its domain.
    """
    values: list[float] = []
    for step in formula.steps:
        if isinstance(step, str):
            values.append(float(scores[step]))
        elif isinstance(step, Operation):
            first = len(values) - step.arity
            values[first:] = [_done(step, values[first:])]
        else:
            values.append(step)
    return values[0]


def _done(step: Operation, operands: list[float]) -> float:
    try:
        value = step.work(operands)
    except ZeroDivisionError:
        raise FormulaUndefined("divides by zero") from None
    except OverflowError:
        value = math.inf
    except ValueError:
        given = ", ".join([f"{each:g}" for each in operands])
        raise FormulaUndefined(f"asks for '{step.symbol}' of {given}") from None
    if not math.isfinite(value):
        reason = f"comes to a number beyond every float at '{step.symbol}'"
        raise FormulaUndefined(reason)
    return value


def _of_one(work: Callable[[float], float]) -> Callable[[list[float]], float]:
    return lambda values: float(work(values[0]))


_MINUS = Operation("-", 1, _of_one(operator.neg))
# Not `**`, which makes complex numbers of negative ones.
_POWER = Operation("^", 2, lambda values: math.pow(values[0], values[1]))
_LOOSEST, _SUM, _PRODUCT, _SIGNED = range(4)
"""How close operators bind, with the loosest first; a power binds closer than all."""

_LEFTWARD = {
    "+": (_SUM, Operation("+", 2, lambda values: values[0] + values[1])),
    "-": (_SUM, Operation("-", 2, lambda values: values[0] - values[1])),
    "*": (_PRODUCT, Operation("*", 2, lambda values: values[0] * values[1])),
    "/": (_PRODUCT, Operation("/", 2, lambda values: values[0] / values[1])),
}
"""What groups from the left, and how close it binds."""

_OF_ONE = {
    "abs": _of_one(abs),
    "ceil": _of_one(math.ceil),
    "exp": _of_one(math.exp),
    "floor": _of_one(math.floor),
    "log": _of_one(math.log),
    "sqrt": _of_one(math.sqrt),
}
_OF_MANY: dict[str, Callable[[list[float]], float]] = {"max": max, "min": min}
_FUNCTIONS = ", ".join(sorted((*_OF_ONE, *_OF_MANY)))

# Names may have letters of any script, numbers only the ten digits of ASCII.
_TOKEN = re.compile(
    r"(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W\d]\w*)|(?P<sign>\S)"
)


@dataclass(frozen=True, slots=True)
class _Token:
    """One word of a formula, and the character at which it begins, counted from 1."""

    kind: str
    text: str
    place: int

    def __str__(self) -> str:
        return f"'{self.text[:40]}' at character {self.place}"


_END = _Token("end", "", 0)


def _tokens(source: str) -> Iterator[_Token]:
    for found in _TOKEN.finditer(source):
        kind = str(found.lastgroup)
        yield _Token(kind, found[kind], found.start(kind) + 1)


class _Parser:
    """Reads a formula from left to right; each operator stops what binds no closer than it.

    Source: V. Pratt, "Top Down Operator Precedence", POPL 1973.
    """

    def __init__(self, source: str) -> None:
        self._tokens = _tokens(source)
        self._now = next(self._tokens, _END)
        self._steps: list[Step] = []
        self._depth = 0

    def parsed(self) -> Formula:
        self._expression(_LOOSEST)
        if self._now.text == ")":
            reason = f"has a {self._now} that closes nothing"
            raise FormulaInvalid(reason)
        if self._now is not _END:
            raise _unexpected(self._now, "an operator should be")
        names = frozenset(step for step in self._steps if isinstance(step, str))
        return Formula(tuple(self._steps), names)

    def _take(self) -> _Token:
        taken, self._now = self._now, next(self._tokens, _END)
        return taken

    def _expression(self, looser: int) -> None:
        """Reads an operand and every operator after it that binds closer than `looser`."""
        self._operand()
        while (found := _LEFTWARD.get(self._now.text)) and found[0] > looser:
            self._take()
            self._expression(found[0])
            self._steps.append(found[1])

    def _nested(self, looser: int) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            reason = f"is nested deeper than {MAX_DEPTH} levels"
            raise FormulaInvalid(reason)
        self._expression(looser)
        self._depth -= 1

    def _operand(self) -> None:
        if self._now.text == "-":
            self._take()
            self._nested(_SIGNED)
            self._steps.append(_MINUS)
            return
        self._primary()
        if self._now.text == "^":
            self._take()
            self._nested(_SIGNED)
            self._steps.append(_POWER)

    def _primary(self) -> None:
        token = self._take()
        if token.kind == "number":
            self._steps.append(_number(token))
        elif token.kind == "name" and self._now.text == "(":
            self._call(token)
        elif token.kind == "name":
            self._steps.append(token.text)
        elif token.text == "(":
            self._nested(_LOOSEST)
            self._close(token)
        else:
            raise _unexpected(token, "a number, a name or a '(' should be")

    def _call(self, name: _Token) -> None:
        opening, arity = self._take(), 1
        self._nested(_LOOSEST)
        while self._now.text == ",":
            self._take()
            self._nested(_LOOSEST)
            arity += 1
        self._close(opening)
        self._steps.append(_operation(name, arity))

    def _close(self, opening: _Token) -> None:
        if self._now.text != ")":
            raise _unexpected(self._now, f"the {opening} should be closed")
        self._take()


def _unexpected(token: _Token, wanted: str) -> FormulaInvalid:
    met = "ends" if token is _END else f"has {token},"
    return FormulaInvalid(f"{met} where {wanted}")


def _number(token: _Token) -> float:
    number = float(token.text)
    if math.isinf(number):
        reason = f"has the number {token}, which is beyond every float"
        raise FormulaInvalid(reason)
    return number


def _operation(name: _Token, arity: int) -> Operation:
    if name.text in _OF_MANY:
        return Operation(name.text, arity, _OF_MANY[name.text])
    if name.text not in _OF_ONE:
        reason = f"calls {name}; there are only {_FUNCTIONS}"
        raise FormulaInvalid(reason)
    if arity != 1:
        reason = f"gives {arity} values to {name}, which takes one"
        raise FormulaInvalid(reason)
    return Operation(name.text, 1, _OF_ONE[name.text])
