"""The error envelope: the body of every answer that is not a success."""

from evald.wire.base import WireModel


class ErrorBody(WireModel):
    """What was wrong: a sentence, its kind, the field it is about and a stable code."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorResponse(WireModel):
    """The envelope itself, `{"error": {…}}`, always with all four keys."""

    error: ErrorBody


class ApiError(WireModel):
    """An error that happened inside a run: on the run itself, or on one sample."""

    code: str
    message: str
