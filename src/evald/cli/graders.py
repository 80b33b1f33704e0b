"""`evald graders`: installs the packages that the hosted service's python graders find."""

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import assert_never

from evald.adapters.grader_packages.environment import Contents, Environment
from evald.adapters.grader_packages.installing import NotInstalled
from evald.adapters.grader_packages.interpreters import NoInterpreter
from evald.adapters.grader_packages.pip import NoPip
from evald.assembly.checkup.grader_packages import counted
from evald.assembly.data_folder import FolderInUse
from evald.assembly.grader_environment import grader_environment
from evald.assembly.grader_packages import install_grader_packages
from evald.graders.image_packages import IMAGE_TAG
from evald.settings import Settings, SettingsInvalid, load_settings

DONE, SOME_SKIPPED, UNUSABLE, INTERRUPTED = 0, 1, 2, 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """One action: install or list."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    installing = actions.add_parser("install", help="build or complete the environment of a tag")
    installing.add_argument("tag", help=f"the image_tag of python graders: {IMAGE_TAG}")
    installing.add_argument("--rebuild", action="store_true", help="make anew what is there")
    listing = actions.add_parser("list", help="what is installed, and what was skipped")
    for each in (installing, listing):
        each.add_argument("--data-dir", type=Path, default=None)


def run(args: argparse.Namespace) -> int:
    """0 if all is there, 1 if something was skipped, 2 if nothing can be used, 130 on Ctrl-C."""
    try:
        settings = load_settings(os.environ, {"data_dir": args.data_dir})
        match args.action:
            case "install":
                return _install(settings, args.tag, is_rebuild=args.rebuild)
            case "list":
                return _list(settings)
            case _:
                assert_never(args.action)
    except (SettingsInvalid, NotInstalled, NoInterpreter, NoPip, FolderInUse, OSError) as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        print("evald: Interrupted; what was there before is still there.", file=sys.stderr)
        return INTERRUPTED


def _install(settings: Settings, tag: str, *, is_rebuild: bool) -> int:
    if tag != IMAGE_TAG:
        print(f"evald: The image tag '{tag}' is not known; {IMAGE_TAG} is.", file=sys.stderr)
        return UNUSABLE
    done = install_grader_packages(
        settings.data_dir, lambda line: print(line, flush=True), is_rebuild=is_rebuild
    )
    if not done.is_new:
        print(f"{done.environment.folder} is complete; --rebuild makes it anew.")
        return DONE
    print(f"{done.environment.folder} is there; {counted(done.contents)}.")
    print("`evald serve` uses it from its next start on.")
    return DONE if done.contents.is_complete else SOME_SKIPPED


def _list(settings: Settings) -> int:
    environment = grader_environment(settings.data_dir)
    contents = environment.contents()
    if contents is None:
        print(
            f"{IMAGE_TAG} is not installed: python graders run on the server's own Python, with "
            f"its packages. `evald graders install {IMAGE_TAG}` installs it."
        )
        return UNUSABLE
    _print_contents(environment, contents)
    return DONE if contents.is_complete else SOME_SKIPPED


def _print_contents(environment: Environment, contents: Contents) -> None:
    print(f"{IMAGE_TAG}  Python {contents.python}  {environment.folder}")
    _print_names({**contents.packages, **_skipped(contents.skipped)})
    data = dict.fromkeys(contents.data, "installed")
    _print_names(
        {
            f"nltk: {name}": state
            for name, state in {**data, **_skipped(contents.skipped_data)}.items()
        }
    )


def _print_names(states: Mapping[str, str]) -> None:
    for name, state in states.items():
        print(f"  {name:20} {state}")


def _skipped(reasons: Mapping[str, str]) -> dict[str, str]:
    return {name: f"skipped: {why}" for name, why in reasons.items()}
