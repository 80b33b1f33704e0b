"""The command line: one verb each, whose module is loaded when it is called."""

import argparse
import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Final

VERBS: Final[dict[str, tuple[str, str]]] = {
    "serve": ("evald.cli.serve", "run the server"),
    "worker": ("evald.cli.worker", "carry out runs of a shared database beside the server"),
    "demo": ("evald.cli.demo.verb", "see a real eval created, run and reported"),
    "rescue": ("evald.cli.rescue", "bring a project's evals home from a hosted API"),
    "import": ("evald.cli.import_archive", "bring an archive into a data folder"),
    "logs": ("evald.cli.logs", "keep completions, responses and spans from elsewhere as logs"),
    "backup": ("evald.cli.backup", "copy a data folder, also beside a running server"),
    "restore": ("evald.cli.restore", "make a data folder of a backup"),
    "migrate": ("evald.cli.migrate", "bring a database to this version's schema"),
    "keys": ("evald.cli.keys", "create, list and revoke API keys"),
    "graders": ("evald.cli.graders", "install the packages that python graders may import"),
    "doctor": ("evald.cli.doctor", "check settings, machine, data and providers"),
}
"""Each verb's module, which has `add_arguments(parser)` and `run(args)`, and its sentence."""

BAD_USAGE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code of the verb: 0 if it did what was asked, 2 for a call that makes no sense."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] not in VERBS:
        _top_parser().parse_args(given or ["--help"])
        return BAD_USAGE
    module_name, sentence = VERBS[given[0]]
    module = _loaded(module_name)
    parser = argparse.ArgumentParser(
        prog=f"evald {given[0]}", description=_sentence(sentence), allow_abbrev=False
    )
    module.add_arguments(parser)
    code: int = module.run(parser.parse_args(given[1:]))
    return code


def _loaded(module_name: str) -> ModuleType:
    """The verb's module.

    Loading makes very many objects and hardly any garbage, and looking for that took a seventh of
    a server's time to start (measured 2026-11).
    """
    gc.disable()
    try:
        return import_module(module_name)
    finally:
        gc.freeze()  # what is loaded stays, so that later looks leave it out too
        gc.enable()


def _top_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evald",
        description="OpenAI's Evals API on one's own machine.",
        epilog="`evald VERB --help` tells more of each.",
    )
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    for name, (_, sentence) in VERBS.items():
        verbs.add_parser(name, help=sentence)
    return parser


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."
