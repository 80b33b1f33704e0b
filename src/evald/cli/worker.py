"""`evald worker`: carries out runs of a shared database until it is told to end."""

import argparse

from evald.assembly.working import CannotWork, work
from evald.cli.lasting import PLACES, add_flags, run_until_told


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where everything is kept, and where providers are named."""
    add_flags(parser, PLACES)


def run(args: argparse.Namespace) -> int:
    """0 after an orderly end, 2 if the worker cannot begin as it is configured."""
    return run_until_told(args, work, refusal=CannotWork)
