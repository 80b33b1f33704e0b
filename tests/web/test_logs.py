"""The pages of logs. All of it is ours."""

from dataclasses import replace
from typing import Any

import pytest

from evald.ports.kept import StoredLog
from evald.services.keys import DEFAULT_PROJECT
from evald.wire.pages import ListEvalsQuery
from tests.support.html_page import read_html, shown
from tests.support.kept_logs import completion, response
from tests.support.kept_runs import NOW
from tests.web.conftest import Hands

HOSTILE = "<script>alert('HOSTILE')</script>\u202e\0"


async def keep(hands: Hands, *logs: StoredLog) -> None:
    async with hands.context.store.transaction() as tx:
        await tx.logs.insert(logs)


async def text_at(hands: Hands, url: str) -> str:
    answer = await hands.browser.get(url)
    assert answer.status_code == 200, answer.text
    return shown(read_html(answer.text))


async def three(hands: Hands) -> None:
    await keep(
        hands,
        completion("One?", "First.", metadata={"use": "chat"}, created=NOW),
        completion("Two?", "Second.", metadata={"use": "mail"}, model="gpt-y", created=NOW + 60),
        response("Three?", "Third.", metadata={"use": "chat"}, created=NOW + 120),
    )


@pytest.mark.parametrize(
    ("query", "answers"),
    [
        ("", ["Second.", "First."]),
        ("?kind=response", ["Third."]),
        ("?model=gpt-y", ["Second."]),
        ("?metadata=use%3Dchat", ["First."]),
        ("?metadata=use%3Dchat&metadata=use%3Dmail", []),
        ("?metadata=use%3Dchat&model=gpt-y", []),
        (f"?created_after={NOW + 1}", ["Second."]),
        ("?created_before=2025-06-15T15:06:40", ["First."]),
        ("?created_before=2025-06-15+15:07", ["First."]),
        ("?kind=chat_completion&metadata=&metadata=&model=", ["Second.", "First."]),
    ],
)
async def test_logs_that_fit_are_shown_newest_first(
    hands: Hands, query: str, answers: list[str]
) -> None:
    await three(hands)

    rows = (await hands.browser.get(f"/logs.json{query}")).json()["logs"]

    assert [row["said"] for row in rows] == answers


@pytest.mark.parametrize(
    ("query", "notice"),
    [
        ("kind=odd", "The kind 'odd' is neither chat_completion nor response."),
        ("metadata=use", "The metadata 'use' is no pair such as use=chat."),
        ("created_after=soon", "The created_after 'soon' is no moment such as 2026-11-01T12:00."),
        ("sort=up", "The parameter 'sort' means nothing here and was ignored."),
        ("after=gone", "'gone' is not in this list, which begins at its start."),
    ],
)
async def test_what_a_filter_cannot_mean_is_named(hands: Hands, query: str, notice: str) -> None:
    await three(hands)

    text = await text_at(hands, f"/logs?{query}")

    assert notice in text
    assert "First." in text


async def test_nothing_that_fits_is_another_sentence_than_nothing_at_all(hands: Hands) -> None:
    assert "None is stored yet." in await text_at(hands, "/logs")

    await three(hands)

    assert "No stored completion fits this filter." in await text_at(hands, "/logs?model=other")


async def test_logs_come_by_pages_within_their_filter(hands: Hands) -> None:
    metadata = {"use": "chat"}
    logs = [completion("?", str(n), metadata=metadata, created=NOW + n) for n in range(60)]
    await keep(hands, *logs)

    first = (await hands.browser.get("/logs.json?metadata=use%3Dchat")).json()
    second = (await hands.browser.get(first["next"])).text
    table = (await hands.browser.get("/logs.csv?metadata=use%3Dchat")).text

    assert [row["said"] for row in first["logs"]] == [str(n) for n in range(59, 9, -1)]
    assert shown(read_html(second)).count("use=chat |") == 10
    assert len(table.splitlines()) == 61


async def test_a_completion_is_shown_as_it_was_asked_and_answered(hands: Hands) -> None:
    log = completion("Why?", "Because.", metadata={"use": "chat"})
    await keep(hands, log)

    text = await text_at(hands, f"/logs/{log.id}?kind=chat_completion")

    assert "user Why?" in text
    assert "## Answered\nBecause." in text
    assert "5 in (0 of them cached), 2 out" in text
    assert "use chat" in text
    assert "▸ Request as JSON" in text


