"""The server under test as a process: started, watched, stopped and killed from outside."""

import os
import random
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx

import distributed

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("CHAT4ALL_BINARY", REPOSITORY / "build/release/chat4all")).resolve()
START_SECONDS = 30


def free_port():
    """A port below the range that outgoing connections use, so that none of them takes it first."""
    while True:
        port = random.randint(18000, 31000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def variable(key):
    """The environment name of a configuration key: `limits.body_bytes` → `CHAT4ALL_LIMITS__BODY_BYTES`."""
    return "CHAT4ALL_" + key.replace(".", "__").upper()


def environment(settings=None, extra=None):
    """The environment of a child: ours without any CHAT4ALL_ of its own, the profile's settings, then the test's."""
    result = {name: value for name, value in os.environ.items() if not name.startswith("CHAT4ALL_")}
    for key, value in {**profile_settings(), **(settings or {})}.items():
        result[variable(key)] = str(value).lower() if isinstance(value, bool) else str(value)
    result.update(extra or {})
    return result


def profile_settings():
    """What every server of this run gets besides: `key=value`, one a line, in CHAT4ALL_E2E_SETTINGS."""
    lines = os.environ.get("CHAT4ALL_E2E_SETTINGS", "").splitlines()
    return dict(line.strip().split("=", 1) for line in lines if "=" in line)


def command(*arguments, settings=None, extra=None, stdin="", cwd=None, timeout=30):
    """Runs `chat4all arguments…` to its end."""
    return subprocess.run([str(BINARY), *map(str, arguments)], input=stdin, text=True, capture_output=True, cwd=cwd,
                          timeout=timeout, env=environment(settings, extra))


class Server:
    """One `chat4all serve` with a data directory of its own. `start` may be called again after `stop` or `kill`.
    On the distributed profile `beside` makes it one more process of another server's installation."""

    def __init__(self, folder, admin_key, settings=None, extra=None, config=None, tls=False, beside=None):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.log = self.folder / "server.log"
        self.admin_key = admin_key
        self.owns_installation = distributed.ON and beside is None
        self.installation = beside.installation if beside else distributed.settings() if distributed.ON else {}
        self.settings = {**self.installation, **(settings or {})}
        self.migrated = not self.owns_installation
        self.extra = dict(extra or {})
        self.config = config
        self.flags = []  # further ones of `serve`
        self.scheme = "https" if tls else "http"
        self.port = None
        self.process = None
        self.http = httpx.Client(verify=False, trust_env=False, timeout=40 if distributed.ON else 15,
                                 limits=httpx.Limits(max_connections=200, max_keepalive_connections=50))

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def arguments(self):
        flags = ["--listen", f"127.0.0.1:{self.port}", "--data", str(self.data)]
        if self.config:
            flags += ["--config", str(self.config)]
        return flags + self.flags

    def launch(self):
        """Starts the process without waiting until it serves."""
        self.migrate()
        self.port = self.port or free_port()
        extra = dict(self.extra)
        if self.admin_key:
            extra["CHAT4ALL_ADMIN_KEY"] = self.admin_key
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([str(BINARY), "serve", *self.arguments()], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=subprocess.STDOUT, cwd=self.folder,
                                            env=environment(self.settings, extra))
        return self

    def migrate(self):
        """Topics and tables are made by hand, once; the embedded engines do it by themselves."""
        if not self.migrated:
            with distributed.one_at_a_time():
                done = self.command("migrate")
            assert done.returncode == 0, done.stderr
            self.migrated = True

    def start(self):
        self.launch()
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{self.tail()}"
            try:
                if self.http.get(self.url + "/health/ready").status_code == 200:
                    return self
            except httpx.TransportError:
                pass
            time.sleep(0.02)
        self.kill()
        raise AssertionError(f"the server was not ready after {START_SECONDS} s:\n{self.tail()}")

    def stop(self, seconds=15):
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not end within {seconds} s of SIGTERM:\n{self.tail()}")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def restart(self):
        assert self.stop() == 0, self.tail()
        return self.start()

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        self.http.close()
        if self.owns_installation:
            distributed.drop(self.installation)

    def command(self, *arguments, stdin="", timeout=30):
        """A command of the command line on this server's data, beside it or without it."""
        flags = ["--data", str(self.data)] + (["--config", str(self.config)] if self.config else [])
        return command(*arguments, *flags, settings=self.settings, stdin=stdin, cwd=self.folder,
                       timeout=timeout)

    def output(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self, lines=30):
        return "\n".join(self.output().splitlines()[-lines:])
