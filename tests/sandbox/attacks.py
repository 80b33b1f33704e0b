"""What hostile code tries: each source scores 1.0 where it gets through, and else raises."""

from textwrap import indent

_LIBC = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
_WRITABLE = """
import os
def _writable(fd):
    try:
        os.write(fd, b"")
    except OSError:
        return False
    return True
"""


def _attack(body: str, before: str = "") -> str:
    return f"{before}\ndef grade(sample, item):\n{indent(body.strip(), '    ')}\n    return 1.0\n"


ATTACKS: dict[str, str] = {
    "a socket": _attack("""
import socket
socket.create_connection(("127.0.0.1", item["tcp"]), timeout=5).close()
"""),
    "a name looked up over UDP": _attack("""
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(5)
    s.sendto(b"example.com?", ("127.0.0.1", item["udp"]))
    assert s.recv(100) == b"192.0.2.1"
"""),
    "a name looked up by the system": _attack("""
import socket
assert socket.getaddrinfo("localhost", 80)
"""),
    "a socket without an address in the file system": _attack("""
import socket
with socket.socket(socket.AF_UNIX) as s:
    s.connect("\\0evald-test-" + str(item["pid"]))
"""),
    "a datagram from a pair of sockets": _attack("""
import socket
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
a.send(b"x")
assert b.recv(1) == b"x"
"""),
    "/etc/passwd": _attack("""
assert "root" in open("/etc/passwd").read()
"""),
    "the root folder": _attack("""
import os
assert os.listdir("/")
"""),
    "the server's environment": _attack("""
assert "sk-very-secret" in open(f"/proc/{item['pid']}/environ").read()
"""),
    "the server's memory, as a file": _attack("""
with open(f"/proc/{item['pid']}/mem", "rb") as memory:
    memory.seek(item["address"])
    assert memory.read(14) == b"sk-very-secret"
"""),
    "the server's memory, by a call": _attack(
        """
there = ctypes.create_string_buffer(14)
ours = (ctypes.c_void_p * 2)(ctypes.addressof(there), 14)
theirs = (ctypes.c_void_p * 2)(item["address"], 14)
assert libc.process_vm_readv(item["pid"], ours, 1, theirs, 1, 0) == 14
assert there.raw == b"sk-very-secret"
""",
        _LIBC,
    ),
    "tracing the server": _attack(
        """
assert libc.ptrace(16, item["pid"], None, None) == 0  # PTRACE_ATTACH
os.waitpid(item["pid"], 0x40000000)
assert libc.ptrace(17, item["pid"], None, None) == 0  # PTRACE_DETACH
""",
        _LIBC,
    ),
    "being traced": _attack("assert libc.ptrace(0, 0, None, None) == 0", _LIBC),
    "the server's folder": _attack("""
import os
assert os.readlink(f"/proc/{item['pid']}/cwd")
"""),
    "another item's result": _attack("""
import os
with open(f"/proc/{item['pid']}/fd/{item['result']}", "r+b", buffering=0) as report:
    report.write(b"1.00")
    os.pwrite(report.fileno(), b"0.25", 0)
"""),
    "the server's database": _attack("""
assert open(item["database"]).read() == "sk-very-secret"
"""),
    "another item's scratch": _attack("""
assert open(item["other"]).read() == "sk-very-secret"
"""),
    "writing outside": _attack("""
open(item["outside"] + "/new", "w").write("x")
"""),
    "a folder outside": _attack("""
import os, uuid
os.mkdir(item["outside"] + "/" + uuid.uuid4().hex)
"""),
    "cutting a file outside": _attack("""
import os
os.truncate(item["outside"] + "/settings", 14)
"""),
    "emptying what may only be read": _attack("""
import os
open("copy", "w").write("x")  # of what may be read; a library is refused in the same way
os.close(os.open("copy", os.O_RDONLY | os.O_TRUNC))
assert os.stat("copy").st_size == 0
"""),
    "modes outside": _attack("""
import os
path = item["outside"] + "/settings"
os.chmod(path, 0o600)
changed = os.stat(path).st_mode & 0o777 == 0o600
os.chmod(path, 0o666)
assert changed
"""),
    "times outside": _attack("""
import os
path = item["outside"] + "/settings"
os.utime(path, (1, 1))
changed = os.stat(path).st_mtime == 1
os.utime(path)
assert changed
"""),
    "a symbolic link to a file": _attack("""
import os
os.symlink(item["database"], "link")
assert open("link").read() == "sk-very-secret"
"""),
    "a symbolic link to a folder": _attack("""
import os
os.symlink(item["outside"], "folder")
open("folder/new", "w").write("x")
"""),
    "a hard link": _attack("""
import os, tempfile
os.link(item["database"], os.path.join(os.path.dirname(item["database"]), os.urandom(8).hex()))
"""),
    "a new process": _attack("""
import os
pid = os.fork()
if pid == 0:
    os._exit(0)
os.waitpid(pid, 0)
"""),
    "a new process by another call": _attack(
        """
clone = 56 if os.uname().machine == "x86_64" else 220
pid = libc.syscall(clone, 17, 0, 0, 0, 0)
if pid == 0:
    os._exit(0)
assert pid > 0
os.waitpid(pid, 0)
""",
        _LIBC,
    ),
    "a shell": _attack("""
import subprocess
assert subprocess.run(["/bin/sh", "-c", "echo hi"], capture_output=True).stdout == b"hi\\n"
"""),
    "another program in one's place": _attack(
        """
import sys
code = "import os, struct; report = int(os.environ['R']);"
code += "os.write(report, struct.pack('<cI', b'S', 8) + struct.pack('<d', 1.0))"
report = next(fd for fd in range(3, 10) if _writable(fd))
os.set_inheritable(report, True)
os.execve(sys.executable, [sys.executable, "-c", code], {"R": str(report)})
""",
        _WRITABLE,
    ),
    "signals to the server": _attack("""
import os
os.kill(item["pid"], 0)
"""),
    "signals to the parent": _attack("""
import os
os.kill(os.getppid(), 0)
"""),
    "signals by way of a file": _attack("""
import fcntl, os, signal
r, w = os.pipe()
fcntl.fcntl(r, fcntl.F_SETOWN, item["pid"])
fcntl.fcntl(r, fcntl.F_SETSIG, 0)
"""),
    "a library it wrote": _attack("""
import ctypes, shutil
ctypes.CDLL(shutil.copyfile(item["library"], "mine.so") and "./mine.so")
"""),
    "machine code": _attack("""
import mmap
mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()
"""),
    "3 GB of memory": _attack("""
import mmap
mmap.mmap(-1, 3 << 30).close()
"""),
    "memory without a name": _attack("""
import os
os.close(os.memfd_create("more"))
"""),
    "a file of 2 GB": _attack("""
with open("huge", "wb") as file:
    file.seek((2 << 30) - 1)
    file.write(b"x")
"""),
    "all processors": _attack("""
import os
os.sched_setaffinity(0, os.sched_getaffinity(0))
"""),
    "limits of its own": _attack("""
import resource
soft, hard = resource.getrlimit(resource.RLIMIT_AS)
assert soft == resource.RLIM_INFINITY
"""),
    "machine code where callbacks lie": _attack(
        """
callback = ctypes.CFUNCTYPE(ctypes.c_int)(lambda: 7)
place = ctypes.cast(callback, ctypes.c_void_p).value
ctypes.memmove(place, b"\\x90\\x90\\x90\\x90", 4)
assert ctypes.string_at(place, 4) == b"\\x90\\x90\\x90\\x90"
""",
        _LIBC,
    ),
    "machine code by way of a file": _attack(
        """
place = ctypes.cast(libc.getpid, ctypes.c_void_p).value
with open("/proc/self/mem", "r+b", buffering=0) as memory:
    os.pwrite(memory.fileno(), ctypes.string_at(place, 1), place)
""",
        _LIBC,
    ),
    "another program, by its descriptor": _attack(
        """
import sys
code = "import os, struct; report = int(os.environ['R']);"
code += "os.write(report, struct.pack('<cI', b'S', 8) + struct.pack('<d', 1.0))"
report = next(fd for fd in range(3, 10) if _writable(fd))
os.set_inheritable(report, True)
program = os.open(sys.executable, os.O_RDONLY)
os.execve(program, [sys.executable, "-c", code], {"R": str(report)})
""",
        _WRITABLE,
    ),
    "a namespace of users": _attack("assert libc.unshare(0x10000000) == 0", _LIBC),
    "calls by way of io_uring": _attack(
        """
ring = libc.syscall(425, 4, ctypes.create_string_buffer(120))
assert ring >= 0
os.close(ring)
""",
        _LIBC,
    ),
    "faults that it handles itself": _attack(
        """
faults = libc.syscall(323 if os.uname().machine == "x86_64" else 282, 1)
assert faults >= 0
os.close(faults)
""",
        _LIBC,
    ),
    "shared memory of System V": _attack(
        """
shared = libc.shmget(0, 4096, 0o1600)
assert shared >= 0
libc.shmctl(shared, 0, None)
""",
        _LIBC,
    ),
    "a message queue of System V": _attack(
        """
queue = libc.msgget(0, 0o1600)
assert queue >= 0
libc.msgctl(queue, 0, None)
""",
        _LIBC,
    ),
    "a message queue": _attack(
        """
name, is_x86 = b"evald-test-%d" % os.getpid(), os.uname().machine == "x86_64"
queue = libc.syscall(240 if is_x86 else 180, name, os.O_CREAT | os.O_RDWR, 0o600, None)
assert queue >= 0
libc.syscall(241 if is_x86 else 181, name)
os.close(queue)
""",
        _LIBC,
    ),
    "a key ring": _attack(
        """
add_key = 248 if os.uname().machine == "x86_64" else 217
assert libc.syscall(add_key, b"user", b"evald", b"x", 1, -3) > 0
""",
        _LIBC,
    ),
    "watching a folder outside": _attack(
        """
watch = libc.inotify_init()
assert libc.inotify_add_watch(watch, item["outside"].encode(), 0xFFF) > 0
os.close(watch)
""",
        _LIBC,
    ),
    "signals by a descriptor": _attack("""
import os, signal
server = os.pidfd_open(item["pid"])
signal.pidfd_send_signal(server, 0)
os.close(server)
"""),
    "descriptors sent over a socket": _attack("""
import os, socket
a, b = socket.socketpair()
socket.send_fds(a, [b"x"], [0])
_, (descriptor,), _, _ = socket.recv_fds(b, 1, 1)
os.close(descriptor)
"""),
    "a terminal": _attack("""
import os
for each in os.openpty():
    os.close(each)
"""),
    "a lock on a file outside": _attack("""
import fcntl
with open(item["library"], "rb") as file, open(item["library"], "rb") as again:
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
        raise PermissionError("It is not locked.")
    except BlockingIOError:
        pass
"""),
    "disk in no time": _attack(
        """
with open("large", "wb") as file:
    keeping_its_size, size = 1, ctypes.c_long(16 << 20)
    assert libc.fallocate(file.fileno(), keeping_its_size, ctypes.c_long(0), size) == 0
    assert os.fstat(file.fileno()).st_blocks * 512 >= 16 << 20
""",
        _LIBC,
    ),
    "the server's priority": _attack("""
import os
os.setpriority(os.PRIO_PROCESS, item["pid"], os.getpriority(os.PRIO_PROCESS, item["pid"]))
"""),
    "the server's limits": _attack("""
import resource
resource.prlimit(item["pid"], resource.RLIMIT_NOFILE)
"""),
}
"""By what they are after. They do no harm: they show that they could."""

