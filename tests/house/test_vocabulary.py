"""Which words our code does not use, because another word already means the thing."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.project import PACKAGE, TESTS, parsed, python_files, shown

INSTEAD = {  # banned, in the singular → the word that means it here
    "cancelled": "canceled",
    "dataset": "data source",
    "experiment": "eval, or run",
    "job": "run, or work",
    "judge": "grader, or grade",
    "scorer": "grader",
}
NAMELESS = {  # file names that say nothing, and so take in everything
    "base",
    "common",
    "core",
    "helper",
    "helpers",
    "manager",
    "misc",
    "models",
    "service",
    "util",
    "utils",
}
FOREIGN = PACKAGE / "adapters" / "foreign"  # reads other tools' formats, in their words

NAMED_WELL = {  # path in the package → what such a name does say there
    "http/routes/models.py": "the resource `/v1/models`",
    "services/models.py": "the resource `/v1/models`",
    "wire/base.py": "what every wire type is made of",
    "wire/models.py": "the resource `/v1/models`",
}

# (path from the root, word) → whose word it is, where an outside's value must be spelled its way
BORROWED: dict[tuple[str, str], str] = {
    ("src/evald/web/evals_page.py", "dataset"): "a tab of the hosted dashboard's addresses",
}

LITERAL_NAME = re.compile(r"[a-z][a-z0-9_]*")
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def words(name: str) -> set[str]:
    """The words of an identifier, in lower case and without a plural s."""
    return {word.lower().removesuffix("s") for word in WORD.findall(name)}


def defined_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The names that this code makes, with their lines; names it only uses may be the outside's.

    So `asyncio.CancelledError` and `task.cancelled()` are free, and `def cancelled()` is not.
    """
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield node.lineno, name
            case ast.AsyncFunctionDef(name=name) | ast.ExceptHandler(name=str(name)):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield node.lineno, name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield node.lineno, name
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from ((node.lineno, alias.asname) for alias in aliases if alias.asname)


def literal_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """String constants shaped like a name: statuses, keys, tables, columns; sentences are free."""
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if LITERAL_NAME.fullmatch(text):
                yield node.lineno, text


def foreign_words(path: Path, names: Iterator[tuple[int, str]]) -> list[str]:
    return [
        f"{shown(path, line)} {name}: say {INSTEAD[word]}"
        for line, name in names
        for word in sorted(words(name) & INSTEAD.keys())
        if (shown(path), word) not in BORROWED
    ]


def our_files() -> list[Path]:
    return [path for path in python_files(PACKAGE) if FOREIGN not in path.parents]


def test_names_use_the_words_of_the_glossary() -> None:
    """Two words for one thing make a reader look for the difference, and a search miss half."""
    found = [
        line
        for path in our_files() + python_files(TESTS)
        for line in foreign_words(path, defined_names(parsed(path)))
    ]

    assert found == []


def test_statuses_keys_and_columns_use_the_words_of_the_glossary() -> None:
    """A status spelled `cancelled` in one place and `canceled` in another is never equal."""
    found = [
        line for path in our_files() for line in foreign_words(path, literal_names(parsed(path)))
    ]

    assert found == []


def test_no_file_is_named_for_nothing() -> None:
    """A `utils.py` has no subject, so nothing is ever out of place in it, and it only grows."""
    files = [path for path in our_files() if path.stem in NAMELESS]

    unnamed = [path for path in files if path.relative_to(PACKAGE).as_posix() not in NAMED_WELL]
    assert [shown(path) for path in unnamed] == []


def test_no_folder_is_named_for_nothing() -> None:
    """As with files; `adapters/models` alone has a subject: the clients of models."""
    folders = {path.parent for path in our_files() if path.parent.name in NAMELESS}

    assert folders <= {PACKAGE / "adapters" / "models"}


def test_no_borrowed_word_outlives_its_need() -> None:
    """A word that is no longer spoken would otherwise stay allowed."""
    spoken = {
        (shown(path), word)
        for path in our_files()
        for names in (defined_names, literal_names)
        for _, name in names(parsed(path))
        for word in words(name)
    }

    assert BORROWED.keys() - spoken == set()


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("class RunScorer: ...", ["RunScorer"]),
        ("def f(datasets): ...", ["datasets"]),
        ("self.job_id = 1", ["job_id"]),
        ("from x import run as job", ["job"]),
        ("for judge in graders: ...", ["judge"]),
        ("task.cancelled()", []),
        ("raise asyncio.CancelledError", []),
        ("adjudged = jobless = 1", []),
    ],
)
def test_a_banned_word_is_found_where_a_name_is_made(code: str, found: list[str]) -> None:
    names = [name for _, name in defined_names(ast.parse(code))]

    assert [name for name in names if words(name) & INSTEAD.keys()] == found
