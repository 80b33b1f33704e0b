"""Where a server keeps its lists. Documented."""

import pytest

from evald.domain.archive.kinds import (
    Kind,
    ListKey,
    item_list,
    list_path,
    message_list,
    owner_path,
    run_list,
    shown_path,
)


@pytest.mark.parametrize(
    ("key", "path", "owner", "name"),
    [
        (ListKey(Kind.EVALS), "/evals", None, "evals"),
        (ListKey(Kind.FILES), "/files", None, "files"),
        (ListKey(Kind.CHAT_COMPLETIONS), "/chat/completions", None, "chat_completions"),
        (run_list("e"), "/evals/e/runs", "/evals/e", "runs of e"),
        (
            item_list("e", "r"),
            "/evals/e/runs/r/output_items",
            "/evals/e/runs/r",
            "output_items of r",
        ),
        (
            message_list("c"),
            "/chat/completions/c/messages",
            "/chat/completions/c",
            "chat_completion_messages of c",
        ),
    ],
)
def test_every_list_has_its_path_its_owner_and_its_name(
    key: ListKey, path: str, owner: str | None, name: str
) -> None:
    found = owner_path(key)

    assert shown_path(list_path(key)) == path
    assert (None if found is None else shown_path(found)) == owner
    assert str(key) == name
