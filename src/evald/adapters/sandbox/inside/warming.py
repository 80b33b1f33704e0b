"""What is loaded before the first fork, so that no fork has to: packages and extension modules."""

import contextlib
import ctypes
import gc
import importlib
import os
import re
import sys
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

BASE = (
    "array", "ast", "base64", "bisect", "calendar", "cmath", "collections", "copy", "csv",
    "dataclasses", "datetime", "decimal", "difflib", "enum", "fractions", "functools", "hashlib",
    "heapq", "itertools", "json", "math", "operator", "random", "re", "statistics", "string",
    "textwrap", "typing", "unicodedata",
)  # fmt: skip
"""Imported before any fork."""

BY_NAME = {
    "asyncio": ("asyncio",),
    "html": ("html", "html.parser"),
    "sqlite3": ("sqlite3",),
    "ssl": ("ssl",),
    "urllib": ("urllib.parse",),
    "xml": ("xml.etree.ElementTree",),
    "ast_grep_py": ("ast_grep_py",),
    "deepdiff": ("deepdiff", "orderly_set"),
    "jsonschema": ("jsonschema", "rpds", "referencing.jsonschema"),
    "nltk": ("nltk", "nltk.translate", "nltk.corpus", "nltk.tokenize"),
    "numpy": (
        "numpy", "numpy.fft", "numpy.linalg", "numpy.ma", "numpy.polynomial", "numpy.random",
    ),
    "pandas": ("pandas",),
    "pydantic": ("pydantic", "pydantic.main", "pydantic_core"),
    "rapidfuzz": ("rapidfuzz", "rapidfuzz.distance", "rapidfuzz.fuzz", "rapidfuzz.process"),
    "rdkit": ("rdkit", "rdkit.Chem", "rdkit.Chem.AllChem", "rdkit.DataStructs"),
    "rouge_score": ("rouge_score", "rouge_score.rouge_scorer"),
    "scipy": (
        "scipy", "scipy.optimize", "scipy.sparse", "scipy.spatial.distance", "scipy.special",
        "scipy.stats",
    ),
    "skbio": (
        "skbio", "skbio.alignment", "skbio.diversity", "skbio.sequence", "skbio.stats.distance",
    ),
    "sklearn": (
        "sklearn", "sklearn.metrics", "sklearn.metrics.pairwise",
        "sklearn.feature_extraction.text",
    ),
    "sqlparse": ("sqlparse",),
    "sympy": ("sympy",),
    "yaml": ("yaml",),
    "rdkit.Descriptors": ("rdkit.Chem.Descriptors",),
    "rdkit.Draw": ("rdkit.Chem.Draw",),
    "scipy.integrate": ("scipy.integrate",),
    "scipy.interpolate": ("scipy.interpolate",),
    "scipy.ndimage": ("scipy.ndimage",),
    "scipy.signal": ("scipy.signal",),
    "skbio.tree": ("skbio.tree",),
    "sklearn.cluster": ("sklearn.cluster",),
    "sklearn.decomposition": ("sklearn.decomposition",),
    "sklearn.ensemble": ("sklearn.ensemble",),
    "sklearn.linear_model": ("sklearn.linear_model",),
    "sklearn.model_selection": ("sklearn.model_selection",),
    "sklearn.naive_bayes": ("sklearn.naive_bayes",),
    "sklearn.neighbors": ("sklearn.neighbors",),
    "sklearn.preprocessing": ("sklearn.preprocessing",),
    "sklearn.svm": ("sklearn.svm",),
    "sklearn.tree": ("sklearn.tree",),
    "sympy.parsing": ("sympy.parsing.sympy_parser",),
}  # fmt: skip
"""Imported too, for sources that name them: each page of a package is a cost of every fork.

Of a name with a point, both words must be there, wherever.

Source: OpenAI, "Graders" guide, the packages listed; the standard library's heavier parts are ours.
"""

SPARED = frozenset({"sklearn"})
"""What nltk imports in passing, for one of its classes, and doubles the cost of every fork with."""

_RARE = re.compile(r"_?(test|xx|tkinter|curses|dbm|gdbm|crypt|ssl|sqlite3|lsprof|codecs_)")
"""Extension modules of the standard library that only load if their package is named."""

LOADING_S = 10.0
"""Extension modules that are not loaded by then stay out; a call that wants one says so."""

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def named_in(source: str) -> frozenset[str]:
    """The names of `BY_NAME` that stand in a source, as words, wherever."""
    words = set(_WORD.findall(source))
    return frozenset(name for name in BY_NAME if words.issuperset(name.split(".")))


def warm_up(names: Sequence[str]) -> None:
    """Packages are imported, extension modules loaded, and all of it is out of the collector's way.

    An extension module that is loaded and not imported runs nothing, and lets a fork import it
    although no page may become executable there any more.
    """
    sys.set_int_max_str_digits(0)  # an item may have an integer of any size
    known = set(sys.modules)
    with warnings.catch_warnings(), _not_in_passing(SPARED.difference(names)):
        warnings.simplefilter("ignore")
        for name in (*BASE, *(each for package in names for each in BY_NAME[package])):
            with contextlib.suppress(Exception):  # a package that cannot be imported is not there
                importlib.import_module(name)
    _use()
    _load(_extensions({each.partition(".")[0] for each in sys.modules.keys() - known}))
    gc.collect()
    gc.freeze()


@contextlib.contextmanager
def _not_in_passing(names: Iterable[str]) -> Iterator[None]:
    """While the block lasts, these packages cannot be imported."""
    absent: dict[str, Any] = dict.fromkeys(names)  # None in the place of a module means just that
    sys.modules.update(absent)
    yield
    for name in absent:
        del sys.modules[name]


def _use() -> None:
    """What packages do at their first use: what they then import is a cost of every call."""
    with contextlib.suppress(Exception):  # looks up in /proc what no fork can read
        sys.modules["sklearn.utils.parallel"]._get_threadpool_controller()  # noqa: SLF001
    with contextlib.suppress(Exception):
        sys.modules["pydantic"].create_model("Tried", number=(int, 0))
    with contextlib.suppress(Exception):
        sys.modules["sympy"].simplify("(x + 1)**2 - sin(x)")


def _load(paths: Iterable[str]) -> None:
    end = time.monotonic() + LOADING_S
    for path in paths:
        if time.monotonic() > end:
            return
        with contextlib.suppress(OSError):
            ctypes.CDLL(path, mode=os.RTLD_LAZY | os.RTLD_LOCAL)


def _extensions(packages: set[str]) -> Iterator[str]:
    """The files of the standard library's extension modules, and of those in these packages."""
    for folder in sys.path:
        if folder.endswith("lib-dynload"):
            yield from (
                each for each in _shared(folder) if not _RARE.match(each.rpartition("/")[2])
            )
        elif folder.endswith("-packages"):
            for name in packages:
                yield from _shared(f"{folder}/{name}")


def _shared(folder: str) -> Iterator[str]:
    for where, inside, files in os.walk(folder):
        inside[:] = [each for each in inside if each not in {"tests", "test", "__pycache__"}]
        yield from (f"{where}/{name}" for name in files if name.endswith(".so"))
