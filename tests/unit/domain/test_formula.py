"""What formulas come to.

Operators and functions are documented ("Graders" guide, Multigraders); precedence, the base of
`log`, strictness and limits are ours.
"""

import ast
import math
import operator
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evald.domain.formula import (
    MAX_BYTES,
    MAX_DEPTH,
    FormulaInvalid,
    FormulaUndefined,
    parse_formula,
    work_out,
)

SCORES = {"a": 0.5, "b": 2.0, "zero": 0.0, "größe": 3.0, "min": 7.0, "_x1": 1.0}

FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "ceil": math.ceil,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "max": max,
    "min": min,
    "sqrt": math.sqrt,
}


def value_of(source: str) -> float:
    return work_out(parse_formula(source), SCORES)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("1", 1.0),
        ("0.25", 0.25),
        (".5", 0.5),
        ("2.", 2.0),
        ("1e-3", 0.001),
        ("2E+2", 200.0),
        ("a", 0.5),
        ("größe", 3.0),
        ("_x1", 1.0),
        ("a + b", 2.5),
        ("a - b - 1", -2.5),  # from the left
        ("8 / b / 2", 2.0),
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("2 * 3 + 1", 7.0),
        ("6 / 2 * 3", 9.0),
        ("2 ^ 3 ^ 2", 512.0),  # from the right
        ("(2 ^ 3) ^ 2", 64.0),
        ("-2 ^ 2", -4.0),  # the power first, then the minus
        ("(-2) ^ 2", 4.0),
        ("2 ^ -1", 0.5),
        ("2 ^ -1 ^ 2", 0.5),
        ("2 * 3 ^ 2", 18.0),
        ("-b * 3", -6.0),
        ("3 * -b", -6.0),
        ("3 - -b", 5.0),
        ("--b", 2.0),
        ("-(a + b)", -2.5),
        ("min(3, a, b)", 0.5),
        ("max(3, a, b)", 3.0),
        ("min(a)", 0.5),
        ("min", 7.0),  # a score, as no parenthesis follows
        ("min + min(1, 2)", 8.0),
        ("min (1, 2)", 1.0),
        ("abs(-3)", 3.0),
        ("floor(-1.5)", -2.0),
        ("ceil(-1.5)", -1.0),
        ("floor(1e300)", 1e300),
        ("exp(0)", 1.0),
        ("sqrt(9)", 3.0),
        ("log(exp(1))", 1.0),  # natural
        ("max(min(a, b), abs(-b)) ^ 2", 4.0),
        (" \t\n a\n", 0.5),
        ("0.5*a+0.5*b", 1.25),
        ("(a + b) / 2", 1.25),  # worked by hand: (0.5 + 2) / 2
        ("0 ^ 0", 1.0),
    ],
)
def test_value(source: str, value: float) -> None:
    assert value_of(source) == value


def test_every_value_is_a_float() -> None:
    assert isinstance(value_of("floor(1.5)"), float)
    assert isinstance(work_out(parse_formula("a"), {"a": 1}), float)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "ends where a number, a name or a '(' should be"),
        ("  ", "ends where a number, a name or a '(' should be"),
        ("a +", "ends where a number, a name or a '(' should be"),
        ("+ a", "has '+' at character 1, where a number, a name or a '(' should be"),
        ("2 ** 3", "has '*' at character 4, where a number, a name or a '(' should be"),
        ("()", "has ')' at character 2, where a number, a name or a '(' should be"),
        ("min()", "has ')' at character 5, where a number, a name or a '(' should be"),
        ("min(1,)", "has ')' at character 7, where a number, a name or a '(' should be"),
        ("a b", "has 'b' at character 3, where an operator should be"),
        ("2a", "has 'a' at character 2, where an operator should be"),
        ("a, b", "has ',' at character 2, where an operator should be"),
        ("a < b", "has '<' at character 3, where an operator should be"),
        ("a.b", "has '.' at character 2, where an operator should be"),
        ("a if b else 1", "has 'if' at character 3, where an operator should be"),
        ("a[0]", "has '[' at character 2, where an operator should be"),
        ("٣", "has '٣' at character 1, where a number, a name or a '(' should be"),
        ("(a + b", "ends where the '(' at character 1 should be closed"),
        ("(a, b)", "has ',' at character 3, where the '(' at character 1 should be closed"),
        # The example of the OpenAPI document's schema GraderMulti ends like this.
        ("0.5 * a + 0.5 * b)", "has a ')' at character 18 that closes nothing"),
        ("sqrt(1, 2)", "gives 2 values to 'sqrt' at character 1, which takes one"),
        (
            "__import__('os')",
            "has ''' at character 12, where a number, a name or a '(' should be",
        ),
        ("round(a)", f"calls 'round' at character 1; there are only {', '.join(FUNCTIONS)}"),
        ("1e999", "has the number '1e999' at character 1, which is beyond every float"),
    ],
)
def test_what_is_no_formula_says_where_and_why(source: str, reason: str) -> None:
    with pytest.raises(FormulaInvalid) as caught:
        parse_formula(source)

    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("1 / zero", "divides by zero"),
        ("zero / zero", "divides by zero"),
        ("sqrt(-1)", "asks for 'sqrt' of -1"),
        ("log(zero)", "asks for 'log' of 0"),
        ("(-8) ^ (1 / 3)", "asks for '^' of -8, 0.333333"),  # no complex numbers
        ("zero ^ -1", "asks for '^' of 0, -1"),
        ("exp(1000)", "comes to a number beyond every float at 'exp'"),
        ("10 ^ 400", "comes to a number beyond every float at '^'"),
        ("1e308 * 10", "comes to a number beyond every float at '*'"),
        ("1 / (1e308 * 10)", "comes to a number beyond every float at '*'"),  # nor on the way
    ],
)
def test_a_formula_without_a_finite_value_says_why(source: str, reason: str) -> None:
    with pytest.raises(FormulaUndefined) as caught:
        value_of(source)

    assert caught.value.reason == reason


