"""Forms that change something: new runs, canceling, deleting. All of it is ours."""

from dataclasses import replace
from typing import Any

import pytest

from evald.domain.errors import NotFound
from evald.ports.kept import Rows, StoredRun
from evald.services.keys import DEFAULT_PROJECT
from evald.wire.data_source_configs import LogsConfig, config_json
from evald.wire.pages import ListRunsQuery
from tests.support.html_page import read_html, shown
from tests.support.kept_runs import EVAL_ID, NOW, RUN_ID, eval_named, keep_eval, keep_run, run_named
from tests.web.conftest import STATIC_KEY, Hands, browser

EVAL = f"/evaluations/{EVAL_ID}"
NEW_RUN = f"{EVAL}/new-run?run_id={RUN_ID}"
DAY_S = 24 * 3_600


async def keep(hands: Hands, **run: Any) -> None:
    await keep_eval(hands.context.store, eval_named("Tickets"))
    values = {"status": "completed", "ended_at": NOW + 5, **run}
    await keep_run(hands.context.store, run_named("One", **values))


async def runs_kept(hands: Hands) -> list[StoredRun]:
    async with hands.context.store.snapshot() as tx:
        return (await tx.runs.page(DEFAULT_PROJECT, EVAL_ID, ListRunsQuery())).rows


async def keep_blob(hands: Hands, blob_id: str, content: bytes) -> None:
    async with hands.context.blobs.writing(blob_id) as writer:
        await writer.write(content)


async def blob_of(hands: Hands, run: StoredRun) -> bytes:
    return b"".join([chunk async for chunk in hands.context.blobs.read(run.rows.blob_id)])


def inline(**changes: Any) -> dict[str, Any]:
    """A run whose rows came with its request."""
    source = {"type": "jsonl", "source": {"type": "file_content", "content": []}}
    return {"data_source": source, "rows": Rows("blob_rows", inline=True), "model": "", **changes}


async def test_a_run_is_made_again_and_its_page_follows(hands: Hands) -> None:
    await keep(hands, **inline())
    rows = b'{"item":{"label":"a"}}\n'
    await keep_blob(hands, "blob_rows", rows)

    answer = await hands.send(NEW_RUN, name="Two")
    made = (await runs_kept(hands))[-1]

    assert (answer.status_code, answer.headers["location"]) == (303, f"{EVAL}?run_id={made.id}")
    assert (made.name, made.status, made.metadata) == ("Two", "queued", {"branch": "main"})
    assert await blob_of(hands, made) == rows
    assert made.rows.blob_id != "blob_rows"
    assert hands.woken.runs == [made.id]


async def test_a_form_shows_the_run_that_it_was_filled_in_from(hands: Hands) -> None:
    await keep(hands)

    text = shown(read_html((await hands.browser.get(NEW_RUN)).text))

    assert "<select: run_id = One>" in text
    assert "From the file file-0000000000000000000003." in text
    assert "<text: model = gpt-x>" in text
    assert "Sort this ticket: {{ item.ticket }}" in text
    assert "<text: param.temperature = 0.5>" in text


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"param__temperature": "warm"}, "param.temperature", "This is not a number."),
        ({"model": ""}, "model", "must name it in 'model'"),
        ({"role__0": "robot"}, "text.0", "'robot'"),
        ({"text__0": ""}, "text.0", "input_messages"),
        ({"name": "x"}, "", "upload it to this server first"),
        ({"param__other_params": '{"tools": 5}'}, "param.other_params", "tools"),
    ],
)
async def test_what_is_wrong_stands_at_its_field_and_nothing_is_lost(
    hands: Hands, changes: dict[str, str], field: str, sentence: str
) -> None:
    await keep(hands)

    answer = await hands.send(NEW_RUN, **{"param__seed": "11", **changes})
    page = read_html(answer.text)
    wrong = [each for each in page.all("p") if "wrong" in each.attributes.get("class", "")]
    place = wrong[0].attributes.get("id", "").removeprefix("wrong-")
    marked = [each for each in page.all("input", "textarea") if "aria-invalid" in each.attributes]

    assert answer.status_code == 400
    assert (place, sentence in wrong[0].text) == (field, True), wrong[0].text
    assert [each.attributes["name"] for each in marked] == ([field] if field else [])
    assert "<text: param.seed = 11>" in shown(page)
    assert len(await runs_kept(hands)) == 1


async def test_rows_that_are_gone_are_told(hands: Hands) -> None:
    await keep(hands, **inline())

    answer = await hands.send(NEW_RUN)

    assert answer.status_code == 400
    assert f"The rows of run &#39;{RUN_ID}&#39; are no longer kept." in answer.text


async def test_a_run_of_another_service_begins_anew_with_a_notice(hands: Hands) -> None:
    await keep(hands, data_source={"type": "azure_ai"}, imported={"id": RUN_ID})

    text = shown(read_html((await hands.browser.get(NEW_RUN)).text))

    assert "That run was made elsewhere, in a way that means nothing here." in text
    assert "<text: source.file_id>" in text


async def test_an_eval_over_logs_offers_them_and_asks_for_no_model(hands: Hands) -> None:
    config = config_json(LogsConfig(type="logs", metadata={"use": "chat"}))
    an_eval = eval_named("Chats").model_copy(update={"data_source_config": config})
    await keep_eval(hands.context.store, an_eval)

    answer = await hands.send(f"{EVAL}/new-run", source__model="gpt-x", source__limit="9")
    (made,) = await runs_kept(hands)

    assert answer.status_code == 303, answer.text
    assert made.model == ""
    assert made.data_source["source"] == {
        "type": "stored_completions",
        "model": "gpt-x",
        "metadata": {"use": "chat"},
        "limit": 9,
    }


