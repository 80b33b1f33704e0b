"""The nudge by which a use case tells the engine that something was written down."""

from typing import Protocol


class Work(Protocol):
    """Whoever carries out runs."""

    def wake(self, run_id: str) -> None:
        """Has the run looked at soon: a queued one is started, an ended one is let go of.

        Never waits and never fails: what a lost nudge leaves undone, the next sweep finds.
        """
        ...
