import pytest
from starlette.datastructures import QueryParams

from evald.domain.errors import UnknownCursor
from evald.web.queries import from_cursor, read_eval_query, read_list_query


def test_a_run_is_asked_for_by_its_id() -> None:
    query = read_eval_query(
        QueryParams("project_id=proj_1&run_id=evalrun_1&status=fail&after=x&refresh=off")
    )

    assert (query.run_id, query.status, query.after, query.is_still, query.notices) == (
        "evalrun_1",
        "fail",
        "x",
        True,
        [],
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [("pass", "pass"), ("passed", "pass"), ("failed", "fail"), ("errored", "error"), ("", None)],
)
def test_a_status_may_be_spelled_as_the_api_or_as_the_pages_do(
    word: str, status: str | None
) -> None:
    query = read_eval_query(QueryParams({"run_id": "evalrun_1", "status": word}))

    assert (query.status, query.notices) == (status, [])


@pytest.mark.parametrize("text", ["", "run_id=", "project_id=proj_1&after="])
def test_without_a_run_the_list_of_runs_is_asked_for(text: str) -> None:
    query = read_eval_query(QueryParams(text))

    assert (query.run_id, query.after, query.notices) == (None, None, [])


def test_what_means_nothing_is_named_and_does_no_harm() -> None:
    run = read_eval_query(QueryParams("run_id=evalrun_1&status=great&sort=score"))
    runs = read_list_query(QueryParams("status=fail"))

    assert (run.run_id, run.status) == ("evalrun_1", None)
    assert run.notices == [
        "The parameter 'sort' means nothing here and was ignored.",
        "The status 'great' is none of pass, fail and error; all items are shown.",
    ]
    assert runs.notices == ["The parameter 'status' means nothing here and was ignored."]


async def test_a_cursor_that_names_nothing_leads_to_the_start_with_a_notice() -> None:
    async def read(after: str | None) -> str:
        if after is not None:
            raise UnknownCursor(after)
        return "the start"

    query = read_list_query(QueryParams("after=eval_gone"))

    assert await from_cursor(read, query) == "the start"
    assert query.notices == ["'eval_gone' is not in this list, which begins at its start."]
