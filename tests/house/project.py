"""Where the project's files are, and how its Python files parse."""

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "evald"
TESTS = ROOT / "tests"


def python_files(folder: Path) -> list[Path]:
    """Every Python file below the folder, in order of path."""
    return sorted(folder.rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def shown(path: Path, line: int | None = None) -> str:
    """The path as a message names it: from the project's root, with the line if there is one."""
    name = path.relative_to(ROOT).as_posix()
    return name if line is None else f"{name}:{line}"
