"""Which Python runs the code of graders, and what a checkup says of its packages."""

import sys
from pathlib import Path

from evald.adapters.grader_packages.environment import Contents, Environment
from evald.assembly.checkup.finding import State
from evald.assembly.checkup.grader_packages import check_grader_packages
from evald.assembly.grader_environment import grader_environment
from evald.assembly.sandbox import grader_interpreter

WHOLE = Contents("3.12.1").with_package("numpy", "2.2.4").with_data("names")


def an_environment(folder: Path, contents: Contents, *, starts: bool = True) -> Environment:
    environment = grader_environment(folder)
    environment.interpreter.parent.mkdir(parents=True)
    if starts:
        environment.interpreter.write_text("#!/bin/sh\necho 3 12 /opt/python\n")
        environment.interpreter.chmod(0o755)
    environment.record(contents)
    return environment


def test_without_packages_the_servers_own_python_runs_it(tmp_path: Path) -> None:
    grader_environment(tmp_path).interpreter.parent.mkdir(parents=True)  # it was never finished

    found = check_grader_packages(grader_environment(tmp_path))

    assert grader_interpreter(tmp_path) == Path(sys.executable)
    assert (found.state, "own Python" in found.message) == (State.OK, True)


def test_what_was_installed_runs_it(tmp_path: Path) -> None:
    environment = an_environment(tmp_path, WHOLE)

    found = check_grader_packages(environment)

    assert grader_interpreter(tmp_path) == environment.interpreter
    assert (found.state, found.advice) == (State.OK, "")
    assert "Python 3.12.1; packages: 1." in found.message


def test_what_was_skipped_is_noted(tmp_path: Path) -> None:
    left = WHOLE.without_package("rdkit", "It took too long.").without_data("punkt", "No network.")

    found = check_grader_packages(an_environment(tmp_path, left))

    assert found.state is State.NOTE
    assert "skipped: rdkit, nltk's punkt" in found.message


def test_packages_whose_python_is_gone_give_way_to_no_others(tmp_path: Path) -> None:
    """Scores would change unsaid: code is refused until they are made anew."""
    environment = an_environment(tmp_path, WHOLE, starts=False)

    found = check_grader_packages(environment)

    assert grader_interpreter(tmp_path) == environment.interpreter
    assert (found.state, "--rebuild" in found.advice) == (State.NOTE, True)
