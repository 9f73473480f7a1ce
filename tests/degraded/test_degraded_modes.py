"""Each degraded mode that docs/guide/operations.md names: what clients are told, what the metrics say, and that nothing is
lost when the server is back."""

import time

import pytest

from chat import new_id, text
from checks import eventually, ok, problem
from product_cluster import through

BACK_SECONDS = 60


def metric(server, name):
    for line in server.http.get(server.url + "/metrics").text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[-1])
    raise AssertionError(f"no metric {name}")


def dependency(server, name):
    """How /health names this dependency."""
    return server.http.get(server.url + "/health").json()["dependencies"][name]["status"]


def body(conversation, message_id, content="hello"):
    return {"conversation_id": conversation, "message_id": message_id, "payload": text(content)}


@pytest.fixture
def here(cluster):
    """The world of the first gateway, with everything healthy."""
    world = cluster.worlds[0]
    for server in cluster.gateways:
        eventually(lambda: server.http.get(server.url + "/health").status_code == 200, BACK_SECONDS, 0.2)
    return world


@pytest.fixture
def pair(here):
    alice, bob = here.users(2)
    conversation = here.private(alice, bob)
    repeat_until_decided(alice, [body(conversation, new_id(), "before")])
    return alice, bob, conversation


def repeat_until_decided(sender, requests):
    """Sends each again until its `seq` is told; the answers in the order of the requests."""
    def decided(request):
        answer = sender.post("/v1/messages", request)
        return answer.json() if answer.status_code in (200, 202) and "seq" in answer.json() else None
    return [eventually(lambda: decided(request), BACK_SECONDS, 0.1) for request in requests]


def contents(reader, conversation):
    items = sorted(reader.walk(f"/v1/conversations/{conversation}/messages"), key=lambda item: item["seq"])
    assert [item["seq"] for item in items] == [*range(1, len(items) + 1)]
    return [item["payload"]["text"] for item in items]


def test_without_the_log_sends_are_refused_and_reads_go_on(cluster, here, pair, outage):
    alice, bob, conversation = pair
    gateway = cluster.gateways[0]
    requests = [body(conversation, new_id(), f"number {n}") for n in range(5)]
    with outage("kafka-1", "kafka-2", "kafka-3"):
        eventually(lambda: metric(gateway, "chat4all_log_up") == 0, 30, 0.2)
        for request in requests:
            begun = time.monotonic()
            problem(alice.post("/v1/messages", request), 503)
            assert time.monotonic() - begun < 1, "a log that is known to be away refuses at once"
        assert [item["payload"]["text"] for item in bob.history(conversation)] == ["before"]
        assert dependency(gateway, "log") == "down"
        assert metric(gateway, "chat4all_log_refused_total") >= len(requests)
    answers = repeat_until_decided(alice, requests)
    assert [answer["seq"] for answer in answers] == [2, 3, 4, 5, 6]
    assert contents(bob, conversation) == ["before", *(f"number {n}" for n in range(5))]


def test_without_enough_copies_of_the_log_nothing_is_acknowledged(cluster, here, pair, outage):
    alice, bob, conversation = pair
    request = body(conversation, new_id(), "once")
    with outage("kafka-1", "kafka-2"):
        problem(alice.post("/v1/messages", request), 503)
        assert contents(bob, conversation) == ["before"]
    repeat_until_decided(alice, [request])
    assert contents(bob, conversation) == ["before", "once"]


def test_short_of_a_quorum_sends_are_accepted_and_drained_in_order(cluster, here, pair, outage):
    alice, bob, conversation = pair
    gateway = cluster.gateways[0]
    requests = [body(conversation, new_id(), f"number {n}") for n in range(5)]
    retries = sum(metric(router, "chat4all_router_retries_total") for router in cluster.routers)
    decided = body(conversation, new_id(), "decided before")
    first = ok(alice.post("/v1/messages", decided), 202)
    assert first["seq"] == 2
    with outage("cassandra-2", "cassandra-3"):
        repeat = ok(alice.post("/v1/messages", decided), 200)
        assert repeat["duplicate"] is True and repeat["created_at"] == first["created_at"], repeat
        problem(alice.post("/v1/messages", decided | {"payload": {"type": "text", "text": "another"}}), 409)
        accepted = [ok(alice.post("/v1/messages", request), 202) for request in requests]
        assert all("seq" not in answer and answer["status"] == "SENT" for answer in accepted), accepted
        problem(bob.get(f"/v1/conversations/{conversation}/messages"), 503)
        eventually(lambda: dependency(gateway, "messages") == "down", 30, 0.2)
        eventually(lambda: sum(metric(router, "chat4all_router_retries_total") for router in cluster.routers) > retries, 30)
    # What clients did not repeat is there as well: the log has it.
    eventually(lambda: bob.get(f"/v1/conversations/{conversation}/messages").status_code == 200 and
               len(bob.history(conversation, limit=50)) == 7, BACK_SECONDS, 0.2)
    assert contents(bob, conversation) == ["before", "decided before", *(f"number {n}" for n in range(5))]
    for request in requests:
        assert ok(alice.post("/v1/messages", request), 200)["duplicate"] is True


