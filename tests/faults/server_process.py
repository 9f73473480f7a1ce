"""`chat4all serve` as a process that is started, watched, killed and started again."""

import os
import random
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

START_SECONDS = 60
SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:")
SETTINGS = {"limits.sends_per_second_per_user": "0", "auth.access_token_seconds": "86400"}


class NotServing(Exception):
    """The server did not come up, or was gone when it should have been there."""


def free_port():
    """A port below the range that outgoing connections use, so that none of them takes it between two starts."""
    while True:
        port = random.randint(12000, 31000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def variable(key):
    return "CHAT4ALL_" + key.replace(".", "__").upper()


class ServerProcess:
    user_prefix = "user"

    def __init__(self, binary, data, log, admin_key, extra_environment=None):
        self.binary = str(binary)
        self.data = Path(data)
        self.log = Path(log)
        self.admin_key = admin_key
        self.extra_environment = dict(extra_environment or {})
        self.port = free_port()
        self.process = None
        self.log_begins = 0

    def pick_port(self):
        """Where the next connection goes."""
        return self.port

    def environment(self):
        result = {name: value for name, value in os.environ.items() if not name.startswith("CHAT4ALL_")}
        result |= {variable(key): value for key, value in SETTINGS.items()}
        result["CHAT4ALL_ADMIN_KEY"] = self.admin_key
        return result | self.extra_environment

    def launch(self):
        """Executes the program without waiting until it serves."""
        self.log_begins = self.log.stat().st_size if self.log.exists() else 0
        command = [self.binary, "serve", "--listen", f"127.0.0.1:{self.port}", "--data", str(self.data)]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                            cwd=self.log.parent, env=self.environment())

    def start(self):
        """Starts, and answers the seconds from the execution until /health/ready was answered 200."""
        begun = time.monotonic()
        self.launch()
        while time.monotonic() < begun + START_SECONDS:
            if self.process.poll() is not None:
                raise NotServing(f"the server ended with {self.process.returncode} at its start: {self.last_words()}")
            if self.answers_ready():
                return time.monotonic() - begun
            time.sleep(0.001)
        self.kill()
        raise NotServing(f"the server was not ready within {START_SECONDS} s: {self.last_words()}")

    def answers_ready(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                return connection.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """SIGKILL; an error if there was nothing left to kill."""
        code = self.process.poll()
        if code is not None:
            raise NotServing(f"the server had ended by itself with {code}: {self.last_words()}")
        self.process.kill()
        self.process.wait()

    def freeze(self):
        """SIGSTOP, until no thread runs any more; one that waits for the disk may go on waiting."""
        self.process.send_signal(signal.SIGSTOP)
        deadline = time.monotonic() + 5
        while set(self.thread_states()) - set("tTD") and time.monotonic() < deadline:
            time.sleep(0.0005)

    def thread_states(self):
        for status in Path(f"/proc/{self.process.pid}/task").glob("*/stat"):
            yield status.read_text().rpartition(")")[2].split()[0]

    def wait_end(self, seconds):
        """The exit code, or None if it still runs then."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def terminate(self, seconds=10):
        """SIGTERM, and the exit code; None if the server was still there after `seconds`."""
        self.process.send_signal(signal.SIGTERM)
        return self.wait_end(seconds)

    def close(self):
        if self.running:
            self.process.kill()
            self.process.wait()

    def output(self):
        """What it wrote since it was last started."""
        if not self.log.exists():
            return ""
        with open(self.log, "rb") as log:
            log.seek(self.log_begins)
            return log.read().decode(errors="replace")

    def last_words(self, lines=4):
        return " | ".join(self.output().strip().splitlines()[-lines:])[-1500:] or "it wrote nothing"

    def sanitizer_complaint(self):
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        found = SANITIZER.search(text)
        return text[found.start():found.start() + 2000] if found else None
