import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evald.adapters.models.python_target import TargetNotLoadable, load_target


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def write(folder: Path, name: str, source: str) -> None:
    (folder / name).write_text(source, encoding="utf-8")


def test_a_module_of_the_folder_is_found_with_its_neighbours(folder: Path) -> None:
    write(folder, "toy_words.py", "WORD = 'Hello.'\n")
    write(
        folder,
        "toy_model.py",
        "def answer(body):\n    import toy_words\n    return toy_words.WORD\n",
    )

    function = load_target("toy_model:answer", folder)

    assert function({}) == "Hello."


def test_the_folder_comes_before_the_path_and_only_for_the_import(folder: Path) -> None:
    write(folder, "this.py", "def answer(body):\n    return 'ours'\n")

    assert load_target("this:answer", folder)({}) == "ours"
    assert sys.path[-1] == str(folder)
    assert sys.path.count(str(folder)) == 1


def test_a_function_of_an_installed_module_and_within_a_class_is_found(folder: Path) -> None:
    assert load_target("json.decoder:JSONDecoder.decode", folder) is not None


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("toy_model", "Target 'toy_model' is not of the form 'module:function'."),
        (":answer", "Target ':answer' is not of the form 'module:function'."),
        ("toy_model:", "Target 'toy_model:' is not of the form 'module:function'."),
        ("toy_absent:answer", "Module 'toy_absent' is neither in "),
        ("toy_model.absent:answer", "Module 'toy_model.absent' is neither in "),
        ("toy_model:absent", "Module 'toy_model' has no function 'absent'."),
        ("toy_model:WORD", "Module 'toy_model' has no function 'WORD'."),
        ("toy_needs:answer", "raised ModuleNotFoundError: No module named 'toy_missing'"),
        ("toy_broken:answer", "Importing module 'toy_broken' raised SyntaxError: "),
        ("toy_exits:answer", "Importing module 'toy_exits' raised SystemExit: 1"),
    ],
)
def test_a_target_that_cannot_be_loaded_is_named(folder: Path, target: str, message: str) -> None:
    write(folder, "toy_model.py", "WORD = 'Hello.'\n")
    write(folder, "toy_needs.py", "import toy_missing\n")
    write(folder, "toy_broken.py", "def answer(:\n")
    write(folder, "toy_exits.py", "raise SystemExit(1)\n")

    with pytest.raises(TargetNotLoadable) as refused:
        load_target(target, folder)

    assert message in str(refused.value)
