"""Where a process that gives no answer stands: the state and the stack of each thread, what waits in its sockets, and
whether the machine waits for its disk."""

import shutil
import subprocess
import time
from pathlib import Path

TOOL_SECONDS = 20


def text_of(path):
    try:
        return Path(path).read_text(errors="replace").strip()
    except OSError as error:
        return f"({error.strerror})"


def threads(pid):
    """For each its name, its state and the system call it is in (proc(5)); S waits for an event, D for the disk."""
    for task in sorted(Path(f"/proc/{pid}/task").glob("*")):
        state = text_of(task / "stat").rpartition(")")[2].split()[:1]
        yield f"{task.name} {text_of(task / 'comm')} {''.join(state)} {text_of(task / 'syscall')}"


def stacks(pid):
    if not shutil.which("eu-stack"):
        return "eu-stack is not installed (elfutils)"
    try:
        done = subprocess.run(["eu-stack", "-p", str(pid)], capture_output=True, text=True, timeout=TOOL_SECONDS)
    except subprocess.TimeoutExpired:
        return f"eu-stack did not end in {TOOL_SECONDS} s"
    return done.stdout + done.stderr


def sockets(port):
    """The lines of /proc/net/tcp with this port at either end: among them are the bytes that nobody has read yet."""
    return [line for line in text_of("/proc/net/tcp").splitlines()[1:] if f":{port:04X} " in line]


def waiting_for_disk():
    for status in Path("/proc").glob("[0-9]*/stat"):
        begin, _, end = text_of(status).rpartition(")")
        if end.split()[:1] == ["D"]:
            yield f"{begin})"


def look(pid, port):
    """All of it as one text; the states first, as eu-stack stops the process."""
    return "\n".join([
        f"Process {pid} at {time.strftime('%H:%M:%S')}", *threads(pid),
        "Sockets:", *sockets(port),
        "Waiting for the disk:", *waiting_for_disk(), text_of("/proc/pressure/io"), text_of("/proc/loadavg"),
        "Stacks:", stacks(pid)]) + "\n"
