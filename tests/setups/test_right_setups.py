"""TLS, SASL and passwords to every server, with certificates that are verified."""

import pytest

from chat import World
from cluster.settings import ENV
from installation import postgres, until

PLAIN = {
    "passwords without TLS, where the network is trusted": {
        "cassandra.tls": False, "cassandra.ca_file": None, "redis.tls": False, "redis.ca_file": None,
        "redis.address": ENV["REDIS_NODES"], "postgres.connection": postgres(sslmode="disable"),
        "kafka.brokers": ENV["KAFKA_BROKERS"], "kafka.security": "plaintext", "kafka.ca_file": None,
    },
    "Sentinels with a password of their own": {
        "redis.address": None, "redis.sentinels": ENV["REDIS_SENTINELS"], "redis.master": ENV["REDIS_MASTER_NAME"],
        "redis.sentinel_password": ENV["REDIS_SENTINEL_PASSWORD"], "redis.tls": False, "redis.ca_file": None,
    },
}


def messages_go_through(server):
    world = World(server)
    alice, bob = world.users(2)
    conversation = world.private(alice, bob)
    first = alice.send(conversation, "hello")
    assert first["seq"] == 1
    assert [message["message_id"] for message in bob.history(conversation)] == [first["message_id"]]


def all_is_well(server):
    health = server.http.get(server.url + "/health").json()
    assert health["status"] == "ok", health
    assert set(health["dependencies"]) == {"log", "messages", "metadata", "presence"}
    assert all(one["latency_ms"] >= 0 for one in health["dependencies"].values())
    return health


def test_messages_go_through_tls_to_every_server(installation, started):
    server = started(installation)
    messages_go_through(server)
    until(lambda: all_is_well(server))


@pytest.mark.parametrize("settings", PLAIN.values(), ids=PLAIN.keys())
def test_messages_go_through_without_tls(installation, started, settings):
    server = started(installation, **settings)
    messages_go_through(server)
    until(lambda: all_is_well(server))


def test_a_gateway_and_a_router_apart_talk_through_tls(installation, started):
    gateway = started(installation, server__roles="gateway")
    router = started(installation, server__roles="router")
    messages_go_through(gateway)
    for server in (gateway, router):
        until(lambda server=server: all_is_well(server))
        assert "chat4all_log_up 1" in server.http.get(server.url + "/metrics").text