def test_names_are_those_of_scores_and_not_of_functions() -> None:
    assert parse_formula("min(a, b) + a * max").names == {"a", "b", "max"}


def test_the_length_is_bounded_in_bytes() -> None:
    parse_formula("1" + " " * (MAX_BYTES - 1))

    with pytest.raises(FormulaInvalid, match="has 4097 bytes; at most 4096 are allowed"):
        parse_formula("é" + "1" * (MAX_BYTES - 1))


@pytest.mark.parametrize(
    ("opening", "core", "closing"),
    [("(", "1", ")"), ("abs(", "1", ")"), ("-", "1", ""), ("1^", "1", "")],
)
def test_the_depth_is_bounded(opening: str, core: str, closing: str) -> None:
    def nested(depth: int) -> str:
        return opening * depth + core + closing * depth

    assert abs(value_of(nested(MAX_DEPTH))) == 1.0
    with pytest.raises(FormulaInvalid, match="nested deeper than 64 levels"):
        parse_formula(nested(MAX_DEPTH + 1))


@pytest.mark.parametrize(
    ("term", "total"), [("a", 500.0), ("(1)", 1e3), ("1^1", 1e3), ("-1", -1e3)]
)
def test_a_sum_of_many_terms_is_not_deep(term: str, total: float) -> None:
    assert value_of("+".join([term] * 1_000)) == total


@pytest.mark.parametrize(
    "source", ["1" + " " * 4_095, "(" * 4_096, "1+" * 2_047 + "1", "." * 4_096]
)
def test_reading_takes_no_longer_than_the_text_is_long(source: str) -> None:
    began = time.perf_counter()

    with suppress(FormulaInvalid):
        parse_formula(source)

    assert time.perf_counter() - began < 0.5  # what looks twice at each space took two seconds


def spelled() -> st.SearchStrategy[str]:
    """Formulas that Python can read too, once `^` is written `**`."""
    leaves = st.one_of(
        st.sampled_from(["a", "b", "zero"]),
        st.floats(0, 1e3).map(lambda number: f"{number:.3f}"),
        st.integers(0, 9).map(str),
    )
    return st.recursive(leaves, _larger, max_leaves=12)


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    functions = st.sampled_from(["abs", "floor", "ceil", "exp", "sqrt", "log"])
    return st.one_of(
        st.tuples(inner, st.sampled_from("+-*/^"), inner).map(" ".join),
        st.tuples(inner, st.sampled_from("+-*/^"), inner).map("".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"-{text}"),
        st.tuples(functions, inner).map(lambda two: f"{two[0]}({two[1]})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"min({', '.join(some)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"max({', '.join(some)})"),
    )


OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def worth(node: ast.expr) -> float:
    """What Python's own reading of a formula comes to; an ArithmeticError if that is no float."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name):
            return SCORES[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -worth(operand)
        case ast.BinOp(left=left, op=done, right=right):
            return finite(OPERATORS[type(done)](worth(left), worth(right)))
        case ast.Call(func=ast.Name(id=name), args=args):
            return finite(FUNCTIONS[name](*[worth(each) for each in args]))
        case _:
            raise AssertionError(ast.dump(node))


def finite(value: object) -> float:
    if isinstance(value, complex) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ArithmeticError
    return float(value)


@given(spelled())
@example("-2 ^ 2 ^ -1")
@example("0 ^ 0.5")
@example("1 - 2 - 3 / 4 / 5")
def test_a_formula_comes_to_what_python_comes_to(source: str) -> None:
    tree = ast.parse(source.replace("^", "**"), mode="eval")
    try:
        wanted = worth(tree.body)
    except (ArithmeticError, ValueError):
        with pytest.raises(FormulaUndefined):
            value_of(source)
        return

    assert value_of(source) == wanted


WORDS = [*"ab19.e+-*/^(), \u0663$", "min", "log", "zero", "sqrt("]


@given(st.lists(st.sampled_from(WORDS)).map("".join))
@example("(" * 5_000)
@example("-" * 4_000 + "1")
@example("1^" * 2_000 + "1")
@example("min(" * 1_000)
def test_any_text_has_a_value_or_one_of_two_errors(source: str) -> None:
    scores = dict.fromkeys(["a", "b"], 0.5)

    try:
        formula = parse_formula(source)
        value = work_out(formula, {name: scores.get(name, 2.0) for name in formula.names})
    except (FormulaInvalid, FormulaUndefined):
        return

    assert math.isfinite(value)
