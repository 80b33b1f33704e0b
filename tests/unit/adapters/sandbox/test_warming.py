"""Which packages a source is given ahead."""

import subprocess
import sys
from pathlib import Path

import pytest

import evald
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


def test_what_is_spared_can_be_imported_afterwards() -> None:
    """A placeholder that stayed would make a package look as if it were not installed."""
    package = str(Path(evald.__path__[0]).parent)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from evald.adapters.sandbox.inside.warming import warm_up;"
        "warm_up(['html']); print([name for name, each in sys.modules.items() if each is None])"
    )

    ran = subprocess.run(
        [sys.executable, "-I", "-c", code, package], capture_output=True, text=True, check=True
    )

    assert ran.stdout == "[]\n"
