"""What a log is found by: terms, each a field and a value that the log has or has not."""

import hashlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

LogKind = Literal["chat_completion", "response"]
"""The objects that the API stores of what a model was asked."""

METADATA = "metadata."
"""What the fields of metadata begin with; the pair's key follows."""

MAX_VALUE = 512
"""A longer value is sought by its hash: an index takes no text of any length."""


@dataclass(frozen=True, slots=True, order=True)
class Term:
    """One thing that can be asked for by equality: `model` is `gpt-4o`, `metadata.use` is `chat`.

    The fields are `model`, `metadata.<key>`, and for responses `user`, `tool`, `reasoning_effort`,
    `temperature` and `top_p`.
    """

    field: str
    value: str


def text_term(field: str, value: str) -> Term:
    """The term of a text, whatever its length."""
    if len(value) <= MAX_VALUE:
        return Term(field, value)
    digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    return Term(field, f"sha256:{digest}")


def number_term(field: str, value: float) -> Term:
    """The term of a number: 1 and 1.0 are one."""
    return Term(field, repr(float(value)))


def metadata_terms(metadata: Mapping[str, str]) -> Iterator[Term]:
    """The terms of metadata, a term a pair."""
    for key, value in metadata.items():
        yield text_term(METADATA + key, value)


def listing_terms(model: str | None, metadata: Sequence[tuple[str, str]]) -> tuple[Term, ...]:
    """What all logs of a list have: these pairs of metadata, and the model where one is named."""
    pairs = tuple(text_term(METADATA + key, value) for key, value in metadata)
    return pairs if model is None else (*pairs, text_term("model", model))


def completion_terms(model: str, metadata: Mapping[str, str]) -> tuple[Term, ...]:
    """What a stored chat completion is found by."""
    return (text_term("model", model), *metadata_terms(metadata))


def response_terms(
    model: str, metadata: Mapping[str, str], request: Mapping[str, JsonValue]
) -> tuple[Term, ...]:
    """What a stored response is found by; none twice.

    A tool is found by its type, and a function by its name as well. A user is found by `user`, and
    by the names that took its place, `safety_identifier` and `prompt_cache_key`.
    """
    terms = [*completion_terms(model, metadata), *_users(request), *_tools(request.get("tools"))]
    reasoning = request.get("reasoning")
    effort = reasoning.get("effort") if isinstance(reasoning, dict) else None
    if isinstance(effort, str):
        terms.append(text_term("reasoning_effort", effort))
    for field in ("temperature", "top_p"):
        value = request.get(field)
        if isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value):
            terms.append(number_term(field, value))
    return tuple(dict.fromkeys(terms))


def _is_finite(value: float) -> bool:
    # An integer of JSON may be beyond every float, and has no term then.
    return abs(value) <= sys.float_info.max


def _users(request: Mapping[str, JsonValue]) -> Iterator[Term]:
    for key in ("user", "safety_identifier", "prompt_cache_key"):
        user = request.get(key)
        if isinstance(user, str) and user:
            yield text_term("user", user)


def _tools(tools: JsonValue) -> Iterator[Term]:
    given: Sequence[JsonValue] = tools if isinstance(tools, list) else ()
    for tool in given:
        if isinstance(tool, dict):
            for key in ("type", "name", "server_label"):
                name = tool.get(key)
                if isinstance(name, str):
                    yield text_term("tool", name)
