"""Which resource a path names: found part by part, however many there are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

R = TypeVar("R")

_REST = ":path}"
"""Ends the part of a template that stands for all that is left of a path, slashes included."""


@dataclass(frozen=True, slots=True)
class Named(Generic[R]):
    """The resource that a path names, and what stands in it for each name of the template."""

    resource: R
    values: dict[str, str]


@dataclass(slots=True)
class _Part(Generic[R]):
    """What may follow the beginning of a path: certain words, or a name, or all the rest."""

    words: dict[str, "_Part[R]"] = field(default_factory=dict)
    name: "_Part[R] | None" = None
    rest: "_Part[R] | None" = None
    resource: R | None = None
    names: tuple[str, ...] = ()


class Paths(Generic[R]):
    """Resources by the templates of their paths, such as `/v1/evals/{eval_id}`.

    Where a word may stand, no name may, so that a path never has two meanings.
    """

    def __init__(self, templates: Mapping[str, R]) -> None:
        """Knows these templates.

        Raises:
            ValueError: in one of them, a name stands where another has a word.
        """
        self._root: _Part[R] = _Part()
        self._plain = {path: Named(templates[path], {}) for path in templates if "{" not in path}
        for template, resource in templates.items():
            self._add(template, resource)

    def find(self, path: str) -> Named[R] | None:
        """The resource that the path names. A name is never empty, but what `:path` stands for."""
        if (plain := self._plain.get(path)) is not None:
            return plain
        here = self._root
        values = []
        parts = path.split("/")
        for at, part in enumerate(parts):
            if (word := here.words.get(part)) is not None:
                here = word
            elif here.name is not None and part:
                values.append(part)
                here = here.name
            elif here.rest is not None:
                values.append("/".join(parts[at:]))
                here = here.rest
                break
            else:
                return None
        if here.resource is None:
            return None
        return Named(here.resource, dict(zip(here.names, values, strict=True)))

    def _add(self, template: str, resource: R) -> None:
        here = self._root
        parts = template.split("/")
        for part in parts:
            following = _following(here, part)
            if here.words and (here.name or here.rest):
                message = f"{template} has '{part}' where another path has a word or a name"
                raise ValueError(message)
            here = following
        here.resource = resource
        here.names = tuple(part[1:-1].removesuffix(":path") for part in parts if part[:1] == "{")


def _following(here: _Part[R], part: str) -> _Part[R]:
    """What follows this part of a template, which is made known here if it was not."""
    if part.endswith(_REST):
        here.rest = here.rest or _Part()
        return here.rest
    if part.startswith("{"):
        here.name = here.name or _Part()
        return here.name
    return here.words.setdefault(part, _Part())
