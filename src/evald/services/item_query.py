"""What is asked for of a run's items: a query, read pair by pair."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite
from typing import Final

from evald.domain.errors import InvalidType, InvalidValue, MissingParameter
from evald.domain.item_filters import (
    FieldCondition,
    TextFilter,
    read_condition,
    read_regex,
    read_text,
)
from evald.ports.verdicts import MatchOrder, Place
from evald.wire.output_items import OutputItemStatus
from evald.wire.pages import DEFAULT_LIMIT, MAX_LIMIT

MOST_CONDITIONS = 10

FILTERS: Final = frozenset(
    {"status", "criterion", "outcome", "min_score", "max_score", "text", "regex", "where"}
)
"""The names that choose items, and neither their order nor a page of them."""

_STATUSES: Final[dict[str, OutputItemStatus]] = {
    "pass": "pass",
    "passed": "pass",
    "fail": "fail",
    "failed": "fail",
    "error": "error",
    "errored": "error",
}
"""The words of the API, and those the pages show."""

ANY_TEXT: Final = TextFilter()

_OF_A_CRITERION = ("outcome", "min_score", "max_score")


@dataclass(frozen=True, slots=True)
class ItemCursor:
    """Where a search goes on: beyond this place, after so many items."""

    place: Place
    searched: int

    def text(self) -> str:
        """The cursor as a query has it."""
        score = "" if self.place.score is None else repr(self.place.score).replace("+", "")
        return f"{self.place.row}~{score}~{self.searched}"


@dataclass(frozen=True, slots=True)
class ItemQuery:
    """Which items of a run, in which order: those to which all that is given applies.

    `criterion` is the id of a testing criterion, or its name. `outcome`, `low` and `high` (both
    inclusive) are of its verdict, and so is the order by score.
    """

    status: OutputItemStatus | None = None
    criterion: str | None = None
    outcome: OutputItemStatus | None = None
    low: float | None = None
    high: float | None = None
    texts: TextFilter = ANY_TEXT
    order: MatchOrder = "row"
    is_descending: bool = False
    after: ItemCursor | None = None
    limit: int = DEFAULT_LIMIT


def read_item_query(pairs: Iterable[tuple[str, str]]) -> ItemQuery:
    """The query that these names and values make; empty values and other names mean nothing.

    Of a name that comes again the last value counts; each `where` is one more condition.

    Raises:
        InvalidValue, InvalidType: a value is none that its name can have.
        MissingParameter: what is asked of a verdict, and not by which criterion.
    """
    given = [(name, value) for name, value in pairs if value]
    values = dict(given)
    if "criterion" not in values:
        _refuse_without_criterion(values)
    low, high = _score(values, "min_score"), _score(values, "max_score")
    if low is not None and high is not None and low > high:
        message = f"'max_score' is {high:g} and below 'min_score', {low:g}."
        raise InvalidValue(message, param="max_score")
    return ItemQuery(
        status=_status(values, "status"),
        criterion=values.get("criterion"),
        outcome=_status(values, "outcome"),
        low=low,
        high=high,
        texts=TextFilter(
            text=read_text(values.get("text", ""), param="text"),
            regex=read_regex(values["regex"], param="regex") if "regex" in values else "",
            conditions=_conditions([value for name, value in given if name == "where"]),
        ),
        order="score" if _choice(values, "sort", ("row", "score")) == "score" else "row",
        is_descending=_choice(values, "order", ("asc", "desc")) == "desc",
        after=_cursor(values["after"]) if "after" in values else None,
        limit=_limit(values),
    )


def _refuse_without_criterion(values: dict[str, str]) -> None:
    needing = [name for name in _OF_A_CRITERION if name in values]
    if values.get("sort") == "score":
        needing.append("sort")
    if needing:
        message = f"'{needing[0]}' is of a verdict; 'criterion' says by which testing criterion."
        raise MissingParameter(message, param="criterion")


def _conditions(texts: list[str]) -> tuple[FieldCondition, ...]:
    if len(texts) > MOST_CONDITIONS:
        message = f"There are {len(texts)} conditions; at most {MOST_CONDITIONS} are read."
        raise InvalidValue(message, param="where")
    return tuple(read_condition(each, param="where") for each in texts)


def _status(values: dict[str, str], name: str) -> OutputItemStatus | None:
    chosen = _choice(values, name, tuple(_STATUSES))
    return None if chosen is None else _STATUSES[chosen]


def _choice(values: dict[str, str], name: str, choices: tuple[str, ...]) -> str | None:
    value = values.get(name)
    if value is not None and value not in choices:
        message = f"'{name}' is '{value[:40]}' and must be one of {', '.join(choices)}."
        raise InvalidValue(message, param=name)
    return value


def _score(values: dict[str, str], name: str) -> float | None:
    if name not in values:
        return None
    score = _number(values[name])
    if score is None:
        message = f"'{name}' is '{values[name][:40]}' and must be a number."
        raise InvalidType(message, param=name)
    return score


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _limit(values: dict[str, str]) -> int:
    if "limit" not in values:
        return DEFAULT_LIMIT
    text = values["limit"]
    if not (text.isascii() and text.isdigit()) or not int(text[:9]):
        message = f"'limit' is '{text[:40]}' and must be a whole number from 1 to {MAX_LIMIT}."
        raise InvalidType(message, param="limit")
    return min(int(text[:9]), MAX_LIMIT)


def _cursor(text: str) -> ItemCursor:
    row, score, searched = _whole(text[:100].split("~"))
    if row is None or searched is None or (score and _number(score) is None):
        message = f"'{text[:100]}' is no place to go on from; 'next' of an answer is one."
        raise InvalidValue(message, param="after")
    return ItemCursor(Place(row, _number(score) if score else None), searched)


def _whole(parts: list[str]) -> tuple[int | None, str, int | None]:
    if len(parts) != 3:
        return None, "", None
    row, score, searched = parts
    are_whole = all(
        each.isascii() and each.isdigit() and len(each) < 16 for each in (row, searched)
    )
    return (int(row), score, int(searched)) if are_whole else (None, "", None)
