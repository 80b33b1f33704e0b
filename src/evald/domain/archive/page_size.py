"""How many objects a page is asked for: fewer after pages that took too long."""

from dataclasses import dataclass

MAX_LIMIT = 100
"""The most that a page is asked for. Source: what clients of the hosted service use."""

PATIENCE = 8
"""So many good pages come before a larger one is tried; twice as many after each setback."""


@dataclass(frozen=True, slots=True)
class PageSize:
    """The size of one list's pages, as far as it has proven itself.

    It is halved for pages that take too long, down to 1, and grows back by doubling: one slow
    moment of the server must not make a hundred thousand requests of a thousand.
    """

    limit: int = MAX_LIMIT
    good: int = 0  # pages since the limit last changed
    setbacks: int = 0

    def halved(self) -> "PageSize":
        """The size after a page that was too much; 1 stays 1."""
        return PageSize(max(1, self.limit // 2), 0, self.setbacks + 1)

    def after_page(self) -> "PageSize":
        """The size after a page that came."""
        good = self.good + 1
        if self.limit == MAX_LIMIT or good < PATIENCE * 2 ** min(self.setbacks, 16):
            return PageSize(self.limit, good, self.setbacks)
        return PageSize(min(MAX_LIMIT, 2 * self.limit), 0, self.setbacks)


def remembered(limit: int | None) -> PageSize:
    """The size for a list whose last page had this limit."""
    if limit is None or limit >= MAX_LIMIT:
        return PageSize()
    return PageSize(max(1, limit), 0, setbacks=1)
