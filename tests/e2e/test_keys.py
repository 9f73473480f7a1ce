"""§2: API keys, their scopes, and acting for a user."""

import pytest

from chat import Caller, User, new_id, text
from checks import invalid, ok, problem


def test_a_keys_secret_is_shown_once(world):
    key = world.key("messages", name="backend")
    assert key["key"].startswith("c4a_") and key["key_id"] and key["client_id"]
    listed = world.admin.walk("/v1/keys")
    assert key["key_id"] in [item["key_id"] for item in listed]
    assert all("key" not in item for item in listed)
    assert key["key"] not in world.admin.get("/v1/keys", limit=200).text


def test_a_deleted_key_opens_nothing(world, users):
    alice, = users(1)
    key = world.key("admin")
    caller = Caller(world.server, key["key"], X_Act_As=alice.id)
    ok(caller.get("/v1/conversations"))
    ok(world.admin.delete(f"/v1/keys/{key['key_id']}"), 204)
    problem(caller.get("/v1/conversations"), 401)
    problem(world.admin.delete(f"/v1/keys/{new_id()}"), 404)


def test_only_an_admin_key_touches_keys(world, users):
    alice, = users(1)
    weak = Caller(world.server, world.key("messages", "users")["key"])
    for caller in (alice, weak):
        problem(caller.post("/v1/keys", {"name": "x", "scopes": ["admin"]}), 403)
        problem(caller.get("/v1/keys"), 403)
    problem(world.nobody.get("/v1/keys"), 401)


@pytest.mark.parametrize("body, pointer", [
    ({"scopes": ["messages"]}, "/name"), ({"name": 5, "scopes": ["messages"]}, "/name"),
    ({"name": "x"}, "/scopes"), ({"name": "x", "scopes": "admin"}, "/scopes"),
    ({"name": "x", "scopes": [5]}, "/scopes"),
    ({"name": "x", "scopes": ["no_such_scope"]}, "/scopes"),
])
def test_a_bad_key_is_refused_by_field(admin, body, pointer):
    invalid(admin.post("/v1/keys", body), pointer)


def test_a_key_does_what_its_scopes_allow_and_no_more(world, users, private):
    alice, bob = users(2)
    conversation = private(alice, bob)
    messages = User(world.server, alice.id, world.key("messages")["key"], X_Act_As=alice.id)
    people = User(world.server, alice.id, world.key("users")["key"], X_Act_As=alice.id)
    messages.send(conversation)
    problem(people.post_message(conversation), 403)
    ok(Caller(world.server, people.token).post("/v1/users", {"user_id": world.fresh_name()}), 201)
    problem(Caller(world.server, messages.token).post("/v1/users", {"user_id": world.fresh_name()}), 403)
    problem(Caller(world.server, messages.token).get("/v1/audit"), 403)


def test_a_key_acts_for_any_user(world, users, private):
    alice, bob = users(2)
    conversation = private(alice, bob)
    receipt = world.acting(alice).send(conversation, "by the back end")
    assert bob.message(receipt["message_id"])["from"] == alice.id


def test_a_key_on_a_users_route_must_name_the_user(world, users, private):
    alice, bob = users(2)
    conversation = private(alice, bob)
    body = {"conversation_id": conversation, "payload": text("x")}
    problem(world.admin.get("/v1/conversations"), 422, "act_as_required")
    problem(world.admin.post("/v1/messages", body), 422, "act_as_required")
    problem(world.admin.get(f"/v1/conversations/{conversation}/messages"), 422, "act_as_required")


def test_acting_for_an_unknown_user_is_refused(world):
    caller = Caller(world.server, world.server.admin_key, X_Act_As=world.fresh_name())
    problem(caller.get("/v1/conversations"), 422, "unknown_user")


def test_a_users_token_may_not_act_for_anyone(world, users):
    alice, bob = users(2)
    for target in (bob.id, alice.id):
        problem(alice.request("GET", "/v1/conversations", headers={"X-Act-As": target}), 403)


def test_from_must_be_the_caller_or_whom_the_key_acts_for(world, users, private):
    alice, bob = users(2)
    conversation = private(alice, bob)
    alice.send(conversation, "**", **{"from": alice.id})
    world.acting(bob).send(conversation, "**", **{"from": bob.id})
    invalid(alice.post_message(conversation, **{"from": bob.id}), "/from")
    invalid(world.acting(bob).post_message(conversation, **{"from": alice.id}), "/from")


def test_acting_gives_no_more_rights_than_the_user_has(world, users, private):
    alice, bob, stranger = users(3)
    conversation = private(alice, bob)
    problem(world.acting(stranger).post_message(conversation), 404, "conversation_not_found")
