"""Our own server, rescued: it speaks the same wire, so it is archived as the hosted service is."""

import io
from pathlib import Path
from typing import Any

import httpx2
import pytest

from evald.adapters.archive.reader import open_reader
from evald.adapters.archive.verifying import problems
from evald.cli.main import main
from evald.domain.archive.kinds import Kind
from tests.engine.runs import create_eval, create_run, has_ended, rows, wait_for
from tests.support.mock_provider import MockProvider
from tests.support.rescued import archived, ids
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

KEY = {"Authorization": "Bearer sk-anything"}
CONTENT = b'{"item": {"prompt": "say 1", "expected": "say 1"}}\n'


def fill(server: RunningServer) -> tuple[str, str, str]:
    """The ids of an eval, of a run of 250 rows that has ended, and of a file.

    Two completions are stored besides.
    """
    client = server.client()
    eval_id = create_eval(client)
    run_id = create_run(client, eval_id, rows(250))
    file = client.files.create(file=("rows.jsonl", io.BytesIO(CONTENT)), purpose="evals")
    for number in range(2):
        client.chat.completions.create(
            model="mock-model",
            messages=[{"role": "user", "content": f"say {number}"}],
            store=True,
            metadata={"use": "tests"},
        )
    wait_for(server, eval_id, run_id, until=has_ended)
    return eval_id, run_id, file.id


def served(server: RunningServer, path: str) -> list[Any]:
    """All objects of a list, by pages of 100."""
    objects: list[Any] = []
    query: dict[str, str] = {"limit": "100", "order": "asc"}
    while True:
        page = httpx2.get(f"{server.url}/v1{path}", params=query, headers=KEY).json()
        objects += page["data"]
        if not page["has_more"]:
            return objects
        query["after"] = page["last_id"]


def test_what_it_serves_is_what_is_archived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-anything")
    monkeypatch.delenv("OPENAI_ORG_ID", raising=False)
    monkeypatch.delenv("OPENAI_PROJECT_ID", raising=False)
    provider = MockProvider()
    with (
        running_provider(provider),
        running_server(tmp_path / "data", EVALD_UPSTREAM_BASE_URL=provider.base_url) as server,
    ):
        eval_id, run_id, file_id = fill(server)

        assert main(["rescue", "--out", str(home), "--base-url", f"{server.url}/v1"]) == 0

        runs = f"/evals/{eval_id}/runs"
        assert archived(home, Kind.EVALS) == served(server, "/evals")
        assert archived(home, Kind.RUNS) == served(server, runs)
        assert archived(home, Kind.OUTPUT_ITEMS) == served(server, f"{runs}/{run_id}/output_items")
        assert archived(home, Kind.FILES) == served(server, "/files")
        completions = served(server, "/chat/completions")
        assert archived(home, Kind.CHAT_COMPLETIONS) == completions
        messages = [
            served(server, f"/chat/completions/{each['id']}/messages") for each in completions
        ]
        assert archived(home, Kind.CHAT_COMPLETION_MESSAGES) == [*messages[0], *messages[1]]
        assert main(["rescue", "--out", str(home), "--base-url", f"{server.url}/v1"]) == 0

    with open_reader(home) as reader:
        assert list(problems(reader)) == []
        assert b"".join(reader.content(file_id)) == CONTENT
        assert reader.manifest.kinds[Kind.OUTPUT_ITEMS].objects == 250
        assert reader.manifest.kinds[Kind.CHAT_COMPLETIONS].objects == 2
    assert ids(home, Kind.EVALS) == [eval_id]
