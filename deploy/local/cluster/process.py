"""Processes: started detached, remembered by a pid file, and never touched unless they are provably ours."""

import contextlib
import os
import pathlib
import signal
import socket
import subprocess
import time

from .settings import Problem


def command_line(pid: int) -> str:
    """Of a process; empty where there is none (or only a zombie)."""
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def stat_fields(pid: int) -> list[str]:
    """State, parent and so on of a process; empty where there is none."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(") ")[2].split()
    except OSError:
        return []


def ended(pid: int) -> bool:
    """Gone for good. A zombie's ports are open as long as one of its threads is still on the way out."""
    fields = stat_fields(pid)
    return not fields or (fields[0] in "ZX" and int(fields[17]) <= 1)


def family(pid: int) -> list[int]:
    """The process and all its descendants, parents first."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := stat_fields(int(entry))):
            parents.setdefault(int(fields[1]), []).append(int(entry))
    found = [pid]
    for one in found:
        found.extend(parents.get(one, []))
    return found


def rss_kib(pid: int) -> int:
    """Resident memory of one process. Pages that it shares with others count in full."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def require_free(addresses: list[tuple[str, int]], name: str) -> None:
    for host, port in addresses:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                raise Problem(f"{name} needs {host}:{port}, which another process uses: stop that one "
                              f"(`ss -ltnp 'sport = :{port}'` shows it) and start {name} again.") from None


def answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
        return True
    except OSError:
        return False


def run(command: list, **options) -> str:
    """Runs a program to its end and returns what it printed; a failure shows its last words."""
    try:
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, **options)
    except subprocess.TimeoutExpired:
        raise Problem(f"{command[0]} did not end in time.") from None
    if done.returncode != 0:
        tail = "\n".join(done.stdout.strip().splitlines()[-8:])
        raise Problem(f"{command[0]} failed with status {done.returncode}: {tail}")
    return done.stdout


class Process:
    """One detached process. `mark` is a path that stands in its command line and in no other process'."""

    def __init__(self, pid_file: pathlib.Path, mark: str):
        self.pid_file = pid_file
        self.mark = mark

    def pid(self) -> int:
        """0 where it does not run."""
        try:
            pid = int(self.pid_file.read_text())
        except (OSError, ValueError):
            return 0
        return pid if self.mark in command_line(pid) else 0

    def start(self, command: list, output: pathlib.Path, folder: pathlib.Path) -> None:
        with open(output, "wb") as log:
            child = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                     cwd=folder, start_new_session=True)
        self.pid_file.write_text(f"{child.pid}\n")
        child.returncode = 0  # It outlives us on purpose: without this, Python warns about it.
        # For an instant after exec a process has an empty command line, and would be taken for one that has ended.
        until = time.monotonic() + 5
        while not self.pid() and stat_fields(child.pid)[:1] not in ([], ["Z"]) and time.monotonic() < until:
            time.sleep(0.005)

    def paused(self) -> bool:
        return stat_fields(self.pid())[:1] == ["T"]

    def rss_mib(self) -> float:
        pid = self.pid()
        return sum(map(rss_kib, family(pid))) / 1024 if pid else 0.0

    def send(self, number: int, whole_family: bool = False) -> None:
        if pid := self.pid():
            for one in family(pid) if whole_family else [pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one, number)

    def end(self, number: int, timeout_s: float, whole_family: bool = False) -> bool:
        """Sends the signal, lets go on what was paused, and waits; says whether all of the family has ended."""
        pid = self.pid()
        members = family(pid) if pid else []
        self.send(number, whole_family)
        for one in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)
        until = time.monotonic() + timeout_s
        while not all(map(ended, members)):
            if time.monotonic() > until:
                return False
            time.sleep(0.02)
        if pid:
            self.reap(pid)
        self.pid_file.unlink(missing_ok=True)
        return True

    def stop(self, number: int, timeout_s: float) -> None:
        """Asks, waits, and kills what has not gone by then."""
        if not self.end(number, timeout_s):
            self.kill()

    def kill(self) -> None:
        self.end(signal.SIGKILL, 10, whole_family=True)

    @staticmethod
    def reap(pid: int) -> None:
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
