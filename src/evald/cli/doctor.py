"""`evald doctor`: says whether evald can serve as it is set, and what to do where it cannot."""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from evald.assembly.checkup.all_checks import check_up
from evald.assembly.checkup.finding import Finding, State
from evald.cli.lasting import LISTENING, PLACES, add_flags
from evald.settings import SettingsInvalid, load_settings

SIGNS: Final = {State.OK: "+", State.NOTE: "!", State.PROBLEM: "x"}
LONGEST = 600
"""So many characters of a message are shown on its line."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The places that `evald serve` is told, and two flags of its own."""
    add_flags(parser, LISTENING | PLACES)
    parser.add_argument("--call", action="store_true", help="ask each provider for its models")
    parser.add_argument("--json", action="store_true", help="print a list of objects")


def run(args: argparse.Namespace) -> int:
    """0 without any problem, 1 with one, 2 if the settings cannot be read."""
    try:
        settings = load_settings(os.environ, vars(args))
    except SettingsInvalid as problem:
        print(f"evald: {problem}", file=sys.stderr)
        if args.json:
            _print_json([Finding("settings", State.PROBLEM, str(problem), "Set what is right.")])
        return 2
    found = check_up(settings, os.environ, with_calls=args.call)
    if args.json:
        _print_json(found)
    else:
        _print_lines(found)
    return 1 if any(each.state is State.PROBLEM for each in found) else 0


def _print_json(found: Sequence[Finding]) -> None:
    print(json.dumps([asdict(each) for each in found], indent=2))


def _print_lines(found: Sequence[Finding]) -> None:
    width = max(len(each.check) for each in found)
    for each in found:
        words = f"{_shown(each.message)} {_shown(each.advice)}".rstrip()
        print(f"{SIGNS[each.state]} {each.state:7}  {_shown(each.check):{width}}  {words}")
    counts = Counter(each.state for each in found)
    print(f"Problems: {counts[State.PROBLEM]}. Notes: {counts[State.NOTE]}.")


def _shown(text: str) -> str:
    """The text on one line, cut short, without what a terminal would obey."""
    line = " ".join(text.split())
    line = line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
    return "".join(sign if sign.isprintable() else "?" for sign in line)
