"""What takes days: retention, long absences, refresh tokens.

The server's clock is set back by libfaketime at first, and a restart brings it to the present. They
need Debian's package `libfaketime`, and are skipped without it.
"""

import glob

import pytest

from chat import World
from checks import eventually, ok, problem

LIBRARIES = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")

pytestmark = [pytest.mark.skipif(not LIBRARIES, reason="libfaketime is not installed"),
              pytest.mark.embedded("libfaketime makes the drivers of the distributed engines crash")]


@pytest.fixture
def long_ago(make_server):
    """A server that believes it is so many days earlier; `restart` brings it to the present."""
    def start(days, settings=None):
        server = make_server(settings)
        server.extra = {"LD_PRELOAD": LIBRARIES[0], "FAKETIME": f"-{days}d", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                        "DONT_FAKE_MONOTONIC": "1", "ASAN_OPTIONS": "verify_asan_link_order=0"}
        return World(server.start())
    return start


def to_the_present(world, *users):
    """Stops the clock's disguise, and signs the users in again."""
    world.server.extra = {}
    world.server.restart()
    return [world.sign_in(user.id) for user in users]


def test_old_messages_are_removed_and_their_places_never_given_again(long_ago):
    world = long_ago(40, {"messages.retention_days": 30})
    alice, bob = world.users(2)
    conversation = world.private(alice, bob)
    old = alice.send_many(conversation, 3)
    alice, bob = to_the_present(world, alice, bob)
    assert alice.send(conversation, "new")["seq"] == 4
    eventually(lambda: [m["seq"] for m in bob.history(conversation)] == [4], seconds=20, every=0.2)
    problem(bob.get(f"/v1/messages/{old[0]['message_id']}"), 404)
    assert bob.walk("/v1/search", q="message") == []
    assert bob.conversation(conversation)["last_seq"] == 4


def test_without_retention_nothing_is_removed(long_ago):
    world = long_ago(400)
    alice, bob = world.users(2)
    conversation = world.private(alice, bob)
    alice.send_many(conversation, 2)
    alice, bob = to_the_present(world, alice, bob)
    alice.send(conversation)
    assert [m["seq"] for m in bob.history(conversation)] == [1, 2, 3]


def test_a_device_gone_too_long_gets_the_gap_and_the_rest_as_pending(long_ago):
    world = long_ago(40)
    alice, bob = world.users(2)
    conversation = world.private(alice, bob)
    phone = bob.connect("phone")
    alice.send_many(conversation, 3)
    phone.messages(3)
    bob.delivered(conversation, 1, device="phone")
    phone.close()
    alice, bob = to_the_present(world, alice, bob)
    recent = alice.send(conversation, "recent")["message_id"]
    gap, message = bob.connect("phone").take(2)
    assert gap == gap | {"type": "gap", "conversation_id": conversation, "from_seq": 2, "to_seq": 3}, gap
    assert message["message"]["message_id"] == recent
    assert [m["seq"] for m in bob.history(conversation)] == [1, 2, 3, 4]


def test_a_refresh_token_lives_thirty_days(long_ago):
    world = long_ago(31)
    user = world.user("alice", password="correct horse")
    grant = {"grant_type": "password", "username": user.id, "password": "correct horse"}
    old = ok(world.nobody.post("/auth/token", grant))["refresh_token"]
    to_the_present(world)
    problem(world.nobody.post("/auth/token", {"grant_type": "refresh_token", "refresh_token": old}), 401)


def test_an_idempotency_key_is_forgotten_after_a_day(long_ago):
    world = long_ago(2)
    alice, = world.users(1)
    request = {"type": "group", "members": []}
    ok(alice.post("/v1/conversations", request, Idempotency_Key="same"), 201)
    alice, = to_the_present(world, alice)
    ok(alice.post("/v1/conversations", request, Idempotency_Key="same"), 201)
    assert len(alice.walk("/v1/conversations")) == 2


def test_a_token_of_long_ago_has_expired(long_ago):
    world = long_ago(1)
    alice, = world.users(1)
    ok(alice.get("/v1/conversations"))
    to_the_present(world)
    problem(alice.get("/v1/conversations"), 401)
