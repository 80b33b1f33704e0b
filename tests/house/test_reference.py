"""Whether the reference explains every setting, verb, error, route and key that the code has."""

import argparse
import ast
import json
import re
from collections.abc import Iterator
from dataclasses import fields
from importlib import import_module
from typing import get_args

import pytest
from pydantic import BaseModel, JsonValue, TypeAdapter

from evald.cli.main import VERBS
from evald.domain import errors, run_errors
from evald.domain.errors import RequestError
from evald.graders.check import check_criteria
from evald.graders.hopeless import refuse_hopeless
from evald.http.app import OPERATIONS
from evald.settings import Settings, variable
from evald.wire.graders import Grader
from tests.house.documents import (
    DOCS,
    REFERENCE,
    blocks,
    documents,
    headings,
    section,
    table_rows,
    text_of,
)
from tests.house.project import PACKAGE, parsed, python_files, shown

ITEM_ERRORS = {
    "ApiError",
    "ModelFailure",
    "NoVerdict",
    "_failure",
    "_late",
    "errored",
    "error_of",
}
"""Who is called with the code of an error that an item or a run then shows."""

SCRIPTED = PACKAGE / "adapters" / "models" / "scripted.py"  # speaks in tests only

CODE_NAME = re.compile(r"[a-z]+(_[a-z]+)*")
PAGE_ROUTE = "_route"


@pytest.mark.parametrize("name", [each.name for each in fields(Settings)])
def test_every_setting_is_explained_with_its_default(name: str) -> None:
    """A setting that stands in the code alone is found by those who have read the code alone."""
    default = str(getattr(Settings(), name)) or "empty"

    said = section(REFERENCE / "settings.md", f"`{variable(name)}`")

    written = default if default == "empty" else f"`{default}`"
    assert re.search(rf"Default: {re.escape(written)}( ·|$)", said, re.MULTILINE), said


def test_no_document_names_a_setting_that_is_not_there() -> None:
    """A variable that nobody reads is set in good faith, and does nothing."""
    known = {variable(each.name) for each in fields(Settings)}

    strange = [
        f"{shown(path)}: {name}"
        for path in documents()
        for name in re.findall(r"\bEVALD_[A-Z_]*[A-Z]\b", text_of(path))
        if name not in known
    ]

    assert strange == []


def flags_of(parser: argparse.ArgumentParser) -> set[str]:
    """The long flags of a parser and of the parsers of its actions."""
    found: set[str] = set()
    for action in parser._actions:  # noqa: SLF001 - argparse tells it nowhere else
        found |= {flag for flag in action.option_strings if flag.startswith("--")}
        if isinstance(action.choices, dict):
            found |= {flag for inner in action.choices.values() for flag in flags_of(inner)}
    return found - {"--help"}


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_explained_with_its_flags(verb: str) -> None:
    """`--help` says what a flag is called; why one would want it must stand somewhere."""
    parser = argparse.ArgumentParser()
    import_module(VERBS[verb][0]).add_arguments(parser)

    said = section(REFERENCE / "cli.md", f"`evald {verb}`")

    assert [flag for flag in flags_of(parser) if f"`{flag}" not in said] == []


def error_classes() -> list[type[RequestError]]:
    named = {**vars(errors), **vars(run_errors)}
    classes = [each for each in named.values() if isinstance(each, type)]
    return [each for each in classes if issubclass(each, RequestError) and not is_family(each)]


def is_family(error: type[RequestError]) -> bool:
    """Whether it only says what others have in common: nobody raises it."""
    return error.code is None and bool(error.__subclasses__())


def documented_errors() -> dict[str, tuple[str, int]]:
    """By class, the code and the status that the reference gives it."""
    rows = table_rows(section(REFERENCE / "errors.md", "Errors of a request"))
    return {
        name: (code.strip("`"), int(status))
        for code, status, names, _ in rows[1:]
        for name in re.findall(r"`(\w+)`", names)
    }


def test_every_error_of_a_request_is_explained() -> None:
    """Clients branch on codes: one that stands nowhere is found out by getting it."""
    real = {each.__name__: (each.code or "null", each.status) for each in error_classes()}

    assert documented_errors() == real


def item_error_codes() -> set[str]:
    """The codes that stand in the code as they are, where an item's or a run's error is made."""
    rooms = ["engine", "sampling", "graders", "adapters/models"]
    calls = [
        node
        for room in rooms
        for path in python_files(PACKAGE / room)
        if path != SCRIPTED
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Call) and called_name(node.func) in ITEM_ERRORS
    ]
    return {code for call in calls for code in literal_codes(call)}


