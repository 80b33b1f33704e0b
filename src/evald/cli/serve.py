"""`evald serve`: runs the server until it is told to end."""

import argparse
import os
import sys
from pathlib import Path

from evald.assembly.logs import configure_logs
from evald.assembly.server import CannotServe, serve
from evald.settings import SettingsInvalid, load_settings

FLAGS = {"host": str, "port": int, "data_dir": Path, "database_url": str, "config": Path}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The settings that are flags; all of them, and the others, can stand in the environment."""
    add_places(parser)
    parser.add_argument(
        "--no-work",
        dest="work",
        action="store_const",
        const="false",
        default=None,
        help="leave runs to workers",
    )


def add_places(parser: argparse.ArgumentParser) -> None:
    """Where is listened, where everything is kept, and where providers are named."""
    for name, kind in FLAGS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=None)


def run(args: argparse.Namespace) -> int:
    """0 after an orderly end, 2 if the server cannot begin as it is configured."""
    try:
        settings = load_settings(os.environ, vars(args))
        configure_logs(settings.log_level, settings.log_format)
        serve(settings)
    except (SettingsInvalid, CannotServe) as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return 2
    return 0
