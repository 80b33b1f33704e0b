"""What a log is found by; all of it is ours."""

import pytest
from pydantic import JsonValue

from evald.domain.logs.terms import (
    MAX_VALUE,
    Term,
    completion_terms,
    listing_terms,
    number_term,
    response_terms,
    text_term,
)


def test_a_completion_is_found_by_its_model_and_each_pair_of_its_metadata() -> None:
    assert completion_terms("gpt-x", {"use": "chat", "team": "a"}) == (
        Term("model", "gpt-x"),
        Term("metadata.use", "chat"),
        Term("metadata.team", "a"),
    )


def test_a_list_of_no_model_asks_for_none() -> None:
    assert listing_terms(None, []) == ()
    assert listing_terms("gpt-x", [("use", "chat"), ("use", "test")]) == (
        Term("metadata.use", "chat"),
        Term("metadata.use", "test"),
        Term("model", "gpt-x"),
    )


def test_a_long_value_is_found_by_its_hash() -> None:
    longest, longer = "x" * MAX_VALUE, "x" * (MAX_VALUE + 1)

    assert text_term("model", longest).value == longest
    assert text_term("model", longer).value.startswith("sha256:")
    assert text_term("model", longer) == text_term("model", longer)
    assert text_term("model", longer) != text_term("model", longer + "x")


def test_half_a_character_can_be_hashed() -> None:
    assert text_term("model", "\ud800" * 600).value.startswith("sha256:")


@pytest.mark.parametrize("value", [1, 1.0, True + 0])
def test_one_number_is_one_term_however_it_is_written(value: float) -> None:
    assert number_term("temperature", value) == Term("temperature", "1.0")


@pytest.mark.parametrize(
    ("request_", "found"),
    [
        ({}, []),
        ({"user": "u"}, [Term("user", "u")]),
        ({"user": ""}, []),
        ({"safety_identifier": "s"}, [Term("user", "s")]),
        ({"user": "u", "prompt_cache_key": "u"}, [Term("user", "u")]),
        ({"tools": [{"type": "web_search"}]}, [Term("tool", "web_search")]),
        (
            {"tools": [{"type": "function", "name": "f"}, {"type": "function", "name": "g"}]},
            [Term("tool", "function"), Term("tool", "f"), Term("tool", "g")],
        ),
        (
            {"tools": [{"type": "mcp", "server_label": "wiki"}]},
            [Term("tool", "mcp"), Term("tool", "wiki")],
        ),
        ({"tools": ["odd", {"type": 7}], "user": 7}, []),
        ({"reasoning": {"effort": "low"}}, [Term("reasoning_effort", "low")]),
        ({"reasoning": None}, []),
        ({"temperature": 0, "top_p": 0.5}, [Term("temperature", "0.0"), Term("top_p", "0.5")]),
        ({"temperature": True, "top_p": None}, []),
    ],
)
def test_a_response_is_found_by_what_was_asked(
    request_: dict[str, JsonValue], found: list[Term]
) -> None:
    assert response_terms("m", {}, request_) == (Term("model", "m"), *found)
