"""What an archive holds: six kinds of objects, and the lists that a server keeps them in."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class Kind(StrEnum):
    """A kind of object; its value names its file and its place under `raw/`."""

    EVALS = "evals"
    RUNS = "runs"
    OUTPUT_ITEMS = "output_items"
    FILES = "files"
    CHAT_COMPLETIONS = "chat_completions"
    CHAT_COMPLETION_MESSAGES = "chat_completion_messages"


TOP_KINDS = (Kind.EVALS, Kind.FILES, Kind.CHAT_COMPLETIONS)
"""The kinds whose lists belong to no other object."""


@dataclass(frozen=True, slots=True)
class ListKey:
    """One list of a server: what is in it, and the ids of the objects that it belongs to.

    `parents` is (eval) for runs, (eval, run) for output items, (completion) for messages.
    """

    kind: Kind
    parents: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As a sentence names it: "output_items of evalrun_1"."""
        return f"{self.kind} of {self.parents[-1]}" if self.parents else str(self.kind)


def run_list(eval_id: str) -> ListKey:
    """The list of an eval's runs."""
    return ListKey(Kind.RUNS, (eval_id,))


def item_list(eval_id: str, run_id: str) -> ListKey:
    """The list of a run's output items."""
    return ListKey(Kind.OUTPUT_ITEMS, (eval_id, run_id))


def message_list(completion_id: str) -> ListKey:
    """The list of a stored completion's messages."""
    return ListKey(Kind.CHAT_COMPLETION_MESSAGES, (completion_id,))


def list_path(key: ListKey) -> tuple[str, ...]:
    """The segments of the list's path below the base URL, none of them escaped."""
    match key.kind:
        case Kind.EVALS:
            return ("evals",)
        case Kind.RUNS:
            return ("evals", key.parents[0], "runs")
        case Kind.OUTPUT_ITEMS:
            return ("evals", key.parents[0], "runs", key.parents[1], "output_items")
        case Kind.FILES:
            return ("files",)
        case Kind.CHAT_COMPLETIONS:
            return ("chat", "completions")
        case Kind.CHAT_COMPLETION_MESSAGES:
            return ("chat", "completions", key.parents[0], "messages")
        case _:
            assert_never(key.kind)


def owner_path(key: ListKey) -> tuple[str, ...] | None:
    """The path of the object that the list belongs to; None where it belongs to none."""
    return list_path(key)[:-1] if key.parents else None


def shown_path(path: tuple[str, ...]) -> str:
    """The path as people read it: "/evals/eval_1/runs"."""
    return "/" + "/".join(path)
