"""What must carry a docstring."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.project import PACKAGE, parsed, python_files, shown

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public_definitions(body: list[ast.stmt]) -> Iterator[Definition]:
    """Classes and functions that another file may use, and their methods; nothing nested deeper."""
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.name.startswith("_"):
            continue
        yield node
        if isinstance(node, ast.ClassDef):
            yield from public_definitions(node.body)


def modules() -> list[Path]:
    return [path for path in python_files(PACKAGE) if path.name != "__init__.py"]


def test_every_public_class_and_function_says_what_it_is() -> None:
    """Without a sentence, what a function promises has to be guessed from what it does today."""
    bare = [
        f"{shown(path, node.lineno)} {node.name}"
        for path in modules()
        for node in public_definitions(parsed(path).body)
        if not ast.get_docstring(node)
    ]

    assert bare == []


def test_every_file_opens_with_the_one_thing_it_knows() -> None:
    """A file whose first line cannot say in a sentence what it knows collects whatever comes by."""
    bare = [shown(path) for path in modules() if not opens_with_a_sentence(path)]

    assert bare == []


def opens_with_a_sentence(path: Path) -> bool:
    tree = parsed(path)
    docstring = ast.get_docstring(tree)
    if docstring is None or tree.body[0].lineno != 1:
        return False
    headline, _, rest = docstring.partition("\n")
    return headline.endswith(".") and (not rest or rest.startswith("\n"))
