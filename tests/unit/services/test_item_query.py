"""A query for items, read pair by pair; all of it is ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.errors import InvalidType, InvalidValue, MissingParameter, RequestError
from evald.domain.item_filters import TextFilter, read_condition
from evald.ports.verdicts import Place
from evald.services.item_query import ItemCursor, ItemQuery, read_item_query
from evald.wire.output_items import OutputItemStatus


def test_nothing_asked_for_is_every_item_by_row() -> None:
    assert read_item_query([("text", ""), ("project_id", "x")]) == ItemQuery()


def test_everything_can_be_asked_for() -> None:
    query = read_item_query(
        [
            ("status", "failed"),
            ("criterion", "Polite"),
            ("outcome", "fail"),
            ("min_score", "-0.5"),
            ("max_score", "1e3"),
            ("text", "printer"),
            ("regex", "^a"),
            ("where", "item.a = 1"),
            ("where", "item.b has x"),
            ("sort", "score"),
            ("order", "desc"),
            ("after", "7~0.25~300"),
            ("limit", "5000"),
        ]
    )

    conditions = [read_condition(each, param="where") for each in ("item.a = 1", "item.b has x")]
    assert query == ItemQuery(
        status="fail",
        criterion="Polite",
        outcome="fail",
        low=-0.5,
        high=1_000.0,
        texts=TextFilter("printer", "^a", tuple(conditions)),
        order="score",
        is_descending=True,
        after=ItemCursor(Place(7, 0.25), 300),
        limit=100,
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [("pass", "pass"), ("passed", "pass"), ("failed", "fail"), ("errored", "error")],
)
def test_the_words_of_pages_are_read_too(word: str, status: OutputItemStatus) -> None:
    assert read_item_query([("status", word)]).status == status


@pytest.mark.parametrize(
    ("given", "kind", "param"),
    [
        ([("status", "good")], InvalidValue, "status"),
        ([("criterion", "c"), ("outcome", "good")], InvalidValue, "outcome"),
        ([("outcome", "fail")], MissingParameter, "criterion"),
        ([("min_score", "0.5")], MissingParameter, "criterion"),
        ([("sort", "score")], MissingParameter, "criterion"),
        ([("criterion", "c"), ("min_score", "high")], InvalidType, "min_score"),
        ([("criterion", "c"), ("max_score", "nan")], InvalidType, "max_score"),
        ([("criterion", "c"), ("min_score", "1"), ("max_score", "0")], InvalidValue, "max_score"),
        ([("sort", "name")], InvalidValue, "sort"),
        ([("order", "down")], InvalidValue, "order"),
        ([("limit", "0")], InvalidType, "limit"),
        ([("limit", "²")], InvalidType, "limit"),
        ([("regex", "(")], InvalidValue, "regex"),
        ([("text", "x" * 1_001)], InvalidValue, "text"),
        ([("where", "a = 1")], InvalidValue, "where"),
        ([("where", "item.a = 1")] * 11, InvalidValue, "where"),
        ([("after", "outputitem_7")], InvalidValue, "after"),
        ([("after", "7~x~8")], InvalidValue, "after"),
        ([("after", "7~~-8")], InvalidValue, "after"),
        ([("after", "7~inf~8")], InvalidValue, "after"),
        ([("after", f"{'9' * 30}~~8")], InvalidValue, "after"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(
    given: list[tuple[str, str]], kind: type[RequestError], param: str
) -> None:
    with pytest.raises(kind) as refused:
        read_item_query(given)

    assert type(refused.value) is kind
    assert refused.value.param == param


@given(
    row=st.integers(0, 2**49),
    score=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    searched=st.integers(0, 2**49),
)
def test_a_cursor_is_read_as_it_was_written(row: int, score: float | None, searched: int) -> None:
    cursor = ItemCursor(Place(row, score), searched)

    assert "+" not in cursor.text()
    assert read_item_query([("after", cursor.text())]).after == cursor