async def test_a_response_is_shown_with_its_instructions(hands: Hands) -> None:
    log = response("Why?", "Because.", request={"instructions": "Be short."})
    await keep(hands, log)

    text = await text_at(hands, f"/logs/{log.id}?kind=response")

    assert "system Be short." in text
    assert "user Why?" in text
    assert "Because." in text


async def test_a_log_of_which_no_request_is_known_says_so(hands: Hands) -> None:
    log = completion("Why?", "Because.")
    await keep(hands, StoredLog(log.id, DEFAULT_PROJECT, log.kind, NOW, "m", {}, log.body))

    assert "What was asked is not known" in await text_at(hands, f"/logs/{log.id}")


@pytest.mark.parametrize("kind", ["chat_completion", "response"])
async def test_a_log_that_is_not_there_is_not_found(hands: Hands, kind: str) -> None:
    assert (await hands.browser.get(f"/logs/gone?kind={kind}")).status_code == 404


@pytest.mark.parametrize("changes", [{"body": "{"}, {"body": "[]"}, {"request": "nonsense"}])
async def test_a_log_that_cannot_be_read_does_no_harm(
    hands: Hands, changes: dict[str, Any]
) -> None:
    log = replace(completion("Why?", "Because."), **changes)
    await keep(hands, log)

    await text_at(hands, f"/logs/{log.id}")
    await text_at(hands, "/logs")


async def test_hostile_text_of_logs_stays_text(hands: Hands) -> None:
    log = completion(HOSTILE, HOSTILE, metadata={"x": HOSTILE[:200].replace("\0", "")})
    await keep(hands, log)

    for url in ("/logs", f"/logs/{log.id}"):
        page = read_html((await hands.browser.get(url)).text)
        found = [where for text, where in page.texts() if "HOSTILE" in text]
        assert found
        for where in found:
            assert any(e.attributes.get("dir") == "auto" for e in where.ancestors()), shown(where)


async def test_an_eval_is_made_of_a_filter(hands: Hands) -> None:
    await three(hands)

    answer = await hands.send("/logs/new-eval?metadata=use%3Dchat&model=gpt-y", name="Chats")
    async with hands.context.store.snapshot() as tx:
        (made,) = (await tx.evals.page(DEFAULT_PROJECT, ListEvalsQuery())).rows

    assert (answer.status_code, answer.headers["location"]) == (303, f"/evaluations/{made.id}")
    assert made.name == "Chats"
    assert made.data_source_config["type"] == "stored_completions"
    assert made.data_source_config["metadata"] == {"use": "chat"}
    assert [each.grader.name for each in made.testing_criteria] == ["Says something"]


async def test_of_responses_an_eval_over_logs_is_made(hands: Hands) -> None:
    await hands.send("/logs/new-eval?kind=response&metadata=use%3Dchat")
    async with hands.context.store.snapshot() as tx:
        (made,) = (await tx.evals.page(DEFAULT_PROJECT, ListEvalsQuery())).rows

    assert made.data_source_config["type"] == "logs"


async def test_what_an_eval_does_not_keep_of_a_filter_is_said(hands: Hands) -> None:
    text = await text_at(hands, "/logs/new-eval?model=gpt-y&created_after=2025-06-15")

    assert "The rest of the filter (model gpt-y, created after 2025-06-15) is set where" in text


@pytest.mark.parametrize(
    ("criteria", "sentence"),
    [("[", "This is not JSON"), ("[]", "empty array"), ('[{"type": "odd"}]', "&#39;odd&#39;")],
)
async def test_criteria_that_cannot_be_used_are_told_and_kept_in_the_form(
    hands: Hands, criteria: str, sentence: str
) -> None:
    answer = await hands.send("/logs/new-eval", criteria=criteria, name="Chats")

    assert answer.status_code == 400
    assert sentence in answer.text
    fields = read_html(answer.text).all("textarea", "input")
    assert any(each.text.strip() == criteria for each in fields)
    assert any(each.attributes.get("value") == "Chats" for each in fields)


async def test_a_form_without_a_token_makes_no_eval(hands: Hands) -> None:
    answer = await hands.browser.post("/logs/new-eval", data={"criteria": "[]"})

    assert answer.status_code == 403
