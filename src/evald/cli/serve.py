"""`evald serve`: runs the server until it is told to end."""

import argparse

from evald.assembly.server import CannotServe, serve
from evald.cli.lasting import LISTENING, PLACES, add_flags, run_until_told


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where is listened, where everything is kept, and whether runs are carried out here too."""
    add_flags(parser, LISTENING | PLACES)
    parser.add_argument(
        "--no-work",
        dest="work",
        action="store_const",
        const="false",
        default=None,
        help="leave runs to workers",
    )


def run(args: argparse.Namespace) -> int:
    """0 after an orderly end, 2 if the server cannot begin as it is configured."""
    return run_until_told(args, serve, refusal=CannotServe)
