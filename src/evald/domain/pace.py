"""How fast something goes forward, from looks at how far it is."""

from collections import deque

WINDOW_S = 10.0
"""So far back a pace looks."""

LEAST_S = 0.4
"""From looks that are closer together no pace is reckoned."""


class Pace:
    """Rows per second over the last ten seconds."""

    def __init__(self) -> None:
        """Begins without a look."""
        self._looks: deque[tuple[float, int]] = deque()

    def look(self, at_s: float, done: int) -> float | None:
        """The rows per second as of this look; None where there is no earlier one to compare with.

        Where fewer are done than before, as when some are done anew, it begins again.
        """
        looks = self._looks
        if looks and done < looks[-1][1]:
            looks.clear()
        looks.append((at_s, done))
        while at_s - looks[0][0] > WINDOW_S:
            looks.popleft()
        first_s, first = looks[0]
        if at_s - first_s < LEAST_S:
            return None
        return (done - first) / (at_s - first_s)
