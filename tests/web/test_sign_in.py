"""Who sees pages, and how a browser becomes one that may. All of it is ours."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from evald.services.context import Context
from evald.services.keys import create_key, revoke_key
from evald.web.session import COOKIE
from evald.web.sign_in import MAX_FORM_BYTES, NO_KEY, WRONG_KEY
from tests.support.html_page import read_html
from tests.support.kept_runs import EVAL_ID, StillClock, eval_named, keep_eval
from tests.web.conftest import STATIC_KEY, browser

EVAL = f"/evaluations/{EVAL_ID}"
DAY_S = 86_400


async def signed_in(stranger: httpx2.AsyncClient, key: str = STATIC_KEY) -> httpx2.Response:
    return await stranger.post("/sign-in", data={"key": key})


def clock_of(context: Context) -> StillClock:
    assert isinstance(context.clock, StillClock)
    return context.clock


@pytest.mark.parametrize("url", ["/", f"{EVAL}?run_id=evalrun_1&status=fail", EVAL])
async def test_a_stranger_is_led_to_the_form_and_from_there_to_the_page(
    stranger: httpx2.AsyncClient, context: Context, url: str
) -> None:
    await keep_eval(context.store, eval_named("Tickets"))

    led = await stranger.get(url)
    page = read_html((await stranger.get(led.headers["location"])).text)
    fields = {
        each.attributes["name"]: each.attributes.get("value", "") for each in page.all("input")
    }
    entered = await stranger.post("/sign-in", data={**fields, "key": STATIC_KEY})

    assert (led.status_code, entered.status_code) == (303, 303)
    assert entered.headers["location"] == url


async def test_nothing_is_told_to_a_stranger_about_what_there_is(
    stranger: httpx2.AsyncClient, context: Context
) -> None:
    await keep_eval(context.store, eval_named("Tickets"))

    there, missing = await stranger.get(EVAL), await stranger.get("/evaluations/gone")

    assert (there.status_code, missing.status_code) == (303, 303)
    assert there.content == missing.content == b""


async def test_the_form_asks_for_one_key_that_is_not_shown(stranger: httpx2.AsyncClient) -> None:
    page = read_html((await stranger.get("/sign-in")).text)

    assert [each.attributes["type"] for each in page.all("input")] == ["password"]
    assert page.all("form")[0].attributes == {"method": "post", "action": "/sign-in"}


async def test_a_session_lets_a_browser_in_until_it_signs_out(
    stranger: httpx2.AsyncClient,
) -> None:
    await signed_in(stranger)
    inside = await stranger.get("/")
    left = await stranger.post("/sign-out")
    outside = await stranger.get("/")

    assert (inside.status_code, left.status_code, outside.status_code) == (200, 303, 303)
    assert "Sign out" in inside.text


async def test_the_cookie_is_out_of_reach_and_does_not_hold_the_key(
    stranger: httpx2.AsyncClient,
) -> None:
    cookie = (await signed_in(stranger)).headers["set-cookie"]

    attributes = {each.strip().lower() for each in cookie.split(";")[1:]}
    assert attributes == {"httponly", "samesite=lax", "path=/", f"max-age={30 * DAY_S}"}
    assert STATIC_KEY not in cookie


async def test_over_https_the_cookie_is_sent_over_https_only(context: Context) -> None:
    public_url = "https://evals.example"
    async with browser(context, static_key=STATIC_KEY, public_url=public_url) as stranger:
        cookie = (await signed_in(stranger)).headers["set-cookie"]

    assert "; Secure" in cookie


@pytest.mark.parametrize(
    ("key", "sentence"), [("sk-wrong", WRONG_KEY), ("", NO_KEY), (" ", NO_KEY)]
)
async def test_a_wrong_key_brings_the_form_again_with_a_sentence(
    stranger: httpx2.AsyncClient, key: str, sentence: str
) -> None:
    answer = await stranger.post("/sign-in", data={"key": key, "next": EVAL})

    fields = {each.attributes["name"]: each for each in read_html(answer.text).all("input")}
    assert answer.status_code == 401
    assert sentence in answer.text
    assert fields["next"].attributes["value"] == EVAL
    assert "value" not in fields["key"].attributes
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "away", ["https://evil.test/", "//evil.test", "/\\evil.test", "/\t/evil.test", "javascript:x"]
)
async def test_nobody_is_led_away_from_this_server(stranger: httpx2.AsyncClient, away: str) -> None:
    form = await stranger.get("/sign-in", params={"next": away})
    entered = await stranger.post("/sign-in", data={"key": STATIC_KEY, "next": away})

    assert "evil" not in form.text
    assert entered.headers["location"] == "/"


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out"])
@pytest.mark.parametrize(
    "origin", ["https://evil.test", "null", "http://evald.test.evil", "http://["]
)
async def test_forms_of_other_sites_do_nothing(
    stranger: httpx2.AsyncClient, path: str, origin: str
) -> None:
    answer = await stranger.post(path, data={"key": STATIC_KEY}, headers={"Origin": origin})

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("origin", ["http://evald.test", "https://evals.example"])
async def test_our_own_form_is_known_by_the_host_or_by_the_public_url(
    context: Context, origin: str
) -> None:
    public_url = "https://evals.example"
    async with browser(context, static_key=STATIC_KEY, public_url=public_url) as stranger:
        answer = await stranger.post(
            "/sign-in", data={"key": STATIC_KEY}, headers={"Origin": origin}
        )

    assert answer.status_code == 303


async def test_a_form_of_more_bytes_than_a_key_can_have_is_refused(
    stranger: httpx2.AsyncClient,
) -> None:
    answer = await stranger.post("/sign-in", data={"key": "x" * MAX_FORM_BYTES})

    assert answer.status_code == 413
    assert "16,384 bytes" in answer.text


async def test_a_session_ends_after_thirty_days(
    stranger: httpx2.AsyncClient, context: Context
) -> None:
    token = (await signed_in(stranger)).cookies[COOKIE]
    asked = {"Cookie": f"{COOKIE}={token}"}

    clock_of(context).at += 30 * DAY_S - 1
    before = await stranger.get("/", headers=asked)
    clock_of(context).at += 1
    after = await stranger.get("/", headers=asked)

    assert (before.status_code, after.status_code) == (200, 303)


async def test_revoking_a_key_ends_its_sessions(context: Context) -> None:
    made = await create_key(context.store, context.clock, "laptop")
    async with browser(context) as stranger:
        await signed_in(stranger, made.secret)
        before = await stranger.get("/")
        await revoke_key(context.store, context.clock, made.key.id)
        clock_of(context).at += 2
        after = await stranger.get("/")

    assert (before.status_code, after.status_code) == (200, 303)


async def test_a_bearer_key_opens_pages_without_a_session(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/", headers={"Authorization": f"bearer {STATIC_KEY}"})

    assert answer.status_code == 200
    assert "Sign out" not in answer.text


async def test_a_wrong_bearer_key_is_refused_and_not_led_on(stranger: httpx2.AsyncClient) -> None:
    answer = await stranger.get("/", headers={"Authorization": "Bearer sk-wrong"})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="evald"'
    assert WRONG_KEY in answer.text


@pytest.mark.parametrize("cookie", ["", "x", "AAAA", "é".encode().decode("latin-1")])
async def test_a_cookie_that_is_none_of_ours_lets_nobody_in(
    stranger: httpx2.AsyncClient, cookie: str
) -> None:
    sent = f"{COOKIE}={cookie}".encode("latin-1")

    answer = await stranger.get("/", headers={b"Cookie": sent})

    assert answer.status_code == 303


async def test_where_no_key_is_needed_the_form_leads_on(visitor: httpx2.AsyncClient) -> None:
    answer = await visitor.get("/sign-in", params={"next": EVAL})

    assert (answer.status_code, answer.headers["location"]) == (303, EVAL)


async def test_a_query_survives_signing_in_as_it_was(stranger: httpx2.AsyncClient) -> None:
    url = f"{EVAL}?run_id=evalrun_1&odd=%26%3D%20%C3%A4+"

    led = await stranger.get(url)

    assert parse_qs(urlsplit(led.headers["location"]).query)["next"] == [url]
