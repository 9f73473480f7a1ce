"""`chat4all bench soak` beside the people: many more messages than Python clients can send and judge."""

import contextlib
import json
import subprocess

PAIRS = 24
CONNECT_SECONDS = 240
END_SECONDS = 900           # what is under way, and reading all histories
SLOWEST = 4                 # times as long as at the rate that was asked for


class Soak:
    """Sends from `start` until `stop`, and `messages` at least."""

    def __init__(self, binary, folder, servers, admin_key, rate, messages):
        self.result = folder / "soak.json"
        self.log = folder / "soak.log"
        self.command = [str(binary), "bench", "soak", "--servers", ",".join(f"127.0.0.1:{port}" for port in servers),
                        "--rate", str(rate), "--pairs", str(PAIRS), "--messages", str(messages),
                        "--seconds", "86400", "--json", str(self.result), "--admin-key", admin_key]
        self.sending_seconds = SLOWEST * messages / rate
        self.process = None

    def start(self):
        """Returns when its people are connected and talk."""
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        line = self.process.stdout.readline()
        if not line.startswith(b"soak:"):
            self.process.wait(CONNECT_SECONDS)
            raise RuntimeError(f"the soak did not begin: {line.decode()} {self.log.read_text()[-500:]}")

    def stop(self):
        """Waits until it has its messages; its figures, and what it complains about."""
        self.process.terminate()
        try:
            output, _ = self.process.communicate(timeout=self.sending_seconds + END_SECONDS / 3)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            output, _ = self.process.communicate(timeout=END_SECONDS)
        if not self.result.exists():
            return {}, [f"the soak ended with {self.process.returncode}: {self.log.read_text()[-500:]}"]
        report = json.loads(self.result.read_text())
        figures = {name: metric["value"] for name, metric in report["metrics"].items()}
        complaints = [f"soak: {sentence}" for sentence in report["checks"]["first"]]
        if self.process.returncode != 0 and not complaints:
            complaints = [f"the soak ended with {self.process.returncode}: {output.decode()[-500:]}"]
        return figures, complaints

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
