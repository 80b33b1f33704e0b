"""Responses over a real PostgreSQL: what is kept and found is what SQLite keeps and finds. Ours."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import openai
import pytest

from tests.support.postgresql import new_database
from tests.support.raw_server import Request
from tests.support.running_server import RunningServer, running_server
from tests.support.said_responses import answering, completing, message, response
from tests.support.scripted_provider import ScriptedProvider, json_reply
from tests.wire.conftest import write_providers_of_responses

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, responses_provider: ScriptedProvider
) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("responses-postgresql")
    write_providers_of_responses(folder, responses_provider.base_url)
    with running_server(
        folder / "data",
        EVALD_DATABASE_URL=new_database(),
        EVALD_UPSTREAM_BASE_URL=responses_provider.base_url,
    ) as running:
        yield running


def test_responses_are_kept_followed_listed_and_deleted(
    server: RunningServer, responses_provider: ScriptedProvider
) -> None:
    client = server.client(max_retries=0)
    odd = "Hi \x00 \U0001f388"
    responses_provider.replies["native-pg"] = answering(message(odd))
    responses_provider.replies["chat-pg"] = completing(odd)

    first = client.responses.create(model="native-pg", input=odd, metadata={"use": "a"})
    second = client.responses.create(
        model="chat-pg", input="On.", previous_response_id=first.id, metadata={"use": "a"}
    )

    assert client.responses.retrieve(first.id).output_text == odd
    assert len(list(client.responses.input_items.list(second.id, limit=1))) == 3
    listed = httpx2.get(
        f"{server.url}/v1/evald/responses?metadata[use]=a", headers={"authorization": "Bearer x"}
    )
    assert {each["id"] for each in listed.json()["data"]} == {first.id, second.id}
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)


def test_a_response_in_the_background_is_brought_up_to_date(
    server: RunningServer, responses_provider: ScriptedProvider
) -> None:
    client = server.client(max_retries=0)
    asked = Request("", {}, b'{"model":"storing-pg","background":true}')
    whole = response(asked, message("Done."))
    queued = {**whole, "status": "queued", "output": [], "usage": None}
    responses_provider.replies["storing-pg"] = json_reply(queued)
    made = client.responses.create(model="storing-pg", input="Hi", background=True)
    responses_provider.replies[f"responses/{made.id}"] = json_reply(whole)

    assert client.responses.retrieve(made.id).output_text == "Done."
    assert client.responses.retrieve(made.id).status == "completed"
