"""Which runs a caller wants compared."""

from collections.abc import Sequence

from evald.domain.errors import InvalidValue, MissingParameter
from evald.wire.comparisons import MAX_COMPARED


def read_compared(text: str | None) -> list[str]:
    """The ids of the runs, separated by commas, the baseline first.

    Raises:
        MissingParameter: none is given.
        InvalidValue: they are not 2 to 8, or one stands twice.
    """
    run_ids = [each.strip() for each in (text or "").split(",") if each.strip()]
    if not run_ids:
        message = "Runs to compare are named in 'runs', such as runs=evalrun_1,evalrun_2."
        raise MissingParameter(message, param="runs")
    if not 2 <= len(run_ids) <= MAX_COMPARED:
        message = f"'runs' names {len(run_ids)} runs; 2 to {MAX_COMPARED} can be compared."
        raise InvalidValue(message, param="runs")
    if len(set(run_ids)) < len(run_ids):
        raise InvalidValue("'runs' names a run twice.", param="runs")
    return run_ids


def read_candidate(text: str | None, run_ids: Sequence[str]) -> int:
    """The place of the candidate among the runs: that of the second one if none is given.

    Raises:
        InvalidValue: it is none of the runs, or the baseline.
    """
    if text is None:
        return 1
    if text not in run_ids[1:]:
        message = f"'candidate' is '{text[:80]}' and must be one of the runs after the first."
        raise InvalidValue(message, param="candidate")
    return list(run_ids).index(text)
