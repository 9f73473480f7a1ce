"""What all kinds of servers share: one node, its folder, its process, and how one waits for it."""

import pathlib
import shutil
import signal
import socket
import time

from . import tls
from .process import Process, require_free
from .settings import Problem, run_dir


class Server:
    """A node. Kinds override the part that says `kind`."""

    kind = ""
    stop_signal = signal.SIGTERM
    stop_timeout_s = 20.0
    # A kill at the end of the day loses nothing of such a server, and saves seconds.
    killed_on_down = False

    def __init__(self, number: int, folder: pathlib.Path | None = None):
        self.number = number
        self.name = f"{self.kind}-{number}"
        self.dir = folder or run_dir() / self.name
        self.process = Process(self.dir / "pid", f"{self.dir}/")

    # ---- what a kind says

    @classmethod
    def fetch(cls, say) -> None:
        """Gets what the kind needs before its first start; `say` takes a line of progress."""

    def addresses(self) -> list[tuple[str, int]]:
        """Everything it listens on, the clients' address first."""
        raise NotImplementedError

    def configure(self) -> None:
        """Writes its files into `dir`; called before every start."""
        raise NotImplementedError

    def command(self) -> list:
        raise NotImplementedError

    def problem(self) -> str:
        """What is still missing until it is healthy; empty where nothing is. Waits two seconds at most, or so."""
        raise NotImplementedError

    def tls_address(self) -> tuple[str, int] | None:
        """Where it speaks TLS from the first byte on, with `--tls`; None where it does not."""
        return None

    def settle(self) -> None:
        """Called again and again while it is waited for: what only a running server can be given. Fails in silence."""

    def detail(self) -> str:
        """A word about its role, for the table."""
        return ""

    # ---- the same for all

    @property
    def log(self) -> pathlib.Path:
        return self.dir / "server.log"

    @property
    def address(self) -> str:
        return "%s:%d" % self.addresses()[0]

    def pid(self) -> int:
        return self.process.pid()

    def start(self) -> None:
        """Starts it unless it runs. Returns at once; wait_healthy() waits."""
        if self.pid():
            return
        require_free(self.addresses(), self.name)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.configure()
        self.process.start(self.command(), self.dir / "output.log", self.dir)

    def wait_healthy(self, timeout_s: float = 120, say=None) -> float:
        """Returns the seconds it took. `say` is told every few seconds what is being waited for."""
        begin = time.monotonic()
        told = begin
        while missing := self.missing():
            self.settle()
            now = time.monotonic()
            if not self.pid():
                raise Problem(f"{self.name} ended while starting: {self.last_words()} (see {self.dir}).")
            if now - begin > timeout_s:
                raise Problem(f"{self.name} is not healthy after {timeout_s:.0f} s: {missing} (see {self.log}).")
            if say and now - told >= 5:
                told = now
                say(f"{self.name:<12} {now - begin:5.1f} s  waiting: {missing}")
            time.sleep(0.2)
        return time.monotonic() - begin

    def missing(self) -> str:
        """What is still missing until it is healthy, TLS included."""
        where = self.tls_address() if tls.on() else None
        return self.problem() or (tls.problem(*where) if where else "")

    def last_words(self) -> str:
        for path in (self.dir / "output.log", self.log):
            if path.exists() and (lines := path.read_text(errors="replace").strip().splitlines()):
                return lines[-1][:300]
        return "it said nothing"

    def stop(self) -> None:
        """An orderly end."""
        self.process.stop(self.stop_signal, self.stop_timeout_s)

    def kill(self) -> None:
        """SIGKILL, as a crash: what the server had only in its own memory is gone."""
        self.process.kill()

    def pause(self) -> None:
        """SIGSTOP: connections stay open, nothing answers."""
        self.process.send(signal.SIGSTOP, whole_family=True)

    def resume(self) -> None:
        self.process.send(signal.SIGCONT, whole_family=True)

    def wipe(self) -> None:
        """Kills it and deletes its data."""
        self.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    def health(self) -> str:
        """`healthy`, `down`, `paused`, or what is wrong."""
        if not self.pid():
            return "down"
        return "paused" if self.process.paused() else self.missing() or "healthy"


def connect(host: str, port: int) -> socket.socket:
    return socket.create_connection((host, port), timeout=2)


def receive(connection: socket.socket, size: int) -> bytes:
    """Exactly `size` bytes; OSError where the other side ends before."""
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise OSError("the connection was closed")
        data += part
    return data
