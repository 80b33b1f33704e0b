"""One call of `grade(sample, item)`: the source is run, and what became of it is reported."""

import io
import json
import linecache
import numbers
import os
import re
import sys
import sysconfig
import tempfile
import traceback
import types

from evald.adapters.sandbox.inside.report import (
    FAILED,
    FLOAT,
    MAX_DETAILS,
    MAX_STDOUT,
    MISSING,
    SCORE,
    STDOUT,
    Report,
)

FILE = "grader.py"
"""The name under which tracebacks show the source."""

MODULE = "grader"
LAST_LINES = 20

_NLTK_RESOURCE = re.compile(r"Resource\s+(?:\x1b\[\d+m)?'?([\w./-]+?)'?(?:\x1b\[\d+m)?\s+not found")
_IN_IMPORT = re.compile(
    r"Missing optional dependency '(?P<optional>[\w.-]+)'"  # as pandas says it
    r"|(?:-packages|lib-dynload)/(?P<package>\w+)[^:]*: failed to map segment"
)
_FOLDERS = tuple({sysconfig.get_path(name) for name in ("purelib", "platlib")})


class WrongResult(Exception):
    """The function is not there, or returned no finite number; the message says which."""


class FirstBytes(io.RawIOBase):
    """Takes all that is written; its first 4,096 bytes go into the report."""

    def __init__(self, report: Report) -> None:
        """Reports there."""
        super().__init__()
        self._report = report
        self._room = MAX_STDOUT

    def writable(self) -> bool:
        """That it is."""
        return True

    def write(self, piece: bytes) -> int:  # type: ignore[override]  # any buffer, as bytes
        """How many bytes were taken: all."""
        kept = bytes(piece[: self._room])
        if kept:
            self._room -= len(kept)
            self._report.write(STDOUT, kept)
        return len(piece)


def carry_out(payload: bytes, report: Report) -> None:
    """Reports the score, or why there is none; whatever the code raises ends here."""
    sys.stdout = io.TextIOWrapper(
        io.BufferedWriter(FirstBytes(report), 512), "utf-8", "backslashreplace", line_buffering=True
    )
    try:
        score = _score(**json.loads(payload))
    except BaseException as raised:  # noqa: BLE001 - foreign code may raise anything
        _flush()
        _report_failure(raised, report)
        return
    _flush()
    report.write(SCORE, FLOAT.pack(score))


def settle_in(scratch: str) -> None:
    """The scratch folder is home, current folder and the place of temporary files."""
    os.chdir(scratch)
    os.environ.clear()
    os.environ.update(HOME=scratch, TMPDIR=scratch, TZ="UTC", LANG="C.UTF-8", OMP_NUM_THREADS="1")
    tempfile.tempdir = scratch


def _score(source: str, sample: object, item: object) -> float:
    module = types.ModuleType(MODULE)
    module.__file__ = FILE
    sys.modules[MODULE] = module
    linecache.cache[FILE] = (len(source), None, source.splitlines(keepends=True), FILE)
    exec(compile(source, FILE, "exec"), module.__dict__)  # noqa: S102 - behind all the walls
    grade = getattr(module, "grade", None)
    if not callable(grade):
        raise WrongResult("The source defines no function 'grade(sample, item)'.")
    return _number(grade(sample, item))


def _number(value: object) -> float:
    if not isinstance(value, numbers.Real):
        kind = type(value).__name__[:100]
        raise WrongResult(f"'grade' returned a value of type {kind}; it must return a float.")
    score = float(value)
    if score - score != 0.0:  # so of NaN and both infinities, and of nothing else
        raise WrongResult(f"'grade' returned {score}; it must return a finite float.")
    return score


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BaseException:  # noqa: BLE001 - the code may have put anything in its place
        return


def _report_failure(raised: BaseException, report: Report) -> None:
    try:
        missing = _missing(raised)
        details = str(raised) if type(raised) is WrongResult else _last_lines(raised)
    except BaseException as again:  # noqa: BLE001 - an exception's own text is foreign code too
        missing, details = None, f"{type(raised).__name__}, and its text raised {type(again)}"
    if missing is not None:
        report.write(MISSING, missing.encode("utf-8", "backslashreplace")[:200])
    report.write(FAILED, details.encode("utf-8", "backslashreplace")[-MAX_DETAILS:])


def _last_lines(raised: BaseException) -> str:
    """The traceback's last lines, from the source's first frame on."""
    trace = raised.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != FILE:
        trace = trace.tb_next
    lines = "".join(traceback.format_exception(type(raised), raised, trace, limit=-8, chain=False))
    return "\n".join(lines.splitlines()[-LAST_LINES:])


def _missing(raised: BaseException | None) -> str | None:
    """The package or data file that is not installed, if that is what was raised."""
    if isinstance(raised, ModuleNotFoundError) and raised.name:
        package = raised.name.partition(".")[0]
        return raised.name if package in sys.modules else package
    if isinstance(raised, ImportError) and (found := _IN_IMPORT.search(str(raised))):
        return found["optional"] or found["package"]
    if type(raised) is LookupError:
        resource = _NLTK_RESOURCE.search(str(raised))
        return None if resource is None else f"NLTK data '{resource[1]}'"
    if isinstance(raised, FileNotFoundError) and str(raised.filename).startswith(_FOLDERS):
        return str(raised.filename)
    if isinstance(raised, ImportError):  # "Install openpyxl", says pandas while it is at an error
        return _missing(raised.__cause__ or raised.__context__)
    return None if raised is None else _missing(raised.__cause__)