_NO_TRACING = "Processes of one user are kept from one another here."
DENIED_SOMEWHERE = {
    "the server's environment": _NO_TRACING,
    "the server's memory, as a file": _NO_TRACING,
    "the server's memory, by a call": _NO_TRACING,
    "tracing the server": _NO_TRACING,
    "being traced": _NO_TRACING,
    "the server's folder": _NO_TRACING,
    "another item's result": _NO_TRACING,
    "a library it wrote": "Files for passing use may not be executed here.",
    "machine code": "No memory may be both written to and executed here.",
    "machine code where callbacks lie": "libffi keeps callbacks where none can be written here.",
    "machine code by way of a file": "The kernel guards memory against its own process here.",
    "3 GB of memory": "The machine, or its limit on processes, is too small.",
    "a file of 2 GB": "The machine's limit on files, or its disk, is too small.",
    "disk in no time": "The file system cannot set space aside.",
    "limits of its own": "Processes have a limit on memory here anyway.",
    "a namespace of users": "Namespaces of users are forbidden here.",
    "calls by way of io_uring": "io_uring is switched off here.",
    "faults that it handles itself": "userfaultfd is switched off here.",
    "a key ring": "Keys are kept from processes here.",
    "a message queue": "Message queues are not there.",
    "shared memory of System V": "The kernel has no System V IPC.",
    "a message queue of System V": "The kernel has no System V IPC.",
    "signals by a descriptor": "Processes have no descriptors here.",
    "a socket without an address in the file system": "The system keeps abstract sockets apart.",
}
"""Attacks that some systems refuse to everybody, walls or none, and why."""
