import contextlib
import dataclasses
import json
import os
import pathlib
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 20
STOP_SECONDS = 15


@dataclasses.dataclass
class RunningServer:
    url: str
    admin_key: str

    def request(self, method: str, path: str, body=None, act_as: str | None = None):
        """Answers the JSON of a 2xx; raises urllib.error.HTTPError otherwise."""
        headers = {"Authorization": f"Bearer {self.admin_key}", "Content-Type": "application/json"}
        if act_as is not None:
            headers["X-Act-As"] = act_as
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as response:
            text = response.read()
        return json.loads(text) if text else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_alive(process: subprocess.Popen, url: str, log: pathlib.Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"the server ended with {process.returncode}:\n{log.read_text(errors='replace')}")
        with contextlib.suppress(OSError):
            with urllib.request.urlopen(f"{url}/health/live", timeout=1):
                return
        time.sleep(0.05)
    pytest.fail(f"the server did not answer within {START_SECONDS} s:\n{log.read_text(errors='replace')}")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    binary = pathlib.Path(os.environ.get("CHAT4ALL_BINARY", ROOT / "build" / "release" / "chat4all")).resolve()
    if not binary.exists():
        pytest.skip(f"there is no {binary}: build it, or name another in CHAT4ALL_BINARY")
    folder = tmp_path_factory.mktemp("chat4all")
    admin_key = os.environ.get("CHAT4ALL_ADMIN_KEY") or "c4a_" + secrets.token_hex(24)
    port = free_port()
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [binary, "serve", "--listen", f"127.0.0.1:{port}", "--data", folder / "data"],
            cwd=folder,
            env={**os.environ, "CHAT4ALL_ADMIN_KEY": admin_key},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_alive(process, url, log)
        yield RunningServer(url, admin_key)
        assert process.poll() is None, f"the server ended by itself:\n{log.read_text(errors='replace')[-20000:]}"
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            pytest.fail(f"the server did not stop within {STOP_SECONDS} s of SIGTERM")
