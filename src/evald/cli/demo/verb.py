"""The verb `evald demo`: a real eval through the official client, on a server of its own."""

import argparse
import os
import signal
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from io import TextIOWrapper

from evald.cli.demo.classifiers import CANDIDATES

USAGE_ERROR = 2

_KEYS = ("EVALD_UPSTREAM_API_KEY", "OPENAI_API_KEY", "EVALD_UPSTREAM_BASE_URL")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Gives `parser` the flags of the verb."""
    parser.add_argument(
        "--exit", action="store_true", help="end after the runs instead of serving their reports"
    )
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="NAME",
        help="a provider's model to run instead of our two classifiers; may be repeated",
    )
    parser.add_argument(
        "--port", type=_port, default=0, metavar="N", help="where to serve (default: a free port)"
    )
    parser.add_argument(
        "--data-dir", metavar="DIR", help="where to keep the data (default: a fresh folder)"
    )


def run(args: argparse.Namespace) -> int:
    """Plays the demo. The exit code is 0 when every run has completed, 2 when none can begin."""
    models = tuple(dict.fromkeys(args.model)) or CANDIDATES
    refusal = _refusal(models, os.environ)
    if refusal is not None:
        print(refusal, file=sys.stderr)
        return USAGE_ERROR
    # Not before it is known to be installed; and `evald demo --help` needs neither it nor rich.
    from evald.cli.demo.play import Wish, play  # noqa: PLC0415

    _end_tidily_on_signals()
    _print_what_can_be_printed()
    return play(Wish(models=models, port=args.port, data_dir=args.data_dir, exit=args.exit))


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"'{text}' is not a port: 1 to 65535, or 0 for a free one")
    return int(text)


def _refusal(models: tuple[str, ...], environment: Mapping[str, str]) -> str | None:
    """Why the demo cannot begin, if it cannot."""
    if find_spec("openai") is None:
        return (
            "The demo speaks through the official `openai` client, which is not installed: "
            "pip install 'evald[demo]'"
        )
    foreign = [model for model in models if model not in CANDIDATES]
    if foreign and not any(environment.get(name) for name in _KEYS):
        return (
            f"The model '{foreign[0]}' is a provider's, and no provider is set: "
            "give OPENAI_API_KEY in the environment, or EVALD_UPSTREAM_BASE_URL "
            "and, if that one wants a key, EVALD_UPSTREAM_API_KEY."
        )
    return None


def _end_tidily_on_signals() -> None:
    """A closed terminal and `kill` end the demo by way of its `finally`, which ends the server."""

    def leave(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)


def _print_what_can_be_printed() -> None:
    """What the terminal's encoding lacks becomes a question mark, not the demo's end."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
