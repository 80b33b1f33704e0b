"""Which of what code misses is on the hosted service's list."""

import pytest

from evald.adapters.sandbox.inside.warming import BY_NAME
from evald.graders.image_packages import NLTK_DATA, PACKAGES, is_documented


@pytest.mark.parametrize(
    ("missing", "verdict"),
    [
        ("sklearn", True),
        ("sklearn.experimental", True),
        ("scikit-learn", False),
        ("yaml", True),
        ("NLTK data 'stopwords'", True),
        ("NLTK data 'corpora/wordnet'", True),
        ("NLTK data 'brown'", False),
        ("torch", False),
        ("", False),
    ],
)
def test_what_is_documented(missing: str, verdict: bool) -> None:
    assert is_documented(missing) is verdict


def test_every_package_is_loaded_ahead_for_sources_that_name_it() -> None:
    """One that is not could not load its compiled parts in the sandbox."""
    assert {each.module for each in PACKAGES} <= BY_NAME.keys()


def test_nothing_is_listed_twice() -> None:
    assert len({each.name for each in PACKAGES}) == len(PACKAGES)
    assert len(set(NLTK_DATA)) == len(NLTK_DATA)
