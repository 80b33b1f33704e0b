"""What the query of a run's page asks for; what of it cannot be meant is left out, and named."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.datastructures import QueryParams

from evald.domain.errors import InvalidType, InvalidValue, MissingParameter
from evald.domain.item_filters import read_condition
from evald.domain.item_verdicts import criterion_positions
from evald.services.item_query import ItemQuery, read_item_query
from evald.web.queries import ignored
from evald.web.run_address import RunAddress
from evald.wire.evals import Eval

ITEM_ROWS = 50

_OF_A_CRITERION = ("criterion", "outcome", "min_score", "max_score", "sort", "after", "before")
_FILTER = (*_OF_A_CRITERION[:4], "status", "text", "regex", "where")
_CHOICES = (*_FILTER, "sort", "order", "after", "before")
_SHOWN = ("run_id", "group_by", "item", "spaces", "markdown", "refresh")
_PLAIN = ("row", "asc")
"""What is so where nothing is said."""

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RunQuery:
    """What is asked for of a run, as an address and as a query of its items.

    `is_before` says that the page ends where `items.after` is. `notices` tell what was left out.
    """

    address: RunAddress
    items: ItemQuery
    is_before: bool
    notices: list[str]


def read_run_query(eval_id: str, params: QueryParams) -> RunQuery:
    """The query of a run's page."""
    notices = ignored(params, known=frozenset((*_CHOICES, *_SHOWN)))
    given = [(name, value) for name, value in params.multi_items() if name in _CHOICES and value]
    pairs, items = _understood(_with_conditions(given, notices), notices)
    is_before = any(name == "before" for name, _ in pairs)
    address = _address(RunAddress(eval_id, params.get("run_id", "")), pairs, items)
    shown = replace(
        address,
        group_by=params.get("group_by", ""),
        item=params.get("item", ""),
        has_spaces=params.get("spaces") == "on",
        has_markdown=params.get("markdown") == "on",
        is_still=params.get("refresh") == "off",
    )
    return RunQuery(shown, items, is_before, notices)


def fitted(query: RunQuery, an_eval: Eval) -> RunQuery:
    """The query without a criterion that the eval does not have, and what goes with it."""
    criterion = query.items.criterion
    if criterion is None or criterion in criterion_positions(an_eval):
        return query
    notice = (
        f"This eval has no testing criterion '{criterion[:100]}'; items are not filtered by it."
    )
    return RunQuery(
        address=replace(
            query.address.first(), criterion="", outcome=None, min_score="", max_score="", sort=""
        ),
        items=replace(
            query.items, criterion=None, outcome=None, low=None, high=None, order="row", after=None
        ),
        is_before=False,
        notices=[*query.notices, notice],
    )


def _with_conditions(pairs: Pairs, notices: list[str]) -> Pairs:
    """Each `where` that is a condition, and all else."""
    kept = []
    for name, value in pairs:
        try:
            if name == "where":
                read_condition(value, param="where")
            kept.append((name, value))
        except InvalidValue as error:
            notices.append(f"{error.message[:-1]}; items are not filtered by it.")
    return kept


def _understood(pairs: Pairs, notices: list[str]) -> tuple[Pairs, ItemQuery]:
    """What of the pairs can be meant, and the query that it makes."""
    while True:
        try:
            return pairs, read_item_query([*_as_after(pairs), ("limit", str(ITEM_ROWS))])
        except (InvalidType, InvalidValue) as error:
            wrong: tuple[str, ...] = (str(error.param),)
            if error.param == "after":
                wrong = ("after", "before")
            pairs = _without(pairs, wrong)
            notices.append(f"{error.message[:-1]}; it is left out.")
        except MissingParameter as error:
            pairs = _without(pairs, _OF_A_CRITERION)
            notices.append(error.message)


def _as_after(pairs: Pairs) -> Pairs:
    """The pairs with the place from which one goes back as that from which one goes on."""
    places = [value for name, value in pairs if name == "before"]
    others = [each for each in pairs if each[0] != "before"]
    return [*others, ("after", places[-1])] if places else others


def _without(pairs: Pairs, names: Sequence[str]) -> Pairs:
    return [each for each in pairs if each[0] not in names]


def _address(shown: RunAddress, pairs: Pairs, items: ItemQuery) -> RunAddress:
    values = dict(pairs)
    return replace(
        shown,
        status=items.status,
        criterion=items.criterion or "",
        outcome=items.outcome,
        min_score=values.get("min_score", ""),
        max_score=values.get("max_score", ""),
        text=items.texts.text,
        regex=items.texts.regex,
        where=tuple(value for name, value in pairs if name == "where"),
        sort="score" if items.order == "score" else "",
        order="desc" if items.is_descending else "",
        after=None if "before" in values else values.get("after"),
        before=values.get("before"),
    )
