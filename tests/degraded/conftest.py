"""A small cluster of the product on the servers of deploy/local, and those servers to break. The client is the one of
tests/e2e."""

import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY / "tests/e2e"), str(REPOSITORY / "deploy/local")]

import distributed  # noqa: E402
from product_cluster import Cluster  # noqa: E402
from servers import Servers, silence  # noqa: E402

HEALTHY_AGAIN_SECONDS = 90


def pytest_collection_modifyitems(items):
    if not distributed.ON:
        for item in items:
            item.add_marker(pytest.mark.skip(reason="needs the servers: make test-live"))


def pytest_sessionfinish():
    distributed.drop_topics()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"), settings={"server.decision_wait_ms": 2000})
    try:
        yield cluster.start()
    finally:
        cluster.close()


class Outage:
    """`with outage("kafka-1", "kafka-2"):` SIGKILL, and back to health at the end, whatever the test found."""

    def __init__(self):
        self.servers = Servers(report=silence)

    @contextmanager
    def __call__(self, *names):
        nodes = [self.servers[name] for name in names]
        for node in nodes:
            node.kill()
        try:
            yield
        finally:
            self.servers.start(nodes)


@pytest.fixture(scope="session")
def outage():
    return Outage()
