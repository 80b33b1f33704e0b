"""What verbs have in common that go on until they are told to end: their flags, how they begin."""

import argparse
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from evald.assembly.logs import configure_logs
from evald.settings import Settings, SettingsInvalid, load_settings

PLACES = {"data_dir": Path, "database_url": str, "config": Path}
"""Where everything is kept, and where providers are named."""

LISTENING = {"host": str, "port": int}


def add_flags(parser: argparse.ArgumentParser, flags: Mapping[str, type]) -> None:
    """The settings that are flags; all of them, and the others, can stand in the environment."""
    for name, kind in flags.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=None)


def run_until_told(
    args: argparse.Namespace, go_on: Callable[[Settings], None], *, refusal: type[Exception]
) -> int:
    """0 after an orderly end, 2 if it cannot begin as it is configured.

    Args:
        go_on: returns when it is told to end.
        refusal: what that raises if it cannot begin.
    """
    try:
        settings = load_settings(os.environ, vars(args))
        configure_logs(settings.log_level, settings.log_format)
        go_on(settings)
    except (SettingsInvalid, refusal) as problem:
        print(f"evald: {problem}", file=sys.stderr)
        return 2
    return 0
