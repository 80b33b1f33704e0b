"""Pages that are loaded late: each of them is there when it is asked for."""

import inspect
import re
import subprocess
import sys
from importlib import resources

import pytest

from evald.web.late import LatePage

PAGES = resources.files("evald.web").joinpath("pages.py").read_text("utf-8")
NAMES = sorted(set(re.findall(r'(?:_page|LatePage)\("([a-z_.]+)"', PAGES)))


def test_pages_are_named() -> None:
    assert {"run_page.show_run", "compare_page.show_compare", "confirm_pages.delete"} < set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_page_that_is_named_is_there(name: str) -> None:
    show = LatePage(name).load()

    assert inspect.iscoroutinefunction(show)
    assert list(inspect.signature(show).parameters) == ["asked"]


@pytest.mark.slow
def test_no_page_is_loaded_before_it_is_asked_for() -> None:
    loaded = "import sys, evald.web.pages; print(*[n for n in sys.modules if n[:9] == 'evald.web'])"

    names = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, check=True, text=True
    ).stdout.split()

    assert "evald.web.site" in names
    assert {f"evald.web.{name.partition('.')[0]}" for name in NAMES} & set(names) == set()
