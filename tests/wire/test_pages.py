"""The pages as a browser reaches them from a run: open, or behind a sign-in; all ours."""

import httpx2
import openai
import pytest

from tests.support.running_server import RunningServer
from tests.wire.bodies import an_eval, completions, inline, jsonl, row
from tests.wire.conftest import STATIC_KEY, plain_http
from tests.wire.runs import ended_run, new_eval, new_run


def assert_is_page(answer: httpx2.Response) -> None:
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy


def test_report_url_opens_the_page_of_the_run(client: openai.OpenAI) -> None:
    """The path was observed 2025-05; the page is ours, and escapes what it shows."""
    content = [row("<script>alert(1)</script>"), row("b", "x")]
    run = ended_run(client, an_eval(name="my <eval>"), completions(inline(content)))

    answer = httpx2.get(run.report_url)

    assert answer.status_code == 200
    assert_is_page(answer)
    assert run.id in answer.text
    assert answer.text.count("<script") == 1  # the one of ours, in the head
    assert "&lt;script&gt;" in answer.text


@pytest.mark.parametrize("path", ["/", "/evaluations/EVAL"])
def test_pages_are_open_where_no_key_is_configured(
    client: openai.OpenAI, server: RunningServer, path: str
) -> None:
    eval_id = new_eval(client)

    answer = httpx2.get(server.url + path.replace("EVAL", eval_id))

    assert answer.status_code == 200
    assert_is_page(answer)


@pytest.mark.parametrize("path", ["/nowhere", "/evaluations/eval_nowhere"])
def test_what_is_no_page_is_a_page_that_says_so(server: RunningServer, path: str) -> None:
    answer = httpx2.get(server.url + path)

    assert answer.status_code == 404
    assert_is_page(answer)


def test_report_urls_stand_under_the_public_url(keyed_client: openai.OpenAI) -> None:
    eval_id = new_eval(keyed_client)
    run_id = new_run(keyed_client, eval_id, jsonl(inline([])))

    run = keyed_client.evals.runs.retrieve(run_id, eval_id=eval_id)
    keyed_client.evals.delete(eval_id)

    assert run.report_url.startswith(f"https://evald.test/base/evaluations/{eval_id}?")


def test_a_stranger_is_led_to_the_sign_in(keyed_server: RunningServer) -> None:
    with plain_http(keyed_server, key="") as stranger:
        answer = stranger.get("/evaluations/eval_x?run_id=evalrun_y")
        form = stranger.get("/sign-in")

    assert answer.status_code == 303
    assert "/sign-in?next=" in answer.headers["location"]
    assert form.status_code == 200
    assert_is_page(form)


def test_pages_take_the_key_as_a_bearer(keyed_http: httpx2.Client) -> None:
    answer = keyed_http.get("/")

    assert answer.status_code == 200
    assert_is_page(answer)


def test_signing_in_sets_a_cookie_that_opens_pages_and_not_the_api(
    keyed_server: RunningServer,
) -> None:
    with plain_http(keyed_server, key="") as browser:
        refused = browser.post("/sign-in", data={"key": "sk-wrong"})
        led_on = browser.post("/sign-in", data={"key": STATIC_KEY})
        cookie = led_on.headers["set-cookie"]
        named, _, value = cookie.partition(";")[0].partition("=")
        headers = {"cookie": f"{named}={value}"}
        opened = browser.get("/", headers=headers)
        api = browser.get("/v1/evals", headers=headers)

    assert refused.status_code == 401
    assert led_on.status_code == 303
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" in cookie  # the public URL is https
    assert STATIC_KEY not in cookie
    assert opened.status_code == 200
    assert api.status_code == 401
