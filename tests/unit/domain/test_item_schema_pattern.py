"""What a pattern may cost, by how it is written. Ours."""

import time

import pytest

from evald.domain.item_schema_pattern import BACKTRACKS, MAX_CHARACTERS, Pattern, read_pattern


def pattern(text: str) -> Pattern:
    found = read_pattern(text)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "character_ns"),
    [
        ("^[a-z]+$", 10),
        ("^(a+)+$", 10),
        (".*foo.*", 10),
        (r"^[\w.+-]+@[\w-]+\.[a-z]{2,}$", 10),
        (r"^\d{4}-\d{2}-\d{2}$", 350),
        ("[ab]*a[ab]{1000}c", 89_600),
        ("(ab){100}", 5_600),
    ],
)
def test_the_linear_engine_takes_what_its_positions_and_size_allow(
    text: str, character_ns: int
) -> None:
    found = pattern(text)

    assert (found.is_linear, found.character_ns, found.trials) == (True, character_ns, ())


@pytest.mark.parametrize("text", ["(", "[", "(?<", "\\p{Nonsense}", "(?=a", "*", "^a|b)$"])
def test_what_is_no_regular_expression_is_not_read(text: str) -> None:
    assert read_pattern(text) is None


@pytest.mark.parametrize("text", ["a" * (MAX_CHARACTERS + 1), "\\p{L}{1000}", "(?=\\p{L}{5000})"])
def test_what_is_too_large_is_not_read(text: str) -> None:
    assert read_pattern(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "^(?!a)b",
        r"^(?=.*\d)(?=.*[a-z])(?!.*secret).{8,}$",
        r"^(?=(a|b))[^)]+\)$",
        "^(?=a|b)(c|d)$",
    ],
)
def test_lookaheads_at_the_beginning_cost_what_their_parts_do(text: str) -> None:
    found = pattern(text)

    assert not found.is_linear
    assert found.trials == ()
    assert 0 < found.character_ns < 1_000


@pytest.mark.parametrize(
    "text",
    [
        "(?!a)b",  # tried at each place
        "^(?!a)b|c",  # and so is the second half of this
        "^(?=(?=a)a)b",
        "^a(?=b)c",
        r"(\w+) \1",
        "(?i:^(?!a)b)",
        "^(?<!a)b",
    ],
)
def test_any_other_pattern_is_tried_before_it_is_trusted(text: str) -> None:
    found = pattern(text)

    assert not found.is_linear
    assert [trial.backtracks for trial in found.trials] == [100, BACKTRACKS]


@pytest.mark.parametrize(
    ("text", "looks_far"),
    [
        ("^((?!word).)*$", False),
        ("^(?:(?!word)[ab])+x{2,3}$", False),
        ("(?<!X)foo", False),
        ("^(?:(?!a)b){2,}$", False),
        ("^a*(?!b)c", True),
        ("^(?:(?=.*b)a)*$", True),
        ("a{2,}(?!b)", True),
        (r"(a)(?!b)\1", True),
        (r"(?<x>a)(?!b)\k<x>", True),
    ],
)
def test_a_step_looks_far_where_anything_but_a_lookaround_repeats(
    text: str, looks_far: bool
) -> None:
    assert {trial.looks_far for trial in pattern(text).trials} == {looks_far}


def test_a_short_trial_ends_before_a_long_one() -> None:
    short, long = pattern("^((?!word).)*$").trials

    assert short.has_answer("a" * 50)
    assert not short.has_answer("a" * 5_000)
    assert long.has_answer("a" * 5_000)
    assert long.has_answer("a" * 3_000 + "word")
    assert not long.has_answer("a" * 50_000)


@pytest.mark.parametrize(
    "text",
    [
        "^((?!word).)*$",
        "^(?:(?=a|a)a|(?=a)a)*b$",
        "(?:(?:(?=a)a)*(?:(?=a)a)*)*b",
        "^(?:(?!a{50}b)a)*$",
        r"(?=[\s\S]*b)c",
        "(?<=a*)c",
        "(?!x)(?:a*)*c",
        "^(?:(?=(?:a|a)*c)a|a)*d",
        "^(?:.*)(?=x).*y$",
        r"(a+)+\1c",
    ],
)
@pytest.mark.parametrize("text_of", ["a" * 300, "a" * 3_000, "ax" * 1_500, "a" * 20_000])
def test_no_trial_takes_longer_than_reckoned(text: str, text_of: str) -> None:
    for trial in pattern(text).trials:
        worst_s = trial.worst_ns(len(text_of)) / 1e9
        if worst_s > 0.5:
            continue  # would not be tried
        start = time.thread_time()

        trial.has_answer(text_of)

        assert time.thread_time() - start < worst_s + 0.005