async def test_a_run_is_canceled_after_a_question(hands: Hands) -> None:
    await keep(hands, status="in_progress", ended_at=None)

    asked = shown(read_html((await hands.browser.get(f"{EVAL}/cancel?run_id={RUN_ID}")).text))
    answer = await hands.send(f"{EVAL}/cancel?run_id={RUN_ID}")

    assert "What is done stays: 0 rows." in asked
    assert answer.headers["location"] == f"{EVAL}?run_id={RUN_ID}"
    assert (await runs_kept(hands))[0].status == "canceled"


async def test_a_run_is_deleted_after_a_question(hands: Hands) -> None:
    await keep(hands)

    answer = await hands.send(f"{EVAL}/delete?run_id={RUN_ID}")

    assert (answer.status_code, answer.headers["location"]) == (303, EVAL)
    assert await runs_kept(hands) == []


async def test_an_eval_is_deleted_after_a_question(hands: Hands) -> None:
    await keep(hands)

    asked = shown(read_html((await hands.browser.get(f"{EVAL}/delete")).text))
    answer = await hands.send(f"{EVAL}/delete")

    assert "Its runs go with it, and all their output items: 1." in asked
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await hands.browser.get(EVAL)).status_code == 404


FORMS = ["new-run", "cancel", "delete"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("token", ["", "x", "A" * 56, "é"])
async def test_a_form_without_a_token_of_ours_does_nothing(
    hands: Hands, form: str, token: str
) -> None:
    await keep(hands, status="in_progress", ended_at=None)

    answer = await hands.browser.post(f"{EVAL}/{form}", data={"run_id": RUN_ID, "token": token})

    assert answer.status_code == 403
    assert "nothing was done" in answer.text
    assert [each.status for each in await runs_kept(hands)] == ["in_progress"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("origin", ["https://evil.test", "null"])
async def test_a_form_of_another_site_does_nothing(hands: Hands, form: str, origin: str) -> None:
    await keep(hands, status="in_progress", ended_at=None)
    page = read_html((await hands.browser.get(f"{EVAL}/delete?run_id={RUN_ID}")).text)
    token = next(
        each.attributes["value"] for each in page.all("input") if each.attributes["name"] == "token"
    )

    answer = await hands.browser.post(
        f"{EVAL}/{form}", data={"run_id": RUN_ID, "token": token}, headers={"Origin": origin}
    )

    assert answer.status_code == 403
    assert [each.status for each in await runs_kept(hands)] == ["in_progress"]


async def test_a_token_is_good_for_a_day(hands: Hands) -> None:
    await keep(hands)
    page = read_html((await hands.browser.get(f"{EVAL}/delete?run_id={RUN_ID}")).text)
    fields = {each.attributes["name"]: each.attributes["value"] for each in page.all("input")}
    clock: Any = hands.context.clock
    clock.at += DAY_S

    late = await hands.browser.post(f"{EVAL}/delete", data=fields)
    clock.at -= 1
    in_time = await hands.browser.post(f"{EVAL}/delete", data=fields)

    assert (late.status_code, in_time.status_code) == (403, 303)


async def test_a_token_is_its_sessions_own(hands: Hands) -> None:
    await keep(hands)
    page = read_html((await hands.browser.get(f"{EVAL}/delete?run_id={RUN_ID}")).text)
    fields = {each.attributes["name"]: each.attributes["value"] for each in page.all("input")}

    async with browser(replace(hands.context), static_key=STATIC_KEY) as somebody:
        await somebody.post("/sign-in", data={"key": STATIC_KEY})
        answer = await somebody.post(f"{EVAL}/delete", data=fields)

    assert answer.status_code == 403
    assert len(await runs_kept(hands)) == 1


async def test_a_form_that_is_too_much_is_refused(hands: Hands) -> None:
    await keep(hands)

    large = await hands.browser.post(f"{EVAL}/new-run", data={"name": "x" * 4_200_000})
    wide = await hands.browser.post(f"{EVAL}/new-run", data={f"f{n}": "" for n in range(1_001)})

    assert (large.status_code, wide.status_code) == (413, 413)


@pytest.mark.parametrize(
    "path", ["cancel?run_id=gone", "delete?run_id=gone", "new-run?run_id=gone"]
)
async def test_what_is_not_there_cannot_be_changed(hands: Hands, path: str) -> None:
    await keep(hands)

    answer = await hands.browser.get(f"{EVAL}/{path}")

    assert answer.status_code == NotFound.status
    assert "No run found with id &#39;gone&#39;." in answer.text


@pytest.mark.parametrize("path", ["new-run", "cancel", "delete"])
async def test_strangers_change_nothing(hands: Hands, path: str) -> None:
    await keep(hands)

    async with browser(hands.context, static_key=STATIC_KEY) as stranger:
        asked = await stranger.get(f"{EVAL}/{path}?run_id={RUN_ID}")
        sent = await stranger.post(f"{EVAL}/{path}", data={"run_id": RUN_ID})

    assert (asked.status_code, sent.status_code) == (303, 303)
    assert asked.headers["location"].startswith("/sign-in?next=")
    assert [each.status for each in await runs_kept(hands)] == ["completed"]
