import json
from collections import Counter

import pytest

from evald.cli.demo.tickets import CATEGORIES, TICKETS, TRAINING_TICKETS, packaged, tickets

BOTH = pytest.mark.parametrize("name", [TICKETS, TRAINING_TICKETS])


def words(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def test_there_are_at_least_60_tickets() -> None:
    assert len(tickets(TICKETS)) >= 60


def test_the_categories_have_equally_many_tickets() -> None:
    counts = Counter(ticket.label for ticket in tickets(TICKETS))

    assert set(counts) == set(CATEGORIES)
    assert len(set(counts.values())) == 1


@BOTH
def test_every_line_is_an_item_with_a_text_and_a_category(name: str) -> None:
    for line in packaged(name).splitlines():
        row = json.loads(line)
        assert list(row) == ["item"]
        assert set(row["item"]) == {"ticket_text", "correct_label"}
        assert row["item"]["ticket_text"].strip()
        assert row["item"]["correct_label"] in CATEGORIES


@BOTH
def test_no_ticket_stands_there_twice(name: str) -> None:
    texts = [words(ticket.text) for ticket in tickets(name)]

    assert len(set(texts)) == len(texts)


def test_no_ticket_of_the_runs_was_trained_on() -> None:
    trained_on = {words(ticket.text) for ticket in tickets(TRAINING_TICKETS)}
    asked = {words(ticket.text) for ticket in tickets(TICKETS)}

    assert not trained_on & asked


def test_tickets_differ_in_length_by_far() -> None:
    lengths = [len(ticket.text) for ticket in tickets(TICKETS)]

    assert min(lengths) < 30
    assert max(lengths) > 300
