"""Templates: text with `{{ item.x }}` and `{{ sample.y }}`, parsed once and filled per row."""

import re
from dataclasses import dataclass
from functools import lru_cache

from pydantic import JsonValue

from evald.domain import exact_json

Step = str | int

NAMESPACES = ("item", "sample")
"""What a path may begin with. Source: OpenAI, "Graders" guide."""


class UnknownVariable(Exception):
    """A template names a variable that is not there; `name` is as written, without braces."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The variable '{name}' is not there.")
        self.name = name


@dataclass(frozen=True, slots=True)
class Variables:
    """What a template may name: the row's item, and the sample where one exists already."""

    item: JsonValue
    sample: JsonValue = None


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{{ … }}`: its text without braces and the steps from the variables to the value."""

    name: str
    steps: tuple[Step, ...]


Template = tuple[str | Placeholder, ...]
"""Literal text and placeholders, in order."""

# No braces inside: so "{{ {{item.x}}" has one placeholder, and a text of a million "{{" costs
# one look at each.
_BRACES = re.compile(r"\{\{([^{}]*)\}\}")
_NAMESPACE = re.compile(r"\s*(?:item|sample)\s*[.\[]")
_FIRST = re.compile(r"\s*(?P<namespace>[A-Za-z_]\w*)\s*(?P<rest>.*)", re.DOTALL)
_STEP = re.compile(
    r"""\s*(?:
        \.?\[\s*(?P<index>\d{1,9})\s*\]
      | \.?\[\s*"(?P<double>[^"]*)"\s*\]
      | \.?\[\s*'(?P<single>[^']*)'\s*\]
      | \.(?P<key>[^.\[\]{}]+)
    )""",
    re.VERBOSE,
)


@lru_cache(maxsize=4_096)
def parse_template(text: str) -> Template:
    """The parts of a template.

    Braces that are not closed, and braces around what is no path at all (`{{ "a": 1 }}`), are
    literal text. A malformed path that begins with `item` or `sample` leads nowhere instead, so
    that a slip does not go to a model as text. Whitespace around a path means nothing.

    Source: OpenAI, "Graders" guide; an unclosed placeholder was accepted (observed 2025-07).
    """
    parts: list[str | Placeholder] = []
    end = 0
    for found in _BRACES.finditer(text):
        steps = parse_path(found[1])
        if steps is None and not _NAMESPACE.match(found[1]):
            continue
        parts += [text[end : found.start()], Placeholder(found[1].strip(), steps or ())]
        end = found.end()
    parts.append(text[end:])
    return tuple(part for part in parts if part != "")


def parse_path(path: str) -> tuple[Step, ...] | None:
    """The steps of `item.a[0]["b c"]`: keys and indexes; None for what is no path.

    A dotted number (`choices.0`) is a key here and read as an index where it meets a list.
    """
    found = _FIRST.fullmatch(path)
    if found is None:
        return None
    steps: list[Step] = [found["namespace"]]
    rest, place = found["rest"].rstrip(), 0
    while place < len(rest):
        step = _STEP.match(rest, place)
        if step is None or not (step["key"] is None or step["key"].strip()):
            return None
        steps.append(_step(step))
        place = step.end()
    return tuple(steps)


def _step(found: re.Match[str]) -> Step:
    if found["index"] is not None:
        return int(found["index"])
    quoted = found["double"] if found["double"] is not None else found["single"]
    return quoted if quoted is not None else found["key"].strip()


def fill(text: str, variables: Variables) -> str:
    """The text with every placeholder replaced by its value, in one pass.

    Strings go in as they are, everything else as compact JSON with numbers as given; what was
    put in is never looked at for placeholders again.

    Raises:
        UnknownVariable: a path leads nowhere. A null at its end is a value, `null`.
    """
    parts = parse_template(text)
    return "".join([part if isinstance(part, str) else _value(part, variables) for part in parts])


def fill_all(value: JsonValue, variables: Variables) -> JsonValue:
    """The value with every text in it filled, however deep; keys stay as they are.

    Raises:
        UnknownVariable: a path leads nowhere.
    """
    if isinstance(value, str):
        return fill(value, variables) if "{{" in value else value
    if isinstance(value, dict):
        return {key: fill_all(inner, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill_all(inner, variables) for inner in value]
    return value


def _value(placeholder: Placeholder, variables: Variables) -> str:
    return render(resolve(placeholder, variables))


def render(value: JsonValue) -> str:
    """A value as it stands in filled text."""
    return value if isinstance(value, str) else exact_json.dump(value)


def resolve(placeholder: Placeholder, variables: Variables) -> JsonValue:
    """The value at a placeholder's path.

    A string that holds a JSON object or list is walked into like one, as tool-call arguments are.

    Raises:
        UnknownVariable: a step finds no such key, no such index, or nothing to step into.
    Source: `{{sample.output_tools[0].function.arguments.symbols}}` was accepted (observed 2025).
    """
    first, rest = placeholder.steps[:1], placeholder.steps[1:]
    if first == ("item",):
        value = variables.item
    elif first == ("sample",) and variables.sample is not None:
        value = variables.sample
    else:
        raise UnknownVariable(placeholder.name)
    for step in rest:
        value = _next(value, step, placeholder.name)
    return value


def _next(value: JsonValue, step: Step, name: str) -> JsonValue:
    if isinstance(value, str):
        value = _unpacked(value)
    if isinstance(value, dict) and str(step) in value:
        return value[str(step)]
    if isinstance(value, list):
        index = int(step) if isinstance(step, int) or _is_index(step) else len(value)
        if index < len(value):
            return value[index]
    raise UnknownVariable(name)


def _is_index(step: str) -> bool:
    return step.isascii() and step.isdigit() and len(step) < 10


def _unpacked(text: str) -> JsonValue:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return exact_json.parse(text)
    except ValueError:
        return None
