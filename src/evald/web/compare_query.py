"""What the query of a comparison asks for; what of it cannot be meant is named in a notice."""

from dataclasses import dataclass, replace

from starlette.datastructures import QueryParams

from evald.domain.errors import InvalidValue
from evald.domain.statistics.intervals import LEVEL
from evald.services.changed_items import read_change, read_criterion
from evald.services.compared_runs import read_candidate, read_compared
from evald.services.comparisons import RunsSideBySide
from evald.services.levels import read_level
from evald.web.compare_address import CompareAddress
from evald.web.queries import ignored

_KNOWN = frozenset(
    {"runs", "level", "cluster_by", "change", "candidate", "criterion", "after", "item", "diff"}
)


@dataclass(frozen=True, slots=True)
class CompareQuery:
    """What is asked for; `candidate` is the place of its run. `notices` tell what was left out."""

    address: CompareAddress
    level: float
    candidate: int
    notices: list[str]


def read_compare_query(params: QueryParams) -> CompareQuery:
    """The query of a comparison's page; a form without script names each run by itself.

    Raises:
        MissingParameter: no runs are named.
        InvalidValue: they are not 2 to 8, or one stands twice.
    """
    address = CompareAddress(
        runs=read_compared(",".join(params.getlist("runs"))),
        has_differences=params.get("diff") != "off",
    )
    query = CompareQuery(address, LEVEL, 1, ignored(params, known=_KNOWN))
    query = _with_level(query, params.get("level", ""))
    query = _with_change(query, params.get("change", ""))
    query = _with_candidate(query, params.get("candidate", ""))
    given = replace(
        query.address,
        cluster_by=params.get("cluster_by", "").strip(),
        criterion=params.get("criterion", ""),
        after=_row("after", params.get("after", ""), query.notices),
        item=_row("item", params.get("item", ""), query.notices),
    )
    return replace(query, address=given)


def fitted(query: CompareQuery, beside: RunsSideBySide) -> tuple[CompareQuery, int | None]:
    """The query, and the place of its criterion; without one, if the runs do not share it."""
    try:
        return query, read_criterion(query.address.criterion or None, beside)
    except InvalidValue as error:
        notices = [*query.notices, f"{error.message[:-1]}; outcomes are those of the items."]
        address = replace(query.address, criterion="")
        return replace(query, address=address, notices=notices), None


def _with_level(query: CompareQuery, text: str) -> CompareQuery:
    try:
        level = read_level(text or None)
    except InvalidValue as error:
        query.notices.append(f"{error.message[:-1]}; it is left out.")
        return query
    return replace(query, level=level, address=replace(query.address, level=text))


def _with_change(query: CompareQuery, text: str) -> CompareQuery:
    if not text:
        return query
    try:
        change = read_change(text)
    except InvalidValue as error:
        query.notices.append(f"{error.message[:-1]}; it is left out.")
        return query
    return replace(query, address=replace(query.address, change=change))


def _with_candidate(query: CompareQuery, text: str) -> CompareQuery:
    try:
        candidate = read_candidate(text or None, query.address.runs)
    except InvalidValue as error:
        query.notices.append(f"{error.message[:-1]}; it is left out.")
        return query
    return replace(query, candidate=candidate, address=replace(query.address, candidate=text))


def _row(name: str, text: str, notices: list[str]) -> int | None:
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    notices.append(f"'{name}' is '{text[:40]}' and must be a row; it is left out.")
    return None
