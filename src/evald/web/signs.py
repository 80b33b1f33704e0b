"""The four outcomes of an item as they are shown: a glyph, a word and, third, a colour."""

from dataclasses import dataclass

from evald.wire.output_items import OutputItemStatus


@dataclass(frozen=True, slots=True)
class Sign:
    """How an outcome is shown; `style` is the class that has its colour."""

    glyph: str
    word: str
    style: str


SIGNS: dict[OutputItemStatus, Sign] = {
    "pass": Sign("✓", "passed", "passed"),
    "fail": Sign("✕", "failed", "failed"),
    "error": Sign("!", "errored", "errored"),
}
PENDING = Sign("·", "pending", "pending")
