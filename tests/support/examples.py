"""How many examples a law is tried with whose examples take long."""

from hypothesis import settings


def at_most(count: int) -> settings:
    """So many examples, or as few as the profile has for all laws: `quick` has fewer."""
    return settings(max_examples=min(count, settings().max_examples))
