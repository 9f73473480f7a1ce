"""Fixtures that read as sentences. One server for most tests; `own_server` for those that configure, stop or kill one.

CHAT4ALL_BINARY names the program (default build/release/chat4all). CHAT4ALL_E2E_SETTINGS gives every server of the run
further settings, one `key=value` a line. CHAT4ALL_E2E_URL with CHAT4ALL_E2E_ADMIN_KEY tests a server that already runs;
the tests that need one of their own are skipped then.
"""

import os
import secrets
from socket import SHUT_RDWR

import httpx
import pytest

import distributed
from chat import Socket, World
from server import BINARY, Server

ALLOWED_ORIGIN = "https://app.example"
OUTSIDE_URL = os.environ.get("CHAT4ALL_E2E_URL")


class OutsideServer:
    """A server that someone else runs: reached, never started or stopped."""

    def __init__(self, url, admin_key):
        self.url = url.rstrip("/")
        self.admin_key = admin_key
        self.port = httpx.URL(url).port
        self.http = httpx.Client(verify=False, trust_env=False, timeout=15)


def pytest_sessionfinish():
    distributed.drop_topics()


def new_admin_key():
    return "c4a_" + secrets.token_urlsafe(32)


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory):
    if OUTSIDE_URL:
        yield OutsideServer(OUTSIDE_URL, os.environ["CHAT4ALL_E2E_ADMIN_KEY"])
        return
    assert BINARY.exists(), f"{BINARY} is not there: build it, or set CHAT4ALL_BINARY"
    server = Server(tmp_path_factory.mktemp("shared"), new_admin_key(), {"server.allowed_origins": ALLOWED_ORIGIN})
    try:
        server.start()
        yield server
        assert server.process.poll() is None, f"the server ended by itself:\n{server.tail()}"
        assert server.stop() == 0, server.tail()
        sanitizers_are_silent(server)
    finally:
        server.close()


def sanitizers_are_silent(server):
    """A debug build tells of its own mistakes in the log."""
    for mark in ("ERROR: AddressSanitizer", "ERROR: LeakSanitizer", "WARNING: ThreadSanitizer", "runtime error:"):
        assert mark not in server.output(), server.tail(80)


@pytest.fixture(scope="session")
def world(shared_server):
    return World(shared_server)


@pytest.fixture
def server(world):
    return world.server


@pytest.fixture
def admin(world):
    return world.admin


@pytest.fixture
def users(world):
    """`alice, bob = users(2)`"""
    return world.users


@pytest.fixture
def private(world):
    """`conversation = private(alice, bob)`"""
    return world.private


@pytest.fixture
def group(world):
    """`conversation = group(alice, bob, carol)`; alice owns it"""
    return world.group


@pytest.fixture
def make_server(tmp_path):
    """A server not yet started, in a folder of its own; it is ended with the test."""
    if OUTSIDE_URL:
        pytest.skip("needs a server of its own")
    made = []

    def make(settings=None, admin_key="", **options):
        folder = tmp_path / f"server{len(made)}"
        folder.mkdir()
        key = new_admin_key() if admin_key == "" else admin_key
        made.append(Server(folder, key, settings, **options))
        return made[-1]

    yield make
    for server in made:
        server.close()
        sanitizers_are_silent(server)


@pytest.fixture
def own_server(make_server):
    """`world = own_server({"limits.sends_per_second_per_user": 5})`"""
    return lambda settings=None, **options: World(make_server(settings, **options).start())


@pytest.fixture(autouse=True)
def embedded_only(request):
    """`@pytest.mark.embedded("why")`: what only the embedded engines can show."""
    mark = request.node.get_closest_marker("embedded")
    if mark and distributed.ON:
        pytest.skip(mark.args[0])


@pytest.fixture(autouse=True)
def nothing_is_left_behind(request):
    """Closes the test's sockets, and blames the test that made the shared server end."""
    Socket.opened.clear()
    shared = request.getfixturevalue("shared_server") if "shared_server" in request.fixturenames else None
    yield
    for socket in Socket.opened:
        try:
            socket.connection.socket.shutdown(SHUT_RDWR)
        except OSError:
            pass
    if shared and not OUTSIDE_URL:
        assert shared.process.poll() is None, f"the server ended by itself:\n{shared.tail()}"
