"""Tallies as text: short, since one is read and written with every batch of output items."""

import json
from collections.abc import Iterable, Mapping

from evald.domain.tally import CriterionCount, Tally, Usage

_NOTHING = '{"items":[0,0,0],"criteria":{},"usage":{}}'

# Missing where no grader asked a model, as in everything that was kept before graders could.
_BY_GRADERS = "grader_usage"


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


def grown_tally(text: str, more: Iterable[Tally]) -> str:
    """The text of this tally and those together.

    The same sum as `Tally.__add__` makes, in place: it is made for every output item.
    """
    kept = json.loads(text)
    items, criteria = kept["items"], kept["criteria"]
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
