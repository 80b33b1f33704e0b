import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evald.cli.demo.display import (
    Row,
    console_on,
    progress,
    rate,
    shortened,
    show_line,
    show_run,
    summary_rows,
)
from evald.cli.demo.finished_runs import CriterionCount, FinishedRun, MissedItem, Usage

pytestmark = pytest.mark.slow  # a second and more in all; `make test` has a minute

REPORT_URL = "http://127.0.0.1:8080/evaluations/eval_" + "1" * 32 + "?run_id=evalrun_" + "2" * 32

RUN = FinishedRun(
    model="demo-keywords",
    status="completed",
    failure=None,
    report_url=REPORT_URL,
    passed=55,
    failed=16,
    errored=1,
    criteria=(CriterionCount("Right category", passed=55, failed=16),),
    usage=Usage(prompt_tokens=6064, completion_tokens=72),
    seconds=0.256,
    failed_items=(MissedItem(7, "[bold]Where is\nmy ribbon?", "Software", "Other"),),
    errored_items=tuple(MissedItem(n, "a ticket", "Other", f"reason {n}") for n in range(7)),
)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(run: FinishedRun) -> str:
    stream = io.StringIO()
    show_run(console_on(stream), run)
    return stream.getvalue()


def test_a_run_is_told_from_its_outcome_to_its_cost() -> None:
    assert summary_rows(RUN) == [
        Row("Status", "completed"),
        Row("Passed", "55 of 72 (76.4 %)"),
        Row("Failed", "16"),
        Row("Errored", "1"),
        Row("Right category", "55 passed, 16 failed"),
        Row("Tokens", "6,064 in, 72 out"),
        Row("Seconds", "0.26"),
    ]


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(1, 3, "1 of 3 (33.3 %)"), (72, 72, "72 of 72 (100.0 %)"), (0, 0, "0 of 0")],
)
def test_a_rate_says_of_how_many(part: int, whole: int, text: str) -> None:
    assert rate(part, whole) == text


@pytest.mark.parametrize(
    ("text", "width", "line"),
    [
        ("short", 5, "short"),
        ("too long", 7, "too..."),  # no blank before the dots
        ("two\n\tlines", 20, "two lines"),
        ("red \x1b[31m alert\x07", 20, "red [31m alert"),
    ],
)
def test_text_is_shortened_to_one_line(text: str, width: int, line: str) -> None:
    assert shortened(text, width) == line


@given(text=st.text(), width=st.integers(min_value=3, max_value=200))
def test_a_shortened_text_fits_and_controls_nothing(text: str, width: int) -> None:
    line = shortened(text, width)

    assert len(line) <= width
    assert all(letter.isprintable() for letter in line)


def test_the_address_of_the_report_is_not_broken() -> None:
    assert f"Report: {REPORT_URL}\n" in shown(RUN)


def test_failed_items_are_listed_as_they_were_written() -> None:
    (line,) = [line for line in shown(RUN).splitlines() if "ribbon" in line]

    assert line.split() == ["7", "[bold]Where", "is", "my", "ribbon?", "Software", "Other"]


def test_a_few_errored_items_are_listed_with_their_reasons() -> None:
    text = shown(RUN)

    assert "  4: reason 4\n" in text
    assert "reason 5" not in text
    assert "and 2 more" in text


def test_a_failed_run_says_why() -> None:
    failed = FinishedRun(
        model="gpt",
        status="failed",
        failure="Incorrect API key provided.",
        report_url=REPORT_URL,
        passed=0,
        failed=0,
        errored=0,
        criteria=(),
        usage=Usage(0, 0),
        seconds=1.0,
        failed_items=(),
        errored_items=(),
    )

    assert "Why: Incorrect API key provided.\n" in shown(failed)


def test_without_a_terminal_progress_is_a_line_a_quarter() -> None:
    stream = io.StringIO()

    with progress(console_on(stream), ["a"], total=8) as advance:
        for done in (0, 1, 2, 3, 7, 8, 8):
            advance("a", done)

    assert stream.getvalue().splitlines() == [f"a: {n} of 8 done" for n in (0, 2, 7, 8)]


def test_on_a_terminal_progress_is_a_bar_for_each_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()

    with progress(console_on(stream), ["a", "b"], total=8) as advance:
        advance("a", 8)
        advance("b", 5)

    last_words = stream.getvalue()
    assert "8/8" in last_words
    assert "5/8" in last_words
    assert "\x1b[" in last_words


def test_without_a_terminal_nothing_controls_one_even_where_colour_is_forced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    stream = io.StringIO()
    console = console_on(stream)

    show_run(console, RUN)
    with progress(console, ["a"], total=1) as advance:
        advance("a", 1)
    show_line(console, "end")

    assert all(letter.isprintable() or letter == "\n" for letter in stream.getvalue())
