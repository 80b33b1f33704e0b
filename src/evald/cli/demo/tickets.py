"""The demo's two packaged files of IT-support tickets, and their lines as values."""

import json
from dataclasses import dataclass
from importlib.resources import files

CATEGORIES = ("Hardware", "Software", "Other")
"""What a ticket may be labelled with."""

TICKETS = "it-tickets.jsonl"
"""The tickets the demo's runs are about."""

TRAINING_TICKETS = "training-tickets.jsonl"
"""Other tickets, which `demo-bayes` has learnt from."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as it was written, and the category it belongs to."""

    text: str
    label: str


def packaged(name: str) -> bytes:
    """The file `name` of this package, as it lies there."""
    return files("evald.cli.demo").joinpath(name).read_bytes()


def tickets(name: str) -> tuple[Ticket, ...]:
    """The tickets of the packaged file `name`, in the order of its lines."""
    rows = [json.loads(line)["item"] for line in packaged(name).splitlines()]
    return tuple(Ticket(text=row["ticket_text"], label=row["correct_label"]) for row in rows)
