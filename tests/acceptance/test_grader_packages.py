"""`evald graders install`, with pip for real: from an index of our own, and from the public one.

The packages of our own index bear documented names and versions, and hold next to nothing.
"""

import os
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evald.adapters.grader_packages.environment import Contents
from evald.adapters.grader_packages.installing import NotInstalled, Wanted
from evald.assembly.data_folder import FolderInUse, open_data_folder, serving_lock
from evald.assembly.grader_environment import grader_environment
from evald.assembly.grader_packages import Installed, install_grader_packages
from evald.assembly.sandbox import grader_interpreter
from evald.graders.image_packages import PACKAGES, Package
from tests.sandbox.runners import skip_without_walls
from tests.support.running_server import RunningServer, running_server

pytestmark = pytest.mark.slow

SOURCE = Path(__file__).parents[2] / "src"
TINY = ("sqlparse", "rapidfuzz")
"""Documented packages that are small: one of Python alone, one with compiled parts."""


def documented(*names: str) -> list[Package]:
    by_name = {each.name: each for each in PACKAGES}
    return [by_name[name] for name in names]


def a_wheel(folder: Path, package: Package, module: str) -> None:
    """A wheel whose module has this text."""
    name = package.name.replace("-", "_")
    about = f"{name}-{package.version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{package.version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{package.module}.py", module)
        wheel.writestr(
            f"{about}/METADATA",
            f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {package.version}\n",
        )
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", "")


def a_source_that_cannot_be_built(folder: Path, package: Package) -> None:
    """Without any network, what it takes to build it is not to be had."""
    name = f"{package.name}-{package.version}"
    with zipfile.ZipFile(folder / f"{name}.zip", "w") as source:
        source.writestr(
            f"{name}/pyproject.toml", '[build-system]\nrequires = ["no-such-builder"]\n'
        )
        source.writestr(f"{name}/PKG-INFO", f"Metadata-Version: 2.1\nName: {package.name}\n")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages, which is all that pip knows."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [each for each in os.environ if each.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def installed(folder: Path, packages: Sequence[Package], **options: Any) -> Installed:
    said: list[str] = []
    return install_grader_packages(folder, said.append, wanted=Wanted(packages, ()), **options)


def names_in(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def test_what_cannot_be_built_is_named_and_the_others_go_on(index: Path, tmp_path: Path) -> None:
    first, broken, last = packages = documented("numpy", "scikit-bio", "sqlparse")
    a_wheel(index, first, "")
    a_source_that_cannot_be_built(index, broken)
    a_wheel(index, last, "")

    done = installed(tmp_path / "data", packages)

    assert done.contents.packages == {"numpy": "2.2.4", "sqlparse": "0.5.3"}
    assert list(done.contents.skipped) == ["scikit-bio"]
    assert grader_interpreter(tmp_path / "data") == done.environment.interpreter
    assert names_in(tmp_path / "data" / "graders") == {"2025-05-08", "2025-05-08.log", "lock"}
    assert "no-such-builder" in (tmp_path / "data" / "graders" / "2025-05-08.log").read_text()


def test_a_second_call_completes_and_a_third_leaves_all_as_it_is(
    index: Path, tmp_path: Path
) -> None:
    first, later = packages = documented("numpy", "pandas")
    a_wheel(index, first, "")
    a_wheel(index, later, "import nothing_of_this_name")
    before = installed(tmp_path / "data", packages)
    a_wheel(index, later, "")

    again = installed(tmp_path / "data", packages)
    third = installed(tmp_path / "data", packages)

    assert "No module named 'nothing_of_this_name'" in before.contents.skipped["pandas"]
    assert (sorted(again.contents.packages), again.contents.skipped) == (["numpy", "pandas"], {})
    assert (third.is_new, third.contents) == (False, again.contents)
    ran = subprocess.run(
        [again.environment.interpreter, "-c", "import numpy, pandas"], check=False, timeout=30
    )
    assert ran.returncode == 0


def test_where_nothing_can_be_installed_nothing_is_left(index: Path, tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match="Not one package"):
        installed(tmp_path / "data", documented("numpy"))

    assert grader_environment(tmp_path / "data").contents() is None
    assert grader_interpreter(tmp_path / "data") == Path(sys.executable)
    assert names_in(tmp_path / "data" / "graders") == {"2025-05-08.log", "lock"}


def test_an_index_that_does_not_answer_is_told(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")

    with pytest.raises(NotInstalled, match="index was not reached"):
        installed(tmp_path / "data", documented("numpy", "scipy"))


def test_what_a_server_may_be_using_is_not_replaced(index: Path, tmp_path: Path) -> None:
    packages = documented("sqlparse")
    a_wheel(index, packages[0], "")
    folder = open_data_folder(tmp_path / "data")
    with serving_lock(folder):
        before = installed(folder, packages)
        with pytest.raises(FolderInUse):
            installed(folder, packages, is_rebuild=True)

    rebuilt = installed(folder, packages, is_rebuild=True)

    assert before.environment.contents() == rebuilt.contents
    assert rebuilt.is_new


def evald(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "evald", *words, "--data-dir", "data"],
        cwd=folder,
        env={"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_what_is_installed_is_listed_and_checked(tmp_path: Path) -> None:
    none = evald(tmp_path, "graders", "list")
    unknown = evald(tmp_path, "graders", "install", "2024-01-01")
    environment = grader_environment(open_data_folder(tmp_path / "data"))
    environment.folder.mkdir(parents=True)
    said = Contents("3.12.1").with_package("numpy", "2.2.4").without_package("rdkit", "No wheel.")
    environment.record(said)
    listed = evald(tmp_path, "graders", "list")
    checked = evald(tmp_path, "doctor")

    assert (none.returncode, unknown.returncode, listed.returncode) == (2, 2, 1)
    assert "is not installed" in none.stdout
    assert "'2024-01-01' is not known; 2025-05-08 is" in unknown.stderr
    assert "numpy                2.2.4" in listed.stdout
    assert "rdkit                skipped: No wheel." in listed.stdout
    assert "install 2025-05-08 --rebuild" in checked.stdout  # it has no interpreter


async def test_graders_import_what_was_installed_from_the_public_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await skip_without_walls()
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("PIP_TIMEOUT", "15")
    if why_not := complaint_of_pip(tmp_path / "wheels", TINY[0]):
        pytest.skip(f"No index can be asked here: {why_not}")

    done = installed(tmp_path / "data", documented(*TINY))

    assert done.contents.skipped == {}
    with running_server(tmp_path / "data") as server:
        text = "import sqlparse\nfrom rapidfuzz import fuzz\ndef grade(sample, item):\n    "
        told = ran(server, f"{text}return fuzz.ratio(sqlparse.__version__, '0.5.3') / 100\n")
        missing = ran(server, "import sklearn\ndef grade(sample, item): return 1.0\n")

    assert (told.reward, told.metadata.errors.python_grader_server_error) == (1.0, False)
    assert missing.metadata.errors.python_grader_server_error
    assert "evald graders install 2025-05-08" in missing.metadata.model_extra["error"]["message"]


def complaint_of_pip(folder: Path, package: str) -> str:
    """What pip says if it cannot get a package here, without anything of ours; else nothing."""
    command = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "-d", str(folder)]
    ended = subprocess.run([*command, package], check=False, capture_output=True, text=True)
    return ended.stderr if ended.returncode else ""


def ran(server: RunningServer, source: str) -> Any:
    grader: Any = {"type": "python", "name": "code", "source": source, "image_tag": "2025-05-08"}
    return server.client().fine_tuning.alpha.graders.run(grader=grader, model_sample="")