def called_name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def literal_codes(call: ast.Call) -> Iterator[str]:
    given = [*call.args, *(each.value for each in call.keywords if each.arg == "code")]
    texts = [value.value for value in given if isinstance(value, ast.Constant)]
    yield from (text for text in texts if isinstance(text, str) and CODE_NAME.fullmatch(text))


def test_every_error_of_an_item_is_explained() -> None:
    """Who sorts ten thousand items by their errors needs to know what each error means."""
    explained = set(re.findall(r"^\| `(\w+)`", text_of(REFERENCE / "errors.md"), re.MULTILINE))

    assert item_error_codes() - explained == set()


def api_routes() -> set[str]:
    return {f"{each.method} {each.path.replace(':path', '')}" for each in OPERATIONS}


def page_routes() -> set[str]:
    calls = [
        node
        for node in ast.walk(parsed(PACKAGE / "web" / "pages.py"))
        if isinstance(node, ast.Call) and called_name(node.func) == PAGE_ROUTE
    ]
    return {f"{method_of(call)} {ast.literal_eval(call.args[0])}" for call in calls}


def method_of(call: ast.Call) -> str:
    return next((ast.literal_eval(k.value) for k in call.keywords if k.arg == "method"), "GET")


def test_every_route_is_explained_and_no_other() -> None:
    """A route without a page is used by guessing; a page without a route promises what is not."""
    explained = {
        heading
        for heading in headings(REFERENCE / "routes.md")
        if re.match(r"(GET|POST|PUT|PATCH|DELETE) /", heading)
    }

    assert explained == api_routes() | page_routes()


def test_the_coverage_table_says_what_is_served() -> None:
    """A table of what works is trusted before anything is tried; it must not run ahead."""
    rows = table_rows(section(DOCS / "compatibility.md", "Coverage"))
    served = {
        f"{method} {path.strip('`')}"
        for method, path, state, *_ in [row for row in rows if len(row) == 3]
        if state.startswith("served")
    }

    assert served == api_routes()


def grader_types() -> dict[str, type[BaseModel]]:
    """Every type of grader on the wire, and its class."""
    union, _ = get_args(Grader)
    return {get_args(each.model_fields["type"].annotation)[0]: each for each in get_args(union)}


@pytest.mark.parametrize("type", grader_types())
def test_every_grader_has_its_page_and_its_line_in_the_index(type: str) -> None:
    """What a grader costs and where it goes astray is asked before it is chosen, not after."""
    page = REFERENCE / "graders" / f"{type}.md"

    assert headings(page)[0] == type
    assert {"Example", "Cost", "Pitfalls"} <= set(headings(page))
    assert f"[`{type}`](graders/{type}.md)" in text_of(REFERENCE / "graders.md")


@pytest.mark.parametrize("type", grader_types())
def test_every_field_of_a_grader_is_on_its_page(type: str) -> None:
    """A field that stands nowhere is found by those who have read the code."""
    page = text_of(REFERENCE / "graders" / f"{type}.md")
    fields = grader_types()[type].model_fields.keys() - {"type"}

    assert [name for name in sorted(fields) if f"`{name}`" not in page] == []


def grader_examples() -> list[tuple[str, dict[str, JsonValue]]]:
    """The JSON objects of the documents that say they are graders."""
    values = [(document, json.loads(block)) for document, block in blocks("json")]
    types = grader_types()
    return [
        (document, value)
        for document, value in values
        if isinstance(value, dict) and value.get("type") in types
    ]


@pytest.mark.parametrize(("document", "grader"), grader_examples())
def test_every_example_of_a_grader_is_sound(document: str, grader: dict[str, JsonValue]) -> None:
    """Examples are copied into evals; one that is refused there was never tried."""
    criterion = TypeAdapter(Grader).validate_python(grader)

    check_criteria([criterion])
    refuse_hopeless([criterion], {})


def test_every_key_of_a_provider_is_explained() -> None:
    """An unknown key is refused by name, so the names that are known must stand somewhere."""
    keys = {
        statement.target.id
        for node in ast.walk(parsed(PACKAGE / "assembly" / "providers.py"))
        if isinstance(node, ast.ClassDef) and node.name.endswith("Entry")
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }
    explained = set(re.findall(r"^\| `(\w+)`", text_of(REFERENCE / "evald-toml.md"), re.MULTILINE))

    assert keys
    assert explained == keys
