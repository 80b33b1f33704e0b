import re
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.web.links import RunAddress, links_under, local_path

LINKS = links_under("http://evald.test")


def test_a_link_names_what_it_shows_and_nothing_else() -> None:
    address = RunAddress("eval_1", "evalrun_2")

    assert LINKS.run(address) == "/evaluations/eval_1?run_id=evalrun_2"


def test_a_link_holds_all_that_was_chosen() -> None:
    address = RunAddress("eval_1", "evalrun_2", "fail", "outputitem_3", is_still=True)

    assert LINKS.run(address) == (
        "/evaluations/eval_1?run_id=evalrun_2&status=fail&after=outputitem_3&refresh=off"
    )


def test_what_an_id_holds_never_leads_elsewhere() -> None:
    assert LINKS.eval("../x?y#z") == "/evaluations/..%2Fx%3Fy%23z"
    assert LINKS.sign_in("/a?b=c&d") == "/sign-in?next=%2Fa%3Fb%3Dc%26d"


@pytest.mark.parametrize(
    ("public_url", "evals"),
    [
        ("https://evals.example", "/"),
        ("https://evals.example/", "/"),
        ("https://example/tools/evals", "/tools/evals/"),
    ],
)
def test_links_begin_where_the_pages_are_reached(public_url: str, evals: str) -> None:
    assert links_under(public_url).evals() == evals


@pytest.mark.parametrize("text", ["/", "/evaluations/eval_1?run_id=evalrun_2&status=fail", "/a//b"])
def test_a_local_path_is_kept(text: str) -> None:
    assert local_path(text) == text


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "evaluations",
        "//evil.test",
        "///evil.test",
        "https://evil.test/",
        "javascript:alert(1)",
        "/\\evil.test",
        "\\\\evil.test",
        "/\t/evil.test",
        "/\n/evil.test",
        "/a\r\nSet-Cookie: x=y",
        " //evil.test",
        "/ä",
        "/\0",
    ],
)
def test_what_might_lead_away_is_no_local_path(text: str | None) -> None:
    assert local_path(text) is None


@given(st.text(st.sampled_from("/\\.:@?#%25et vil\t\n\r\0"), max_size=12))
def test_whoever_follows_a_local_path_stays_on_the_host(text: str) -> None:
    path = local_path("/" + text)
    # As browsers read it: tabs and line feeds skipped, a backslash for a slash.
    read = re.sub(r"[\t\r\n]", "", path or "/").replace("\\", "/")

    assert urlsplit(urljoin("http://evald.test/sign-in", read)).netloc == "evald.test"
