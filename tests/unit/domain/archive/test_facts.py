"""What is read of objects of any shape. Their places are observed (runs, files) or documented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from evald.domain.archive.facts import MAX_ID, Facts, facts_of, usable_id
from evald.domain.archive.kinds import Kind
from tests.support.hosted_bodies import completion_body, eval_body, file_body, run_body

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["id", "status", "result_counts", "data_source", "bytes", "created"])


def test_of_a_run_its_state_its_counts_and_its_file_are_known() -> None:
    body = run_body(1, "eval_1", passed=3, failed=2, file_id="file-1")

    facts = facts_of(Kind.RUNS, body)

    assert facts == Facts(
        body["id"], True, body["created_at"], "completed", size=5, graded=5, files=("file-1",)
    )


def test_a_run_with_its_rows_inline_reads_no_file() -> None:
    assert facts_of(Kind.RUNS, run_body(1, "eval_1")).files == ()


def test_of_a_file_its_size_is_known() -> None:
    body = file_body("file-1", number=1, size=99)

    assert facts_of(Kind.FILES, body) == Facts("file-1", True, body["created_at"], size=99)


def test_of_the_others_id_and_age_are_known() -> None:
    evaluation, completion = eval_body(1), completion_body(1)

    assert facts_of(Kind.EVALS, evaluation) == Facts(
        evaluation["id"], True, evaluation["created_at"]
    )
    assert facts_of(Kind.CHAT_COMPLETIONS, completion).created == completion["created"]


@pytest.mark.parametrize(
    ("status", "is_under_way"),
    [
        ("queued", True),
        ("in_progress", True),
        ("some_new_state", True),
        ("completed", False),
        ("failed", False),
        ("canceled", False),
        (None, False),
        (7, False),
    ],
)
def test_a_run_is_under_way_until_it_is_known_to_have_ended(
    status: JsonValue, is_under_way: bool
) -> None:
    body: JsonValue = {"id": "evalrun_1", "status": status}
    assert facts_of(Kind.RUNS, body).is_under_way is is_under_way


@given(st.sampled_from(Kind), JSON | st.dictionaries(NAMES, JSON))
def test_no_shape_is_too_odd(kind: Kind, value: JsonValue) -> None:
    facts = facts_of(kind, value, whole=False)

    assert facts.whole is False
    assert facts.id is None or isinstance(value, dict)


@pytest.mark.parametrize(
    ("value", "is_usable"),
    [
        ("eval_1", True),
        ("a/b?c#d e\x00ü", True),
        ("x" * MAX_ID, True),
        ("x" * (MAX_ID + 1), False),
        ("", False),
        (".", False),
        ("..", False),
        ("\ud83d", False),
        (7, False),
        (None, False),
        (["eval_1"], False),
    ],
)
def test_an_id_is_what_can_stand_in_a_path(value: JsonValue, is_usable: bool) -> None:
    assert (usable_id(value) is not None) is is_usable


@pytest.mark.parametrize("count", [True, -1, 2**53, 1.0, "1", None])
def test_a_count_is_a_small_integer(count: JsonValue) -> None:
    body: JsonValue = {"id": "f", "bytes": count, "created_at": count}
    assert facts_of(Kind.FILES, body) == Facts("f")
