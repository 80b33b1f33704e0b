"""After it, no page of a process can be both written to and executed."""

import subprocess
import sys
from pathlib import Path

import pytest

import evald

CODE = """
import ctypes, mmap, os, sys
sys.path.insert(0, sys.argv[1])
from evald.adapters.sandbox.inside.executable import make_fast
every = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
try:
    own = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=every)
    file = os.memfd_create("code")
    os.ftruncate(file, 4096)
    shared = mmap.mmap(file, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC)
except OSError:
    sys.exit(77)
def open_pages():
    rights = [line.split()[1] for line in open("/proc/self/maps")]
    return [each for each in rights if "x" in each and ("w" in each or "s" in each)]
before = len(open_pages())
make_fast()
print(before >= 2, open_pages(), own[0], shared[0])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="What confines code is Linux's.")
def test_what_can_be_written_to_is_not_executed() -> None:
    package = str(Path(evald.__path__[0]).parent)

    ran = subprocess.run(
        [sys.executable, "-I", "-c", CODE, package], capture_output=True, text=True, check=False
    )

    if ran.returncode == 77:
        pytest.skip("This machine allows no such pages in the first place.")
    assert (ran.stdout, ran.stderr) == ("True [] 0 0\n", "")
