"""Filters over what an item says; all of it is ours."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.domain.errors import InvalidValue
from evald.domain.exact_json import dump
from evald.domain.item_filters import (
    MOST_CHARACTERS,
    ItemMatcher,
    TextFilter,
    field_of,
    holds,
    read_condition,
    read_field,
    read_regex,
    read_text,
)

ITEM: dict[str, Any] = {
    "category": "network",
    "priority": 2,
    "score": 0.5,
    "done": True,
    "note": None,
    "tags": ["urgent", 7],
    "a": {"b": {"c d": "deep"}},
    "list": [{"x": 1}],
    "packed": '{"y": "inside"}',
}


@pytest.mark.parametrize(
    ("condition", "is_true"),
    [
        ('item.category = "network"', True),
        ("item.category = network", True),
        ("item.category=network", True),
        ('item.category = "Network"', False),
        ('item.category != "printer"', True),
        ("item.priority = 2", True),
        ("item.priority = 2.0", True),
        ('item.priority = "2"', False),
        ("item.priority > 1", True),
        ("item.priority > 2", False),
        ("item.priority < 2.5", True),
        ("item.category < oak", True),
        ("item.category > 1", False),
        ("item.done = true", True),
        ("item.done = 1", False),
        ("item.note = null", True),
        ("item.tags has urgent", True),
        ("item.tags has 7", True),
        ('item.tags has "7"', False),
        ("item.category has work", True),
        ("item.a has b", True),
        ("item.priority has 2", False),
        ('item.a.b["c d"] = deep', True),
        ("item.list[0].x = 1", True),
        ("item.list.0.x = 1", True),
        ("item.packed.y = inside", True),
        ('item.tags = ["urgent", 7.0]', True),
        ('item.a.b = {"c d": "deep"}', True),
        ("item.gone = 1", False),
        ("item.gone != 1", True),
        ("item.gone < 1", False),
        ("item.list[3].x = 1", False),
        ("item.category =", False),
    ],
)
def test_a_condition_on_a_field(condition: str, *, is_true: bool) -> None:
    assert holds(read_condition(condition, param="where"), ITEM) == is_true


@pytest.mark.parametrize(
    "text",
    [
        "",
        "item",
        "item.a",
        "sample.a = 1",
        "category = 1",
        "item.a ~ 1",
        "item.a hash 1",
        "x" * 9_999,
    ],
)
def test_what_is_no_condition_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_condition(text, param="where")

    assert refused.value.param == "where"
    assert 'item.category = "network"' in refused.value.message


@pytest.mark.parametrize(
    "text", ["item", "category", "sample.x", "item.a b]", "item." + "a" * 2_000]
)
def test_what_is_no_field_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_field(text, param="by")

    assert refused.value.param == "by"


def test_a_missing_field_is_told_from_null() -> None:
    found = [field_of(ITEM, read_field(f"item.{name}", param="by")) for name in ("note", "gone")]

    assert found == [(None,), ()]


@pytest.mark.parametrize(
    ("regex", "said"),
    [
        ("(", "no regular expression"),
        ("a(?=b)", "looks around"),
        (r"(a)\1", "looks around"),
        ("x" * 20_000, "too large"),
        (r"[a-z]{2,1000}[0-9]{2,1000}", "too long"),
    ],
)
def test_a_regex_that_is_not_searched_with_is_refused_and_why(regex: str, said: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        read_regex(regex, param="regex")

    assert refused.value.param == "regex"
    assert said in refused.value.message


def test_a_text_of_a_page_is_refused() -> None:
    assert read_text("x" * MOST_CHARACTERS, param="text")
    with pytest.raises(InvalidValue):
        read_text("x" * (MOST_CHARACTERS + 1), param="text")


def sample(said: str = "Restart it.", told: str = "The printer is out.") -> str:
    return json.dumps(
        {
            "input": [{"role": "user", "content": told}],
            "output": [{"role": "assistant", "content": said}],
            "model": "gpt-x",
        },
        ensure_ascii=False,
    )


def matches(item: Any = None, said: str = "Restart it.", **wanted: Any) -> bool | None:
    matcher = ItemMatcher(TextFilter(**wanted))
    return matcher.matches(dump(ITEM if item is None else item), sample(said))


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("restart", True),
        ("PRINTER", True),
        ("network", True),
        ("c d", False),  # a key
        ("assistant", False),  # a role
        ("gpt-x", False),
        ("restart printer", False),
    ],
)
def test_text_is_found_in_input_and_output_whatever_its_case(text: str, *, is_found: bool) -> None:
    assert matches(text=text) is is_found


@pytest.mark.parametrize(
    "text", ['say "no"', "a\\b", "line\nbreak", "straße", "STRASSE", "\ud800", "\x07"]
)
def test_text_is_found_however_json_writes_it(text: str) -> None:
    assert matches({"x": f"before {text} after"}, text=text)


@pytest.mark.parametrize(
    ("regex", "is_found"),
    [
        (r"^Restart", True),
        (r"^restart", False),
        (r"(?i)^restart", True),
        (r"out\.$", True),
        (r"printer.*Restart", False),  # two texts
        (r"\bnet\w+$", True),
    ],
)
def test_a_regex_is_looked_for_in_each_text(regex: str, *, is_found: bool) -> None:
    assert matches(regex=read_regex(regex, param="regex")) is is_found


def test_all_that_is_given_applies() -> None:
    urgent = (read_condition("item.tags has urgent", param="where"),)
    low = (*urgent, read_condition("item.priority < 2", param="where"))

    assert matches(text="printer", regex="Restart", conditions=urgent)
    assert matches(text="nowhere", regex="Restart", conditions=urgent) is False
    assert matches(text="printer", regex="nowhere", conditions=urgent) is False
    assert matches(text="printer", regex="Restart", conditions=low) is False


def test_an_item_with_a_text_too_long_for_the_regex_is_neither_found_nor_not() -> None:
    slow = read_regex(r"[a-z]{2,99}!", param="regex")
    long = "b" * 200_000

    assert matches({"x": long}, regex=slow) is None
    assert matches({"x": long}, said="abc!", regex=slow) is True
    assert matches({"x": "short"}, regex=slow) is False


def test_an_imported_item_may_have_no_sample() -> None:
    matcher = ItemMatcher(TextFilter(text="network"))

    assert matcher.matches(dump(ITEM), "null") is True
    assert matcher.matches("null", '{"input": 1, "output": ["x", {}]}') is False


@given(before=st.text(), text=st.text(min_size=1, max_size=20), after=st.text())
def test_every_part_of_a_text_is_found_in_it(before: str, text: str, after: str) -> None:
    assert matches({"x": [before + text + after]}, text=text)


@given(item=st.text(max_size=9), wanted=st.text(min_size=1, max_size=3))
def test_what_is_found_is_there(item: str, wanted: str) -> None:
    found = ItemMatcher(TextFilter(text=wanted)).matches(dump({"x": item}), "null")

    assert found is (wanted.casefold() in item.casefold())
