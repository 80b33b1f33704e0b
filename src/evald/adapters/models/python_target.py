"""Where the function of a Python provider is found."""

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import JsonValue

Target = Callable[[dict[str, JsonValue]], Any]
"""Takes the body and returns a text or a chat completion, or is async and does so."""


class TargetNotLoadable(Exception):
    """A `target` names no function that can be called; the message says why."""


def load_target(target: str, search_path: Path) -> Target:
    """The function that `module:function` names.

    The module is searched in `search_path` and then on `sys.path`, at the end of which the folder
    stays, so that what the module imports later is found too.

    Raises:
        TargetNotLoadable: there is no such module or function, or importing it raised.
    """
    module_name, _, path = target.partition(":")
    if not module_name or not path:
        raise TargetNotLoadable(f"Target '{target}' is not of the form 'module:function'.")
    found = _imported(module_name, search_path)
    for name in path.split("."):
        found = getattr(found, name, None)
    if not callable(found):
        raise TargetNotLoadable(f"Module '{module_name}' has no function '{path}'.")
    function: Target = found
    return function


def _imported(module_name: str, search_path: Path) -> Any:
    try:
        with _searched_first(str(search_path.resolve())):
            return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module_name}.".startswith(f"{error.name}."):
            raise TargetNotLoadable(
                f"Module '{module_name}' is neither in {search_path} nor on Python's path."
            ) from error
        raise TargetNotLoadable(_import_failed(module_name, error)) from error
    except (Exception, SystemExit) as error:  # the operator's module may raise whatever it likes
        raise TargetNotLoadable(_import_failed(module_name, error)) from error


def _import_failed(module_name: str, error: BaseException) -> str:
    return f"Importing module '{module_name}' raised {described(error)}"


@contextmanager
def _searched_first(folder: str) -> Iterator[None]:
    importlib.invalidate_caches()  # the file may be younger than the last look into its folder
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        # First only for the import: a file of the folder must not stand in for a module that the
        # server itself imports later.
        sys.path.remove(folder)
        if folder not in sys.path:
            sys.path.append(folder)


def described(error: BaseException) -> str:
    """The error's class and text; the class alone where its text cannot be had."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - how a foreign error describes itself is foreign code too
        return type(error).__name__
