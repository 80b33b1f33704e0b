"""Tallies as text: short, since one is read and written with every batch of output items."""

import json
from collections.abc import Iterable, Mapping

from evald.domain.tally import CriterionCount, Tally, Usage

_NOTHING = '{"items":[0,0,0],"criteria":{},"usage":{},"verdicts":[0,0,0]}'

# Missing where no grader asked a model, as in everything that was kept before graders could.
_BY_GRADERS = "grader_usage"

# The items that were recorded with their verdicts, as `items` counts all. A version before that
# leaves it as it is, so it falls behind where one records items, or takes some back.
_WITH_VERDICTS = "verdicts"


def tally_text(tally: Tally) -> str:
    """The text of a tally."""
    return grown_tally(_NOTHING, [tally])


def read_tally(text: str) -> Tally:
    """The tally of this text."""
    kept = json.loads(text)
    passed, failed, errored = kept["items"]
    return Tally(
        passed=passed,
        failed=failed,
        errored=errored,
        criteria={key: CriterionCount(*counts) for key, counts in kept["criteria"].items()},
        usage=_usages(kept["usage"]),
        grader_usage=_usages(kept.get(_BY_GRADERS, {})),
    )


def items_in(text: str) -> int:
    """How many items the tally of this text counts."""
    return sum(json.loads(text)["items"])


def has_all_verdicts(text: str) -> bool:
    """Whether every item that the tally of this text counts was recorded with its verdicts."""
    kept = json.loads(text)
    return bool(kept["items"] == kept.get(_WITH_VERDICTS))


def with_all_verdicts(text: str) -> str:
    """The text of this tally where all its items have their verdicts by now."""
    kept = json.loads(text)
    kept[_WITH_VERDICTS] = kept["items"]
    return json.dumps(kept, separators=(",", ":"))


def grown_tally(text: str, more: Iterable[Tally]) -> str:
    """The text of this tally and those together.

    The same sum as `Tally.__add__` makes, in place: it is made for every output item.
    """
    kept = json.loads(text)
    items, criteria = kept["items"], kept["criteria"]
    before = list(items)
    for tally in more:
        items[0] += tally.passed
        items[1] += tally.failed
        items[2] += tally.errored
        for key, count in tally.criteria.items():
            counts = criteria.setdefault(key, [0, 0, 0])
            counts[0] += count.passed
            counts[1] += count.failed
            counts[2] += count.errored
        _add_usages(kept["usage"], tally.usage)
        if tally.grader_usage:
            _add_usages(kept.setdefault(_BY_GRADERS, {}), tally.grader_usage)
    indexed = kept.setdefault(_WITH_VERDICTS, [0, 0, 0])
    kept[_WITH_VERDICTS] = [
        count + now - then for count, now, then in zip(indexed, items, before, strict=True)
    ]
    return json.dumps(kept, separators=(",", ":"))


def tally_without(text: str, errored: Iterable[str]) -> str:
    """The text of this tally without errored items, of which these are the results.

    Their usage stays: it was paid.
    """
    kept = json.loads(text)
    items, criteria = kept["items"], kept["criteria"]
    for results in errored:
        items[2] -= 1
        for result in json.loads(results):
            counts = criteria[result["name"]]
            if "error" in result:
                counts[2] -= 1
            else:
                counts[0 if result["passed"] else 1] -= 1
    if _WITH_VERDICTS in kept:
        kept[_WITH_VERDICTS][2] = 0
    return json.dumps(kept, separators=(",", ":"))


def _add_usages(sums: dict[str, list[int]], usages: Mapping[str, Usage]) -> None:
    for key, usage in usages.items():
        tokens = sums.setdefault(key, [0, 0, 0, 0, 0])
        tokens[0] += usage.invocations
        tokens[1] += usage.prompt_tokens
        tokens[2] += usage.completion_tokens
        tokens[3] += usage.total_tokens
        tokens[4] += usage.cached_tokens


def _usages(sums: dict[str, list[int]]) -> dict[str, Usage]:
    return {key: Usage(*counts) for key, counts in sums.items()}
