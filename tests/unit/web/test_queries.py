from starlette.datastructures import QueryParams

from evald.domain.errors import UnknownCursor
from evald.web.queries import from_cursor, ignored


def test_what_means_nothing_is_named_and_does_no_harm() -> None:
    notices = ignored(QueryParams("status=fail&project_id=p&after=x&empty="), known={"after"})

    assert notices == ["The parameter 'status' means nothing here and was ignored."]


async def test_a_cursor_that_names_nothing_leads_to_the_start_with_a_notice() -> None:
    async def read(after: str | None) -> str:
        if after is not None:
            raise UnknownCursor(after)
        return "the start"

    notices: list[str] = []

    assert await from_cursor(read, "eval_gone", notices) == "the start"
    assert notices == ["'eval_gone' is not in this list, which begins at its start."]
