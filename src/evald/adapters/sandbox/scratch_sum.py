"""What all calls at work have in their scratch folders together, and which one goes if too much."""

from collections.abc import Callable, Mapping

End = Callable[[int], None]
"""Ends the call of this number."""


class ScratchSum:
    """Adds up what the zygotes tell of their calls, each some times a second."""

    def __init__(self, most_bytes: int) -> None:
        """So much is not too much."""
        self._most_bytes = most_bytes
        self._taken: dict[int, tuple[int, End]] = {}  # by call: bytes, and how to end it
        self._ended: set[int] = set()

    def tell(self, taken: Mapping[int, int], end: End) -> None:
        """These calls have so many bytes now. While all have too many, that with most is ended."""
        for number, size in taken.items():
            if number not in self._ended:
                self._taken[number] = (size, end)
        while sum(size for size, _ in self._taken.values()) > self._most_bytes:
            largest = max(self._taken, key=lambda number: self._taken[number][0])
            _, its_end = self._taken.pop(largest)
            self._ended.add(largest)
            its_end(largest)

    def forget(self, number: int) -> None:
        """The call is over, and its folder is gone."""
        self._taken.pop(number, None)
        self._ended.discard(number)
