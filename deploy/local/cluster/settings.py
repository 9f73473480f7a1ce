"""Where things are: the addresses of cluster.env, the folder of downloads, the folder of running servers."""

import os
import pathlib

HERE = pathlib.Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent

# Of one kind, the added ones included.
MAX_NODES = 8


class Problem(Exception):
    """Something the person at the keyboard can put right; its text is one sentence that says how."""


def read_env(path: pathlib.Path) -> dict[str, str]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


# Another file of addresses, such as a smaller set of servers beside these.
ENV = read_env(pathlib.Path(os.environ.get("CHAT4ALL_SERVERS_ENV") or HERE / "cluster.env"))


def cache_dir() -> pathlib.Path:
    """Downloads: kept between checkouts, safe to delete while nothing runs."""
    if chosen := os.environ.get("CHAT4ALL_CACHE"):
        return pathlib.Path(chosen).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base).absolute() / "chat4all"


def run_dir() -> pathlib.Path:
    """Data, logs and pid files of the running servers."""
    return pathlib.Path(os.environ.get("CHAT4ALL_SERVERS_DIR") or ROOT / "build" / "servers").absolute()


def address(text: str) -> tuple[str, int]:
    host, port = text.rsplit(":", 1)
    return host, int(port)
