"""Which JSON objects are the API's, wherever they stand, and what hangs on what."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeGuard

from pydantic import JsonValue

from evald.adapters.foreign.client_dumps import Body, in_api_form
from evald.domain.archive.facts import usable_id
from evald.domain.archive.kinds import Kind

KINDS = {
    "eval": Kind.EVALS,
    "eval.run": Kind.RUNS,
    "eval.run.output_item": Kind.OUTPUT_ITEMS,
    "file": Kind.FILES,
    "chat.completion": Kind.CHAT_COMPLETIONS,
}
"""The kinds of objects by what stands in their `object`."""

LIST = "list"

_CHILDREN = {
    Kind.EVALS: "runs",
    Kind.RUNS: "output_items",
    Kind.CHAT_COMPLETIONS: "messages",
}
"""The key at which some tools put what belongs to an object into that itself."""

_MESSAGE_ID = re.compile(r"(chatcmpl-.+)-\d+")
# With a digit somewhere, since "eval_results" is none.
_EVAL_ID = re.compile(r"(?<![A-Za-z0-9])eval_(?=[A-Za-z]*\d)[A-Za-z0-9]+")
_RUN_ID = re.compile(r"(?<![A-Za-z0-9])evalrun_(?=[A-Za-z]*\d)[A-Za-z0-9]+")
_LATEST = 2**53


@dataclass(frozen=True, slots=True)
class Around:
    """In which eval and run something stands, as far as is known."""

    eval_id: str | None = None
    run_id: str | None = None

    def within(self, kind: Kind, own_id: str | None, parents: tuple[str, ...]) -> "Around":
        """What stands in an object, or behind it."""
        match kind:
            case Kind.EVALS:
                return Around(own_id)
            case Kind.RUNS:
                return Around(parents[0] or self.eval_id, own_id)
            case _:
                return self

    def named(self, text: str) -> "Around":
        """What stands under a name in which ids may be."""
        eval_id, run_id = _EVAL_ID.search(text), _RUN_ID.search(text)
        around = self if eval_id is None else Around(eval_id[0])
        return around if run_id is None else replace(around, run_id=run_id[0])

    def said(self, key: str, value: JsonValue) -> "Around":
        """What stands beside a key with this value."""
        if not isinstance(value, str) or key not in ("eval_id", "run_id"):
            return self
        return replace(self, eval_id=value) if key == "eval_id" else replace(self, run_id=value)


@dataclass(frozen=True, slots=True)
class Child:
    """What hangs on an object and stands in it, and where in it: ".runs[2]"."""

    place: str
    value: JsonValue


def kind_of(value: JsonValue) -> Kind | None:
    """The kind of an object of the API; None for any other value."""
    if not isinstance(value, dict):
        return None
    said = value.get("object")
    if isinstance(said, str):
        return KINDS.get(said)
    own_id = value.get("id")
    # Messages of stored completions are the only ones that do not say what they are.
    is_message = (
        "object" not in value
        and isinstance(value.get("role"), str)
        and isinstance(own_id, str)
        and _MESSAGE_ID.fullmatch(own_id)
    )
    return Kind.CHAT_COMPLETION_MESSAGES if is_message else None


def mended(kind: Kind, body: Body, around: Around) -> Body:
    """The body as the API has it: its own names, its parents' ids, nothing that hangs on it.

    The very same object, if it is that already.
    """
    body = in_api_form(kind, body)
    wanted: dict[str, str | None] = {}
    if kind in (Kind.RUNS, Kind.OUTPUT_ITEMS):
        wanted["eval_id"] = around.eval_id
    if kind is Kind.OUTPUT_ITEMS:
        wanted["run_id"] = around.run_id
    lacking = {
        name: value
        for name, value in wanted.items()
        if value is not None and not isinstance(body.get(name), str)
    }
    if lacking:
        body = {**body, **lacking}
    taken_out = _child_key(kind, body)
    if taken_out is None:
        return body
    return {key: value for key, value in body.items() if key != taken_out}


def children(kind: Kind, body: Body) -> Iterator[Child]:
    """What hangs on an object and stands in it, in its order."""
    key = _child_key(kind, body)
    if key is not None:
        for number, each in enumerate(_listed(body[key])):
            yield Child(f".{key}[{number}]", each)


def parents_of(kind: Kind, body: Body) -> tuple[str, ...]:
    """The ids of what an object belongs to, as in `ListKey`, as far as it says them."""
    match kind:
        case Kind.RUNS:
            ids = [body.get("eval_id")]
        case Kind.OUTPUT_ITEMS:
            ids = [body.get("eval_id"), body.get("run_id")]
        case Kind.CHAT_COMPLETION_MESSAGES:
            found = _MESSAGE_ID.fullmatch(_text(body.get("id")) or "")
            ids = [found[1] if found else None]
        case _:
            ids = []
    return tuple(usable_id(each) or "" for each in ids)


def made_at(body: Body) -> int:
    """When an object was made, as it says; 0 if it does not."""
    times = (body.get("created_at"), body.get("created"))
    return next((int(each) for each in times if _is_time(each)), 0)


def _child_key(kind: Kind, body: Body) -> str | None:
    key = _CHILDREN.get(kind)
    if key is None:
        return None
    listed = _listed(body.get(key))
    return key if listed and kind_of(listed[0]) is not None else None


def _listed(value: JsonValue) -> list[JsonValue]:
    """The elements of a list, or of a page."""
    if isinstance(value, dict) and value.get("object") == LIST:
        value = value.get("data")
    return value if isinstance(value, list) else []


def _is_time(value: JsonValue) -> TypeGuard[float]:
    return isinstance(value, int | float) and 0 <= value < _LATEST


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None
