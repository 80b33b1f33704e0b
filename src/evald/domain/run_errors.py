"""Why a run that has ended gets no second chance: errors of the caller's, as in `errors`."""

from evald.domain.errors import RequestError


class RunImported(RequestError):
    """A run that was carried out elsewhere is to be taken up again."""

    code = "run_imported"


class RunIncomplete(RequestError):
    """Errored items are to be retried of a run of which some rows were never worked on."""

    code = "run_incomplete"


class RunUnplanned(RequestError):
    """A run is to be resumed that failed before there was anything to do for it."""

    code = "run_unplanned"


class RunRowsGone(RequestError):
    """A run is to be taken up again, and its rows are deleted."""

    code = "run_rows_gone"


class RunUnderWay(RequestError):
    """A run whose items are to be graded anew has not ended."""

    code = "run_under_way"

    def __init__(self, run_id: str) -> None:
        super().__init__(f"Run '{run_id}' has not ended; grade its items anew once it has.")
