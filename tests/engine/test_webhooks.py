"""Webhooks of a real server, over its death; deliveries are documented, their routes ours."""

import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
import httpx2
import openai
import pytest

from tests.engine.runs import create_eval, create_run, rows
from tests.support.mock_provider import MockProvider
from tests.support.receiver import Receiver, receiving
from tests.support.running_provider import running_provider
from tests.support.running_server import RunningServer, running_server

pytestmark = pytest.mark.slow

WEBHOOKS = "/v1/evald/webhooks"
HEADERS = {"authorization": "Bearer sk-anything"}
ALLOWED = {"EVALD_WEBHOOK_ALLOW_PRIVATE": "true"}


@asynccontextmanager
async def served(folder: Path, **settings: str) -> AsyncIterator[tuple[RunningServer, Receiver]]:
    with running_provider(MockProvider()) as provider:
        async with receiving() as receiver:
            given = {key: value.replace("{here}", receiver.url) for key, value in settings.items()}
            given["EVALD_UPSTREAM_BASE_URL"] = provider.base_url
            with running_server(folder / "data", **given) as server:
                yield server, receiver


def ask(server: RunningServer, method: str, path: str, **body: object) -> httpx2.Response:
    content = {"json": body} if body else {}
    return httpx2.request(method, server.url + path, headers=HEADERS, **content)  # type: ignore[arg-type]


def ended_run(server: RunningServer) -> tuple[str, str]:
    """An eval and a run of it that has ended."""
    client = server.client()
    eval_id = create_eval(client)
    run_id = create_run(client, eval_id, rows(3))
    while client.evals.runs.retrieve(run_id, eval_id=eval_id).status in ("queued", "in_progress"):
        threading.Event().wait(0.05)
    return eval_id, run_id


async def test_the_official_client_unwraps_the_end_of_a_run(tmp_path: Path) -> None:
    async with served(tmp_path, **ALLOWED) as (server, receiver):
        made = ask(server, "POST", WEBHOOKS, url=receiver.url + "/hook")
        eval_id, run_id = await anyio.to_thread.run_sync(ended_run, server)
        (came,) = await receiver.wait_for(1)
        client = openai.OpenAI(api_key="k", webhook_secret=made.json()["secret"])
        event = client.webhooks.unwrap(came.body, came.headers)
        log = ask(server, "GET", f"{WEBHOOKS}/{made.json()['id']}/deliveries").json()["data"]

    assert made.status_code == 201
    assert event.type == "eval.run.succeeded"
    assert event.data.id == run_id
    assert json.loads(came.body)["data"]["eval_id"] == eval_id
    assert [(each["status"], each["run_id"]) for each in log] == [("delivered", run_id)]


async def test_an_end_that_nobody_took_is_told_after_a_kill(tmp_path: Path) -> None:
    async with served(tmp_path, **ALLOWED) as (server, receiver):
        receiver.answers = [503, 200]
        ask(server, "POST", WEBHOOKS, url=receiver.url + "/hook")
        await anyio.to_thread.run_sync(ended_run, server)
        await receiver.wait_for(1)
        await anyio.to_thread.run_sync(server.kill)
        await anyio.to_thread.run_sync(server.start)
        first, second = await receiver.wait_for(2)

    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


async def test_the_operators_endpoint_is_told_too(tmp_path: Path) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    settings = {"EVALD_WEBHOOK_URL": "{here}/hook", "EVALD_WEBHOOK_SECRET": secret}
    async with served(tmp_path, **ALLOWED, **settings) as (server, receiver):
        await anyio.to_thread.run_sync(ended_run, server)
        (came,) = await receiver.wait_for(1)
        (hook,) = ask(server, "GET", WEBHOOKS).json()["data"]
        kept = (server.folder / "evald.sqlite3").read_bytes()

    openai.OpenAI(api_key="k", webhook_secret=secret).webhooks.unwrap(came.body, came.headers)
    assert hook["id"] == "webhook_operator"
    assert "secret" not in hook
    assert secret.removeprefix("whsec_").encode() not in kept


async def test_a_private_address_is_refused_unless_the_operator_allows_it(tmp_path: Path) -> None:
    async with served(tmp_path) as (server, receiver):
        refused = ask(server, "POST", WEBHOOKS, url=receiver.url + "/hook")
        odd = ask(server, "POST", WEBHOOKS, url="https://example.com/", events=["eval.run.begun"])
        missing = ask(server, "POST", WEBHOOKS, events=["eval.run.failed"])
        unknown = ask(server, "GET", WEBHOOKS + "/webhook_none/deliveries")
        made = ask(server, "POST", WEBHOOKS, url="https://example.com/", events=["eval.run.failed"])
        path = f"{WEBHOOKS}/{made.json()['id']}"
        shown, gone, again = (ask(server, each, path) for each in ("GET", "DELETE", "DELETE"))

    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "url")
    assert (odd.status_code, odd.json()["error"]["param"]) == (400, "events[0]")
    assert (missing.status_code, missing.json()["error"]["param"]) == (400, "url")
    assert unknown.status_code == 404
    assert shown.json()["events"] == ["eval.run.failed"]
    assert "secret" not in shown.json()
    assert gone.json() == {"object": "webhook.deleted", "id": made.json()["id"], "deleted": True}
    assert again.status_code == 404
