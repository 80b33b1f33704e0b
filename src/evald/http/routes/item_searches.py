"""Items of a run over HTTP, as they are searched for and grouped. Ours."""

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from evald.domain import exact_json
from evald.http.answers import text_answer
from evald.http.operation import Api, project_of
from evald.http.parsing import read_query
from evald.services.group_memory import CriterionSums, ItemGroup
from evald.services.item_groups import GroupsAsked, ItemGroups, group_items
from evald.services.item_query import FILTERS, read_item_query
from evald.services.item_search import FoundItems, search_items
from evald.services.output_items import output_item_text
from evald.wire.evals import EchoedCriterion, echoed_criteria
from evald.wire.item_searches import (
    MAX_GROUPS,
    GroupedCriterion,
    GroupedItems,
    GroupItemsQuery,
    GroupOfItems,
)


async def search_output_items(api: Api, request: Request) -> Response:
    """Finds output items of a run by status, verdict, score, what they say, and fields."""
    query = read_item_query(request.query_params.multi_items())
    found = await search_items(api.context, project_of(request), _run_id(request), query)
    return text_answer(await api.context.cpu.run(lambda: _search_text(found)))


async def group_output_items(api: Api, request: Request) -> Response:
    """Groups the output items of a run by a field of the item, with sums for each criterion."""
    pairs = request.query_params.multi_items()
    own = QueryParams([each for each in pairs if each[0] not in FILTERS])
    query = read_query(GroupItemsQuery, own, max_limit=MAX_GROUPS)
    items = read_item_query([each for each in pairs if each[0] in FILTERS])
    asked = GroupsAsked(query.by, query.limit, items)
    grouped = await group_items(api.context, project_of(request), _run_id(request), asked)
    shown = await api.context.cpu.run(lambda: exact_json.dump(_grouped(grouped).model_dump()))
    return text_answer(shown)


def _run_id(request: Request) -> str:
    run_id: str = request.path_params["run_id"]
    return run_id


def _search_text(found: FoundItems) -> str:
    run, items = found.run, found.items
    texts = [output_item_text(each, run_id=run.id, eval_id=run.eval_id) for each in items]
    rest = exact_json.dump(
        {
            "first_id": items[0].id if items else None,
            "last_id": items[-1].id if items else None,
            "has_more": found.next is not None,
            "next": None if found.next is None else found.next.text(),
            "searched": found.searched,
            "total": found.total,
            "skipped": found.skipped,
            "has_verdicts": run.has_verdicts,
        }
    )
    return f'{{"object":"list","data":[{",".join(texts)}],{rest.removeprefix("{")}'


def _grouped(grouped: ItemGroups) -> GroupedItems:
    criteria = echoed_criteria(grouped.eval)
    return GroupedItems(
        run_id=grouped.run.id,
        by=grouped.by,
        groups=[_group(each, criteria) for each in grouped.groups],
        group_count=grouped.group_count,
        grouped=grouped.grouped,
        searched=grouped.searched,
        total=grouped.total,
        skipped=grouped.skipped,
        has_more=not grouped.is_whole,
        has_verdicts=grouped.run.has_verdicts,
    )


def _group(group: ItemGroup, criteria: list[EchoedCriterion]) -> GroupOfItems:
    none = CriterionSums()
    return GroupOfItems(
        value=group.value,
        is_missing=group.is_missing,
        items=group.items,
        passed=group.passed,
        failed=group.failed,
        errored=group.errored,
        criteria=[
            _criterion(each, group.criteria.get(position, none))
            for position, each in enumerate(criteria)
        ],
    )


def _criterion(criterion: EchoedCriterion, sums: CriterionSums) -> GroupedCriterion:
    return GroupedCriterion(
        id=criterion.id,
        name=criterion.name,
        passed=sums.passed,
        failed=sums.failed,
        errored=sums.errored,
        scored=sums.scored,
        total=sums.total,
        total_of_squares=sums.total_of_squares,
    )
