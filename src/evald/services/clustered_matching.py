"""Runs matched item by item, and how far they are apart summed up by clusters of items."""

from collections.abc import Iterator, Sequence

from evald.domain.clustered_pairs import CELL_BYTES, ClusterTally
from evald.domain.errors import InvalidValue
from evald.domain.item_matching import ABSENT, pair_up
from evald.domain.outcome_patterns import Outcome
from evald.domain.template import Placeholder
from evald.ports.kept import StoredRun
from evald.ports.verdicts import ItemsToMatch
from evald.services.context import Context
from evald.services.item_slices import Slice, read_on, refuse_unknown_field
from evald.services.row_labels import RowLabels
from evald.services.run_matching import (
    Apart,
    Look,
    MatchedCriterion,
    MatchedRuns,
    looks_at,
    runs_to_match,
    sided,
    take_matches,
)

MOST_BYTES = 32 * 1_048_576
"""What the sums of one comparison may take."""


class ClusteredRuns:
    """How far the candidates are from the baseline, by cluster, at each look that there is."""

    def __init__(
        self, criteria: Sequence[MatchedCriterion], labels: RowLabels, *, run_count: int
    ) -> None:
        """No item yet.

        Raises:
            InvalidValue: there are too many clusters for so many runs and criteria.
        """
        self._labels = labels
        self._run_count = run_count
        looks = list(looks_at(criteria, run_count=run_count))
        scored = [each for each in looks if _has_scores(each, criteria)]
        count, clusters = len(looks) + len(scored), labels.value_count
        if count * clusters * CELL_BYTES > MOST_BYTES:
            message = (
                f"{count:,} comparisons with {clusters:,} clusters each are too many; take a field "
                "with fewer values, or fewer runs."
            )
            raise InvalidValue(message, param="cluster_by")
        self._passes = {each: ClusterTally(clusters) for each in looks}
        self._scores = {each: ClusterTally(clusters) for each in scored}

    def take(self, items: ItemsToMatch) -> None:
        """More items, all that there are of their contents."""
        paired = pair_up(items.content_hashes, items.places, run_count=self._run_count)
        rows = [*items.rows, ABSENT]
        # Items that are matched have the same fields, so that those of the baseline tell.
        clusters = self._labels.of([rows[place] for place in paired.runs[0]])
        for criterion, outcomes in _outcomes_of(items):
            baseline, *candidates = sided(outcomes, paired)
            for place, said in enumerate(candidates, start=1):
                if passes := self._passes.get(Look(place, criterion)):
                    passes.add_passes(zip(clusters, said, baseline, strict=True))
        for criterion, scores in enumerate(items.scores):
            first, *others = sided(scores, paired)
            for place, given in enumerate(others, start=1):
                if tally := self._scores.get(Look(place, criterion)):
                    tally.add_scores(zip(clusters, given, first, strict=True))

    def apart(self, level: float) -> dict[Look, Apart]:
        """How far each candidate is from the baseline."""
        apart = {}
        for look, passes in self._passes.items():
            scores = self._scores.get(look)
            apart[look] = Apart(
                passes=passes.compared(level, of_rates=True),
                scores=None if scores is None else scores.compared(level, of_rates=False),
            )
        return apart


async def read_labels(context: Context, baseline: StoredRun, by: Placeholder) -> RowLabels:
    """The clusters of the baseline's items, as far as two more seconds of reading lead.

    Raises:
        InvalidValue: no item has the field, or it has too many values.
    """
    of = Slice(baseline.id, by.name, "cluster_by")
    labels = context.label_memory.labels(baseline, by)
    async with labels.reading:
        try:
            await read_on(context, labels, of)
        finally:
            context.label_memory.forget_some()
    refuse_unknown_field(labels, of)
    return labels


async def match_in_clusters(
    context: Context, run_ids: Sequence[str], matched: MatchedRuns, labels: RowLabels
) -> ClusteredRuns:
    """All items of the runs, matched once more and summed up by clusters.

    Args:
        context: the world.
        run_ids: the baseline first.
        matched: the runs, as they were matched.
        labels: of all items of the baseline. One that came since is left out.

    Raises:
        InvalidValue: there are too many clusters for so many runs and criteria.
    """
    clustered = ClusteredRuns(matched.criteria, labels, run_count=len(run_ids))
    asked = runs_to_match(run_ids, matched.criteria)
    async with context.store.snapshot() as tx:
        await take_matches(tx, asked, clustered.take, cpu=context.cpu)
    return clustered


def _outcomes_of(items: ItemsToMatch) -> Iterator[tuple[int | None, Sequence[Outcome]]]:
    yield None, items.statuses
    yield from enumerate(items.outcomes)


def _has_scores(look: Look, criteria: Sequence[MatchedCriterion]) -> bool:
    table = None if look.criterion is None else criteria[look.criterion].scores
    return table is not None and table.differences[look.place - 1].says_more_than_passes
