"""Which packages a source is given ahead."""

import pytest

from evald.adapters.sandbox.inside.warming import named_in


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import numpy as np", {"numpy"}),
        ("numpy_like = 1", set()),
        ("from sklearn.cluster import KMeans", {"sklearn", "sklearn.cluster"}),
        ("from sklearn import metrics  # of a cluster", {"sklearn", "sklearn.cluster"}),
        ("import cluster", set()),
        ("import json", set()),
    ],
)
def test_names_are_words_of_the_source(source: str, names: set[str]) -> None:
    assert named_in(source) == names
