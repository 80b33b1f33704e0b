"""What the hosted service's python graders find installed, by image tag."""

from dataclasses import dataclass

IMAGE_TAG = "2025-05-08"
"""The one set of packages there is. Source: OpenAI, "Graders" guide."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package of the package index: its name there, its version, and what code imports."""

    name: str
    version: str
    module: str


PACKAGES = (
    Package("numpy", "2.2.4", "numpy"),
    Package("scipy", "1.15.2", "scipy"),
    Package("sympy", "1.13.3", "sympy"),
    Package("pandas", "2.2.3", "pandas"),
    Package("rapidfuzz", "3.10.1", "rapidfuzz"),
    Package("scikit-learn", "1.6.1", "sklearn"),
    Package("deepdiff", "8.4.2", "deepdiff"),
    Package("jsonschema", "4.23.0", "jsonschema"),
    Package("pydantic", "2.10.6", "pydantic"),
    Package("pyyaml", "6.0.2", "yaml"),
    Package("nltk", "3.9.1", "nltk"),
    Package("sqlparse", "0.5.3", "sqlparse"),
    Package("rdkit", "2024.9.6", "rdkit"),
    Package("ast-grep-py", "0.36.2", "ast_grep_py"),
    Package("rouge-score", "0.1.2", "rouge_score"),
    Package("scikit-bio", "0.6.3", "skbio"),
)
"""Those that must be built where they are installed come last.

Source: OpenAI, "Graders" guide, the packages of the image.
"""

NLTK_DATA = ("punkt", "punkt_tab", "stopwords", "wordnet", "omw-1.4", "names")
"""The data of nltk, which is not on the package index.

Source: as `PACKAGES`, but for `punkt_tab`: nltk 3.9.1 reads it in place of `punkt`.
"""

_DATA_PREFIX = "NLTK data '"


def is_documented(missing: str) -> bool:
    """Whether the hosted service has what code misses: a module, or nltk's data as quoted."""
    if missing.startswith(_DATA_PREFIX):
        return missing.removeprefix(_DATA_PREFIX).rstrip("'").rpartition("/")[2] in NLTK_DATA
    return missing.partition(".")[0] in {each.module for each in PACKAGES}
