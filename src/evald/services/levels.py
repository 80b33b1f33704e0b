"""The level of confidence that a caller asks for."""

from evald.domain.errors import InvalidValue
from evald.domain.statistics.intervals import LEVEL


def read_level(text: str | None) -> float:
    """The level, 0.95 if none is given.

    Raises:
        InvalidValue: it is no number above 0.5 and below 1.
    """
    if text is None:
        return LEVEL
    try:
        level = float(text)
    except ValueError:
        level = 0.0
    if not 0.5 < level < 1:
        message = f"'level' is '{text[:40]}' and must be above 0.5 and below 1, such as 0.95."
        raise InvalidValue(message, param="level")
    return level
