"""How long a file and a function may grow."""

import ast
from pathlib import Path

from tests.house.project import PACKAGE, parsed, python_files, shown

FILE_LINES = 400
FUNCTION_LINES = 40

EXEMPT: dict[str, str] = {}  # path from the root → why this one may be longer

Function = ast.FunctionDef | ast.AsyncFunctionDef


def file_lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def function_lines(function: Function) -> int:
    """Lines from `def` to the last one, the docstring apart: a long explanation is no fault."""
    assert function.end_lineno is not None
    whole = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function, clean=False) is None:
        return whole
    docstring = function.body[0]
    assert docstring.end_lineno is not None
    return whole - (docstring.end_lineno - docstring.lineno + 1)


def functions(path: Path) -> list[Function]:
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return [node for node in ast.walk(parsed(path)) if isinstance(node, kinds)]


def too_long(path: Path) -> list[str]:
    found = [
        f"{shown(path, function.lineno)} {function.name}: {lines} lines"
        for function in functions(path)
        if (lines := function_lines(function)) > FUNCTION_LINES
    ]
    if (lines := file_lines(path)) > FILE_LINES:
        found.append(f"{shown(path)}: {lines} lines")
    return found


def test_no_file_and_no_function_is_above_its_ceiling() -> None:
    """A file of more than 400 lines holds two things; a function of more than 40, two thoughts.

    The tangled projects differ from the clear ones in their worst file and worst function, not in
    their usual one, and both got there a few lines at a time.
    """
    found = [
        line
        for path in python_files(PACKAGE)
        if shown(path) not in EXEMPT
        for line in too_long(path)
    ]

    assert found == []


def test_no_exemption_outlives_its_need() -> None:
    """A table of exemptions that nobody clears is a second, higher ceiling."""
    needless = [path for path in EXEMPT if not too_long(PACKAGE.parents[1] / path)]

    assert needless == []


def test_a_docstring_does_not_count() -> None:
    tree = ast.parse('def f():\n    """One.\n\n    Two.\n    """\n    return 1\n')
    function = tree.body[0]
    assert isinstance(function, ast.FunctionDef)

    assert function_lines(function) == 2
