"""The table of groups: a run's items by a field, each group with its rate."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue

from evald.domain import exact_json
from evald.domain.errors import InvalidValue
from evald.services.context import Context
from evald.services.group_memory import LONGEST_LABEL, ItemGroup
from evald.services.item_groups import GroupsAsked, ItemGroups, group_items
from evald.services.item_query import MOST_CONDITIONS
from evald.web import format as eyes
from evald.web.figures import Rated, rated
from evald.web.links import Links
from evald.web.run_address import RunAddress
from evald.web.run_query import RunQuery
from evald.web.views import Table

MOST_GROUPS = 100


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A group: what its items have in the field, and how they did.

    `href` leads to its items; None where no condition finds just these.
    """

    label: str
    value: JsonValue
    is_missing: bool
    items: int
    rate: Rated
    href: str | None


@dataclass(frozen=True, slots=True)
class GroupTable:
    """The largest of `group_count` groups, of `grouped` items: those that the filter finds.

    `searched` of the `total` items that status and verdicts let through were read, `skipped` of
    them not searched, since a text was too long for the regular expression.
    """

    by: str
    lines: Sequence[GroupLine]
    group_count: int
    grouped: int
    searched: int
    total: int
    skipped: int
    is_whole: bool


async def read_groups(
    context: Context, project_id: str, query: RunQuery, *, links: Links
) -> GroupTable | None:
    """The groups that are asked for; None, and perhaps one more notice, where there are none."""
    shown = query.address
    if not shown.group_by:
        return None
    asked = GroupsAsked(shown.group_by, MOST_GROUPS, query.items)
    try:
        grouped = await group_items(context, project_id, shown.run_id, asked)
    except InvalidValue as error:
        query.notices.append(f"{error.message[:-1]}; items are not grouped.")
        return None
    return _table(grouped, shown, links)


def _table(grouped: ItemGroups, shown: RunAddress, links: Links) -> GroupTable:
    return GroupTable(
        by=grouped.by,
        lines=[_line(each, grouped.by, shown, links) for each in grouped.groups],
        group_count=grouped.group_count,
        grouped=grouped.grouped,
        searched=grouped.searched,
        total=grouped.total,
        skipped=grouped.skipped,
        is_whole=grouped.is_whole,
    )


def _line(group: ItemGroup, by: str, shown: RunAddress, links: Links) -> GroupLine:
    value = group.value
    is_cut = isinstance(value, str) and len(value) > LONGEST_LABEL
    condition = f"{by} = {exact_json.dump(value)}"
    leads = not (group.is_missing or is_cut) and len(shown.where) < MOST_CONDITIONS
    items = replace(shown.first(), group_by="", where=(*shown.where, condition))
    return GroupLine(
        label="" if group.is_missing else eyes.plain(value),
        value=value,
        is_missing=group.is_missing,
        items=group.items,
        rate=rated(group.passed, group.failed, errored=group.errored),
        href=links.items(items) if leads else None,
    )


def group_cells(groups: GroupTable) -> Table:
    """The groups as CSV has them."""
    columns = [groups.by, "items", "passed", "graded", "errored", "rate", "low", "high"]
    return Table(columns, [_values(each) for each in groups.lines])


def _values(line: GroupLine) -> list[JsonValue]:
    rate = line.rate
    counts: list[JsonValue] = [line.value, line.items, rate.passed, rate.graded, rate.errored]
    return [*counts, rate.rate, rate.low, rate.high]
