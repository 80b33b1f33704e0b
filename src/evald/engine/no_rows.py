"""Why the rows of a run are not written down."""

from evald.wire.errors import ApiError


class NoRows(Exception):
    """There are none to work on, or what they are to be made of makes none; `error` says so."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.error = ApiError(code=code, message=message)


class RunIsOver(Exception):
    """The run was canceled or deleted while its rows were being written down."""
