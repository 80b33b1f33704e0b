"""Tallies as text: short, since one is read and written with every batch of output items."""

import json
from collections.abc import Iterable

from evald.domain.tally import CriterionCount, Tally, Usage

_NOTHING = '{"items":[0,0,0],"criteria":{},"usage":{}}'


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
        usage={key: Usage(*counts) for key, counts in kept["usage"].items()},
    )


def grown_tally(text: str, more: Iterable[Tally]) -> str:
    """The text of this tally and those together.

    The same sum as `Tally.__add__` makes, in place: it is made for every output item.
    """
    kept = json.loads(text)
    items, criteria, usages = kept["items"], kept["criteria"], kept["usage"]
    for tally in more:
        items[0] += tally.passed
        items[1] += tally.failed
        items[2] += tally.errored
        for key, count in tally.criteria.items():
            counts = criteria.setdefault(key, [0, 0, 0])
            counts[0] += count.passed
            counts[1] += count.failed
            counts[2] += count.errored
        for key, usage in tally.usage.items():
            tokens = usages.setdefault(key, [0, 0, 0, 0, 0])
            tokens[0] += usage.invocations
            tokens[1] += usage.prompt_tokens
            tokens[2] += usage.completion_tokens
            tokens[3] += usage.total_tokens
            tokens[4] += usage.cached_tokens
    return json.dumps(kept, separators=(",", ":"))
