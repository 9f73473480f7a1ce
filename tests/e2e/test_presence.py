"""§6: presence over REST."""

import pytest

from checks import eventually, invalid, is_time, ok, problem, same_refusal


@pytest.fixture
def pair(users, private):
    alice, bob = users(2)
    private(alice, bob)
    return alice, bob


def presence(viewer, user):
    answer = ok(viewer.get(f"/v1/presence/{user.id}"))
    assert answer["user_id"] == user.id
    return answer


def test_a_heartbeat_makes_one_online(pair):
    alice, bob = pair
    ok(bob.post("/v1/presence/heartbeat", {}), 204)
    answer = presence(alice, bob)
    assert answer["status"] == "online"
    is_time(answer["last_seen"])


def test_one_says_which(pair):
    alice, bob = pair
    for status in ("away", "online", "away"):
        ok(bob.post("/v1/presence/heartbeat", {"status": status}), 204)
        assert presence(alice, bob)["status"] == status


def test_away_holds_until_activity(pair):
    alice, bob = pair
    ok(bob.post("/v1/presence/heartbeat", {"status": "away"}), 204)
    assert presence(alice, bob)["status"] == "away"
    ok(bob.get("/v1/conversations"))
    assert presence(alice, bob)["status"] == "online"


def test_a_socket_makes_one_online_and_its_end_offline_within_five_seconds(pair):
    alice, bob = pair
    assert presence(alice, bob)["status"] == "offline"
    first, second = bob.connect("one"), bob.connect("two")
    assert presence(alice, bob)["status"] == "online"
    first.close()
    assert presence(alice, bob)["status"] == "online"
    second.close()
    eventually(lambda: presence(alice, bob)["status"] == "offline", seconds=5.5, every=0.1)


def test_last_seen_is_the_time_of_the_latest_activity(pair):
    alice, bob = pair
    ok(bob.post("/v1/presence/heartbeat", {}), 204)
    first = presence(alice, bob)["last_seen"]
    eventually(lambda: ok(bob.get("/v1/conversations")) and presence(alice, bob)["last_seen"] > first)
    socket = bob.connect()
    second = presence(alice, bob)["last_seen"]
    socket.ping()
    socket.send({"type": "typing", "conversation_id": bob.walk("/v1/conversations")[0]["conversation_id"]})
    eventually(lambda: presence(alice, bob)["last_seen"] >= second)


def test_a_ping_is_no_activity(pair):
    alice, bob = pair
    socket = bob.connect()
    socket.ping()
    before = presence(alice, bob)["last_seen"]
    for _ in range(20):
        socket.ping()
        assert presence(alice, bob)["last_seen"] == before


@pytest.mark.parametrize("status", ["busy", "offline", "", 5, None, ["online"]])
def test_a_bad_status_is_refused(pair, status):
    _, bob = pair
    response = bob.post("/v1/presence/heartbeat", {"status": status})
    if status is None and response.status_code == 204:
        return  # null for an optional field may mean its absence
    invalid(response, "/status")


def test_strangers_may_not_ask(pair, world, users):
    _, bob = pair
    stranger, = users(1)
    absent = world.fresh_name()
    hidden, unknown = stranger.get(f"/v1/presence/{bob.id}"), stranger.get(f"/v1/presence/{absent}")
    problem(hidden, 404)
    same_refusal(hidden, unknown, bob.id, absent)


def test_company_that_ended_is_strange_again(users, group):
    alice, bob = users(2)
    conversation = group(alice, bob)
    ok(bob.post("/v1/presence/heartbeat", {}), 204)
    assert presence(alice, bob)["status"] == "online"
    ok(bob.delete(f"/v1/conversations/{conversation}/members/{bob.id}"), 204)
    problem(alice.get(f"/v1/presence/{bob.id}"), 404)
