"""One small server of each kind, with TLS and passwords, started for these tests alone and wiped after them.

CHAT4ALL_BINARY names the program (default build/live/chat4all). CHAT4ALL_SETUPS_KEEP=1 leaves the servers running, for the
next run.
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
# Before anything reads the addresses or the environment's names.
os.environ["CHAT4ALL_SERVERS_ENV"] = str(HERE / "servers.env")
# Never the folder of other servers, which may be named in the environment: all in it is wiped.
os.environ["CHAT4ALL_SERVERS_DIR"] = os.environ.get("CHAT4ALL_SETUPS_DIR", str(REPOSITORY / "build/servers-setups"))
os.environ.setdefault("CHAT4ALL_BINARY", str(REPOSITORY / "build/live/chat4all"))
os.environ.pop("CHAT4ALL_E2E_PROFILE", None)  # its servers are others
for folder in (HERE.parent / "e2e", REPOSITORY / "deploy/local"):
    sys.path.append(str(folder))

import pytest  # noqa: E402

from installation import Installation  # noqa: E402
from servers import Servers, silence  # noqa: E402


@pytest.fixture(scope="session")
def servers():
    servers = Servers(report=silence)
    servers.up(with_tls=True)
    yield servers
    if not os.environ.get("CHAT4ALL_SETUPS_KEEP"):
        servers.down(wipe=True)


@pytest.fixture(scope="session")
def installation(servers, tmp_path_factory):
    """What `chat4all migrate` has prepared, through TLS everywhere."""
    made = Installation(tmp_path_factory.mktemp("installation"))
    made.migrate()
    return made


@pytest.fixture
def started(servers):
    """`server = started(installation)`: ended with the test."""
    running = []

    def start(installation, **settings):
        running.append(installation.server(settings))
        return running[-1].start()

    yield start
    # In order, so that the next one gets the partitions at once.
    for server in running:
        if server.process and server.process.poll() is None:
            server.stop()
        server.close()
