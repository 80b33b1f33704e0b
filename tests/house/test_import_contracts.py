"""Whether imports point inward only, and whether the contracts would notice if they did not."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.project import PACKAGE, ROOT

LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"

VIOLATIONS = [  # a module, and what it must not import
    ("evald.domain.tally", "time"),
    ("evald.engine.finish", "dbos"),
    ("evald.graders.multi", "random"),
    ("evald.ports.store", "os"),
    ("evald.sampling.sampler", "aiohttp"),
    ("evald.services.evals", "sqlalchemy"),
    ("evald.wire.ids", "evald.domain.tally"),
    ("evald.graders.grade", "evald.sampling.sampler"),
    ("evald.graders.check", "evald.adapters.clock"),
    ("evald.services.runs", "evald.engine.plan"),
    ("evald.http.app", "evald.adapters.clock"),
    ("evald.adapters.clock", "evald.web.pages"),
    ("evald.web.pages", "evald.settings"),
    ("evald.settings", "evald.assembly.server"),
    ("evald.assembly.server", "evald.cli.main"),
]
CYCLE = [
    ("evald.domain.cursor", "evald.domain.backoff"),
    ("evald.domain.backoff", "evald.domain.cursor"),
]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the `src` of a folder, under the contracts of its pyproject.toml."""
    return subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache", "--no-logo"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "src"), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


@pytest.fixture(scope="module")
def verdict_on_violations(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the contracts say of a skeleton of the house that breaks them all."""
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(ROOT / "pyproject.toml", folder)
    rooms = [path.parent.name for path in sorted(PACKAGE.glob("*/__init__.py"))]
    packages = ["evald", *(f"evald.{name}" for name in [*rooms, "utils"])]
    modules = [imported for _, imported in VIOLATIONS if imported.startswith("evald.")]
    for module in [*(f"{package}.__init__" for package in packages), *modules]:
        write_module(folder, module, "")
    for module, imported in VIOLATIONS + CYCLE:
        write_module(folder, module, f"import {imported}\n")
    verdict = lint_imports(folder)
    assert verdict.returncode == 1, verdict.stderr
    return verdict.stdout


def write_module(folder: Path, module: str, text: str) -> None:
    path = folder / "src" / Path(*module.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_the_contracts_are_kept() -> None:
    """A room that knows an outer one, or its sibling, can be neither understood nor moved alone.

    That `services` and `engine` are strangers is also what makes runs durable: they can meet only
    in what is stored. And a rule that reads the clock or a file cannot be tested as a rule.
    """
    verdict = lint_imports(ROOT)

    assert verdict.returncode == 0, verdict.stdout + verdict.stderr


@pytest.mark.parametrize(("module", "imported"), VIOLATIONS)
def test_a_violation_is_noticed(verdict_on_violations: str, module: str, imported: str) -> None:
    """A contract with a misspelled room, or a forgotten library, is kept by everybody."""
    assert f"- {module} -> {imported} (l.1)" in " ".join(verdict_on_violations.split())


def test_a_cycle_is_noticed(verdict_on_violations: str) -> None:
    """Of two files that import each other, neither can be read, tested or moved first."""
    assert "No cycles are allowed in evald.domain." in verdict_on_violations


def test_a_room_without_a_place_is_noticed(verdict_on_violations: str) -> None:
    """A new folder beside the rooms would otherwise stand above every contract."""
    assert "- evald.utils" in verdict_on_violations
