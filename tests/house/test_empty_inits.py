"""What a package's `__init__.py` holds: nothing."""

from tests.house.project import PACKAGE, TESTS, python_files, shown


def test_every_init_is_empty() -> None:
    """Re-exports give a thing two addresses, load what nobody asked for and close import cycles."""
    inits = [path for path in python_files(PACKAGE) + python_files(TESTS) if is_init(path.name)]

    assert [shown(path) for path in inits if path.stat().st_size] == []


def test_every_folder_of_code_is_a_package() -> None:
    """The import contracts do not see a folder without `__init__.py`: it would be lawless."""
    folders = {path.parent for path in python_files(PACKAGE)}

    assert [shown(path) for path in sorted(folders) if not (path / "__init__.py").exists()] == []


def is_init(name: str) -> bool:
    return name == "__init__.py"
