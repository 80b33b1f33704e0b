"""Compiled templates that are kept: read again, and read by nobody who cannot trust them."""

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment
from jinja2.bccache import Bucket

from evald.web.kept_templates import KeptTemplates

SECRET = b"a secret of the data folder, 32+"
OTHER = b"a secret of another folder, 32++"


class Counting(KeptTemplates):
    """Counts the templates that had to be compiled."""

    def __init__(self, folder: Path, secret: bytes = SECRET) -> None:
        super().__init__(folder, secret)
        self.compiled = 0

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled += 1
        super().dump_bytecode(bucket)


def said(kept: KeptTemplates, template: str = "Hello, {{ name }}!") -> str:
    templates = Environment(
        loader=DictLoader({"a.html": template}), bytecode_cache=kept, autoescape=True
    )
    return templates.get_template("a.html").render(name="<you>")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that keeps the template; it was not there before."""
    said(KeptTemplates(tmp_path / "cache" / "pages", SECRET))
    return tmp_path / "cache" / "pages"


def test_a_template_is_compiled_once(folder: Path) -> None:
    kept = Counting(folder)

    assert said(kept) == "Hello, &lt;you&gt;!"
    assert kept.compiled == 0


def test_only_the_owner_may_look_into_the_folder(folder: Path) -> None:
    modes = [path.stat().st_mode & 0o077 for path in (folder, *folder.iterdir())]

    assert modes == [0, 0]


def test_a_template_that_has_changed_is_compiled_again(folder: Path) -> None:
    kept = Counting(folder)

    assert said(kept, "Bye, {{ name }}!") == "Bye, &lt;you&gt;!"
    assert kept.compiled == 1
    assert [path.name for path in folder.iterdir()] == ["a.html.compiled"]


def test_what_another_secret_has_sealed_is_not_run(folder: Path) -> None:
    kept = Counting(folder, OTHER)

    assert said(kept) == "Hello, &lt;you&gt;!"
    assert kept.compiled == 1


@pytest.mark.parametrize("content", [b"", b"x" * 40, None])
def test_what_is_damaged_is_compiled_again(folder: Path, content: bytes | None) -> None:
    path = folder / "a.html.compiled"
    whole = path.read_bytes()
    damaged = whole[:-1] + bytes([whole[-1] ^ 1])
    path.write_bytes(damaged if content is None else content)
    kept = Counting(folder)

    assert said(kept) == "Hello, &lt;you&gt;!"
    assert kept.compiled == 1


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("no folder at all")

    assert said(KeptTemplates(tmp_path / "cache" / "pages", SECRET)) == "Hello, &lt;you&gt;!"
