"""What two texts begin and end with alike is cut off, and how much that is."""

import pytest

from evald.graders.similarity.same_ends import without_same_ends


@pytest.mark.parametrize(
    ("one", "other", "keep", "middles"),
    [
        ("abcdef", "abcxef", 1, ("cde", "cxe", 3)),
        ("abcdef", "abcxef", 0, ("d", "x", 5)),
        ("abcdef", "abcxef", 3, ("abcdef", "abcxef", 0)),
        ("abc", "abc", 0, ("", "", 3)),
        ("abc", "abc", 2, ("bc", "bc", 1)),
        ("aaa", "aa", 0, ("a", "", 2)),
        ("ab", "cd", 0, ("ab", "cd", 0)),
        ("", "a", 0, ("", "a", 0)),
    ],
)
def test_the_middles_are_what_is_left(
    one: str, other: str, keep: int, middles: tuple[str, str, int]
) -> None:
    left = without_same_ends(list(one), list(other), keep=keep)

    assert (*map("".join, left[:2]), left.alike) == middles