def test_one_node_of_the_store_away_is_not_noticed(cluster, here, pair, outage):
    alice, bob, conversation = pair
    with outage("cassandra-3"):
        for number in range(10):
            ok(alice.post("/v1/messages", body(conversation, new_id(), f"number {number}")), 202)
            assert bob.get(f"/v1/conversations/{conversation}/messages").status_code == 200
    eventually(lambda: len(bob.history(conversation, limit=50)) == 11, BACK_SECONDS)
    assert contents(bob, conversation) == ["before", *(f"number {n}" for n in range(10))]


def test_without_metadata_those_who_are_known_go_on(cluster, here, pair, outage):
    alice, bob, conversation = pair
    gateway = cluster.gateways[0]
    phone = bob.connect("phone")
    ok(alice.get("/v1/conversations"))
    with outage("postgres-1"):
        for number in range(5):
            sent = ok(alice.post("/v1/messages", body(conversation, new_id(), f"number {number}")), 202)
            assert phone.expect_message(sent["message_id"])
        assert len(bob.history(conversation)) == 6
        problem(here.admin.post("/v1/users", {"user_id": here.fresh_name()}), 503)
        problem(here.nobody.post("/auth/token", {"grant_type": "password", "username": alice.id, "password": "x" * 12}), 503)
        eventually(lambda: dependency(gateway, "metadata") == "down", 10, 0.2)
    eventually(lambda: here.admin.post("/v1/users", {"user_id": here.fresh_name()}).status_code == 201, BACK_SECONDS, 0.2)


def test_without_redis_messages_are_found_in_the_store_and_presence_heals(cluster, here, pair, outage):
    alice, bob, conversation = pair
    gateway = cluster.gateways[1]
    phone = through(cluster, bob, 1).connect("phone")
    phone.expect("message")
    with outage("redis-1", "redis-2"):
        eventually(lambda: metric(gateway, "chat4all_bus_up") == 0, 10, 0.1)
        for number in range(5):
            ok(alice.post("/v1/messages", body(conversation, new_id(), f"number {number}")), 202)
        assert [message["payload"]["text"] for message in phone.messages(5, 20)] == [f"number {n}" for n in range(5)]
        assert dependency(gateway, "presence") == "down"
    eventually(lambda: metric(gateway, "chat4all_bus_up") == 1, BACK_SECONDS, 0.1)
    eventually(lambda: ok(alice.get(f"/v1/presence/{bob.id}"))["status"] == "online", BACK_SECONDS, 0.2)
    sent = alice.send(conversation, "live again")
    assert phone.expect_message(sent["message_id"])["seq"] == 7


def test_another_redis_becomes_master_and_nothing_is_lost(cluster, here, pair, outage):
    alice, bob, conversation = pair
    phone = through(cluster, bob, 1).connect("phone")
    phone.expect("message")
    master = next(name for name in ("redis-1", "redis-2") if "master of" in outage.servers[name].detail())
    with outage(master):
        until = time.monotonic() + 15
        number = 0
        while time.monotonic() < until:
            number += 1
            ok(alice.post("/v1/messages", body(conversation, new_id(), f"number {number}")), 202)
            time.sleep(0.2)
        news = phone.messages(number, 20)
    assert [message["payload"]["text"] for message in news] == [f"number {n}" for n in range(1, number + 1)]


def test_without_a_router_sends_wait_in_the_log(cluster, here, pair):
    alice, bob, conversation = pair
    for router in cluster.routers:
        router.kill()
    try:
        requests = [body(conversation, new_id(), f"number {n}") for n in range(5)]
        for request in requests:
            answer = ok(alice.post("/v1/messages", request), 202)
            assert "seq" not in answer
        assert contents(bob, conversation) == ["before"]
    finally:
        for router in cluster.routers:
            router.start()
    eventually(lambda: len(bob.history(conversation, limit=50)) == 6, BACK_SECONDS, 0.1)
    assert contents(bob, conversation) == ["before", *(f"number {n}" for n in range(5))]
