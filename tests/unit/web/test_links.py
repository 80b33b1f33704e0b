import re
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.web.links import LogsAddress, in_form, links_under, local_path
from evald.web.run_address import RunAddress

LINKS = links_under("http://evald.test")


def test_a_link_names_what_it_shows_and_nothing_else() -> None:
    address = RunAddress("eval_1", "evalrun_2")

    assert LINKS.run(address) == "/evaluations/eval_1?run_id=evalrun_2"


def test_a_link_holds_all_that_was_chosen() -> None:
    address = RunAddress("eval_1", "evalrun_2", "fail", "3~~4", text="a b", where=("x", "y"))

    assert LINKS.run(replace(address, is_still=True)) == (
        "/evaluations/eval_1?run_id=evalrun_2&status=fail&text=a+b&where=x&where=y&after=3~~4"
        "&refresh=off"
    )
    assert LINKS.item(replace(address, item="7"), "outputitem_3") == (
        "/evaluations/eval_1/items/outputitem_3"
        "?run_id=evalrun_2&status=fail&text=a+b&where=x&where=y&after=3~~4"
    )
    assert LINKS.saved_run(address) == (
        "/evaluations/eval_1/save?run_id=evalrun_2&status=fail&text=a+b&where=x&where=y"
    )


def test_runs_that_are_compared_stand_in_one_parameter() -> None:
    assert LINKS.compare(["evalrun_1", "evalrun_2"]) == "/compare?runs=evalrun_1,evalrun_2"
    assert LINKS.compare() == "/compare"


def test_a_filter_of_logs_names_each_pair() -> None:
    address = LogsAddress("response", "gpt-x", [("use", "chat"), ("a b", "&=")], after="resp_1")

    assert LINKS.logs(address) == (
        "/logs?kind=response&model=gpt-x&metadata=use%3Dchat&metadata=a+b%3D%26%3D&after=resp_1"
    )
    assert LINKS.eval_of_logs(address).startswith("/logs/new-eval?kind=response&model=gpt-x&")


@pytest.mark.parametrize(
    ("href", "as_json"),
    [
        ("/", "/evaluations.json"),
        ("/?search=a%2F.b", "/evaluations.json?search=a%2F.b"),
        ("/tools/evals/", "/tools/evals/evaluations.json"),
        ("/evaluations/eval_1?run_id=evalrun_2", "/evaluations/eval_1.json?run_id=evalrun_2"),
    ],
)
def test_another_form_of_a_page_is_at_the_end_of_its_path(href: str, as_json: str) -> None:
    assert in_form(href, "json") == as_json


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
