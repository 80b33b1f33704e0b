"""How many examples a law is tried with whose examples take long."""

from hypothesis import settings

_OF_ALL_LAWS = 100


def at_most(count: int) -> settings:
    """So many examples of the hundred of other laws; fewer where the profile has fewer for all.

    A profile that has more for all has more of these in proportion.
    """
    examples = settings().max_examples
    return settings(max_examples=max(min(count, examples), count * examples // _OF_ALL_LAWS))
