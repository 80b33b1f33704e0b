import pytest
from starlette.datastructures import QueryParams

from evald.web.run_query import fitted, read_run_query
from tests.support.kept_runs import POLITE, eval_named


def test_what_is_asked_for_stands_in_the_address_and_in_the_query_of_items() -> None:
    query = read_run_query(
        "eval_1",
        QueryParams(
            "project_id=p&run_id=evalrun_1&status=failed&criterion=c&outcome=pass&min_score=0.10"
            "&text=a&where=item.n+%3E+1&where=item.m+%3D+2&sort=score&order=desc&after=3~0.5~4"
            "&item=7&spaces=on&markdown=on&refresh=off&group_by=item.n"
        ),
    )
    address, items = query.address, query.items

    assert query.notices == []
    assert (address.eval_id, address.run_id, address.status) == ("eval_1", "evalrun_1", "fail")
    assert (address.min_score, items.low) == ("0.10", 0.1)
    assert (address.where, len(items.texts.conditions)) == (("item.n > 1", "item.m = 2"), 2)
    assert (address.sort, address.order, items.order, items.is_descending) == (
        "score",
        "desc",
        "score",
        True,
    )
    assert (address.after, address.item, address.group_by) == ("3~0.5~4", "7", "item.n")
    assert (address.has_spaces, address.has_markdown, address.is_still) == (True, True, True)
    assert not query.is_before


@pytest.mark.parametrize(
    ("word", "status"),
    [("pass", "pass"), ("passed", "pass"), ("failed", "fail"), ("errored", "error"), ("", None)],
)
def test_a_status_may_be_spelled_as_the_api_or_as_the_pages_do(
    word: str, status: str | None
) -> None:
    query = read_run_query("eval_1", QueryParams({"run_id": "evalrun_1", "status": word}))

    assert (query.address.status, query.notices) == (status, [])


def test_the_place_before_which_a_page_ends_is_one_too() -> None:
    query = read_run_query("eval_1", QueryParams("run_id=evalrun_1&before=3~~0"))

    assert query.is_before
    assert query.items.after is not None
    assert (query.items.after.place.row, query.address.before, query.address.after) == (
        3,
        "3~~0",
        None,
    )


def test_each_thing_that_means_nothing_is_named_once_and_the_rest_is_kept() -> None:
    query = read_run_query(
        "eval_1",
        QueryParams("run_id=r&color=red&status=great&where=n&where=item.n+%3D+1&text=a&after=x"),
    )

    assert len(query.notices) == 4
    assert (query.address.status, query.address.text, query.address.where) == (
        None,
        "a",
        ("item.n = 1",),
    )
    assert query.address.after is None


def test_what_is_asked_of_a_verdict_needs_a_criterion() -> None:
    query = read_run_query("eval_1", QueryParams("run_id=r&outcome=fail&sort=score&text=a"))

    assert len(query.notices) == 1
    assert (query.items.outcome, query.items.order, query.items.texts.text) == (None, "row", "a")


def test_a_criterion_that_the_eval_does_not_have_is_left_out_with_all_that_is_of_it() -> None:
    query = read_run_query(
        "eval_1", QueryParams("run_id=r&criterion=gone&outcome=fail&sort=score&after=1~~1&text=a")
    )

    found = fitted(query, eval_named("Tickets"))

    assert len(found.notices) == 1
    assert found.address.query() == {**found.address.all().query(), "text": "a"}
    assert (found.items.criterion, found.items.outcome, found.items.order, found.items.after) == (
        None,
        None,
        "row",
        None,
    )


@pytest.mark.parametrize("criterion", ["Polite", POLITE])
def test_a_criterion_is_named_by_its_id_or_its_name(criterion: str) -> None:
    query = read_run_query("eval_1", QueryParams({"run_id": "r", "criterion": criterion}))

    assert fitted(query, eval_named("Tickets")) is query
