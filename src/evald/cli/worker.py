"""`evald worker`: carries out runs of a shared database until it is told to end."""

import argparse
import os
import sys
from pathlib import Path

from evald.assembly.logs import configure_logs
from evald.assembly.working import CannotWork, work
from evald.settings import SettingsInvalid, load_settings

FLAGS = {"data_dir": Path, "database_url": str, "config": Path}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The settings that are flags; all of them, and the others, can stand in the environment."""
    for name, kind in FLAGS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=None)


def run(args: argparse.Namespace) -> int:
    """0 after an orderly end, 2 if the worker cannot begin as it is configured."""
    try:
        settings = load_settings(os.environ, vars(args))
        configure_logs(settings.log_level, settings.log_format)
        work(settings)
    except (SettingsInvalid, CannotWork) as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return 2
    return 0
