import pytest

from evald.web.moments import read_moment, read_pair


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1750000000", 1_750_000_000),
        ("0", 0),
        ("2025-06-15", 1_749_945_600),
        ("2025-06-15T15:06:40", 1_750_000_000),
        ("2025-06-15 15:06", 1_749_999_960),
        ("2025-06-15T17:06:40+02:00", 1_750_000_000),
        ("2025-06-15T15:06:40Z", 1_750_000_000),
    ],
)
def test_a_moment_is_in_utc_unless_it_says_otherwise(text: str, seconds: int) -> None:
    assert read_moment(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "yesterday", "-5", "1e9", "2025-13-01", "1960-01-01", "9" * 16]
)
def test_what_is_no_moment_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_moment(text)


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("use=chat", ("use", "chat")),
        (" use = chat ", ("use", "chat")),
        ("a=b=c", ("a", "b=c")),
        ("a=", ("a", "")),
    ],
)
def test_a_pair_is_cut_at_its_first_sign(text: str, pair: tuple[str, str]) -> None:
    assert read_pair(text) == pair


@pytest.mark.parametrize("text", ["", "use", "=chat", " = "])
def test_what_is_no_pair_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="key=value"):
        read_pair(text)
