"""`/health` names the server that is in trouble, says what is wrong with it, and how long it took to find out."""

import time

import pytest

from cluster.settings import ENV
from installation import until
from test_right_setups import all_is_well

# A node, the dependency it is, and what the detail must name.
HUNG = [("redis-1", "presence", ENV["REDIS_TLS_NODES"]), ("kafka-1", "log", ENV["KAFKA_TLS_BROKERS"]),
        ("cassandra-1", "messages", "Cassandra"), ("postgres-1", "metadata", "PostgreSQL")]


def health(server):
    begin = time.monotonic()
    answer = server.http.get(server.url + "/health")
    return answer.status_code, answer.json()["dependencies"], time.monotonic() - begin


def only_trouble(server, name, words):
    status, dependencies, took = health(server)
    assert status == 503, dependencies
    assert [one for one, state in dependencies.items() if state["status"] != "up"] == [name], dependencies
    assert words in dependencies[name]["detail"], dependencies
    assert dependencies[name]["latency_ms"] <= took * 1000
    return dependencies[name]


@pytest.mark.parametrize("node, dependency, words", HUNG, ids=[row[0] for row in HUNG])
def test_a_server_that_hangs_is_named_again_and_again(servers, installation, started, node, dependency, words):
    server = started(installation)
    until(lambda: all_is_well(server))
    servers[node].pause()
    try:
        until(lambda: only_trouble(server, dependency, words), seconds=20)
        for _ in range(2):
            time.sleep(2)
            only_trouble(server, dependency, words)
        # What hangs is waited for once, not once for each.
        assert health(server)[2] < 10
    finally:
        servers[node].resume()
    until(lambda: all_is_well(server), seconds=30)


def test_latencies_are_those_of_a_question_to_the_server(installation, started):
    server = started(installation)
    until(lambda: all_is_well(server))
    latencies = [all_is_well(server)["dependencies"]["presence"]["latency_ms"] for _ in range(5)]
    assert max(latencies) < 1000, latencies
