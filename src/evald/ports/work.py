"""The nudge by which a use case tells whoever works that something was written down."""

from typing import Protocol

from evald.domain.archive.import_report import ImportReport


class Work(Protocol):
    """Whoever carries out runs."""

    def wake(self, run_id: str) -> None:
        """Has the run looked at soon: a queued one is started, an ended one is let go of.

        Never waits and never fails: what a lost nudge leaves undone, the next sweep finds.
        """
        ...


class ImportWork(Protocol):
    """Whoever imports the archives that the server was given."""

    def wake(self) -> None:
        """Has the imports looked at that are written down. Never waits and never fails."""
        ...

    def report(self, import_id: str) -> ImportReport | None:
        """How far the import is that is in progress here; None for any other."""
        ...
