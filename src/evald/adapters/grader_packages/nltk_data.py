"""Data of nltk, which comes from its own server and not from the package index."""

from evald.adapters.grader_packages.environment import NLTK_FOLDER, Environment
from evald.adapters.grader_packages.programs import TOO_LATE, run_program

DOWNLOAD_S = 60.0
_DOWNLOAD = """
import socket, sys
socket.setdefaulttimeout(15)
import nltk
nltk.download(sys.argv[1], download_dir=sys.argv[2], quiet=True, raise_on_error=True)
"""


def download(environment: Environment, name: str) -> str | None:
    """Nothing, if the data is there now; else why not."""
    folder = environment.folder / NLTK_FOLDER
    command = [str(environment.interpreter), "-I", "-c", _DOWNLOAD, name, str(folder)]
    ran = run_program(command, DOWNLOAD_S)
    if ran.is_done:
        return None
    if ran.code == TOO_LATE:
        return f"It was not there within {DOWNLOAD_S:g} seconds."
    said = (ran.said.splitlines() or ["It ended without a word."])[-1].strip()
    return (said.partition(f"Error loading {name}: ")[2] or said).strip("<>")[:300]
