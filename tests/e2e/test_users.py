"""§2: users."""

import pytest

from chat import PATIENCE_SECONDS
from checks import invalid, is_time, ok, problem, same_refusal
from websockets.exceptions import ConnectionClosed


def test_a_user_is_answered_as_made(world):
    user_id = world.fresh_name("Az09._~-")
    body = {"user_id": user_id, "display_name": " Ada  Lovelace ", "metadata": {"team": {"no": 7}, "tags": ["a", "ü"]}}
    made = ok(world.admin.post("/v1/users", body), 201)
    assert {name: made[name] for name in body} == body
    assert ok(world.admin.get(f"/v1/users/{user_id}"))["metadata"] == body["metadata"]


@pytest.mark.parametrize("user_id", ["a", "A", "...", "x" * 64, "~", "a.b_c~d-e"])
def test_these_are_user_ids(world, user_id):
    response = world.admin.post("/v1/users", {"user_id": user_id})
    assert response.status_code in (201, 409), response.text
    assert ok(world.admin.get(f"/v1/users/{user_id}"))["user_id"] == user_id


@pytest.mark.parametrize("user_id", ["", ".", "..", "x" * 65, "a b", "a/b", "ü", "a@b", "a\n", "a\u0000", "a%20", 5,
                                     True,
                                     ["a"], {"a": 1}])
def test_these_are_not(admin, user_id):
    invalid(admin.post("/v1/users", {"user_id": user_id}), "/user_id")


@pytest.mark.parametrize("field, value", [
    ("display_name", 5), ("display_name", ["x"]), ("display_name", "a\u0000b"), ("password", "1234567"),
    ("password", "x" * 1025), ("password", 12345678), ("metadata", []), ("metadata", "x"), ("metadata", 5)])
def test_a_bad_field_is_named(world, field, value):
    user_id = world.fresh_name()
    invalid(world.admin.post("/v1/users", {"user_id": user_id, field: value}), f"/{field}")
    problem(world.admin.get(f"/v1/users/{user_id}"), 404)


@pytest.mark.parametrize("password", ["12345678", "é" * 8, "x" * 1024])
def test_passwords_of_8_to_1024_characters_are_taken(world, password):
    user = world.user("alice", password=password)
    body = {"grant_type": "password", "username": user.id, "password": password}
    assert ok(world.nobody.post("/auth/token", body))["access_token"]
    problem(world.nobody.post("/auth/token", body | {"password": password[:-1]}), 401)


def test_an_id_is_given_once(world):
    user = world.user()
    problem(world.admin.post("/v1/users", {"user_id": user.id}), 409)


def test_ids_that_differ_in_case_are_different_users(world):
    user_id = world.fresh_name("case").lower()
    ok(world.admin.post("/v1/users", {"user_id": user_id, "display_name": "lower"}), 201)
    ok(world.admin.post("/v1/users", {"user_id": user_id.upper(), "display_name": "upper"}), 201)
    assert ok(world.admin.get(f"/v1/users/{user_id}"))["display_name"] == "lower"


def test_a_user_is_seen_by_oneself_by_company_and_by_keys(world, users, private):
    alice, bob, stranger = users(3)
    private(alice, bob)
    for caller in (alice, bob, world.admin):
        assert ok(caller.get(f"/v1/users/{alice.id}"))["user_id"] == alice.id
    absent = world.fresh_name()
    hidden, unknown = stranger.get(f"/v1/users/{alice.id}"), stranger.get(f"/v1/users/{absent}")
    problem(hidden, 404)
    same_refusal(hidden, unknown, alice.id, absent)


def test_a_user_changes_their_own_profile(world, users, private):
    alice, bob, stranger = users(3)
    private(alice, bob)
    changed = ok(alice.patch(f"/v1/users/{alice.id}", {"display_name": "Alice"}))
    assert changed["user_id"] == alice.id and changed["display_name"] == "Alice"
    assert ok(bob.get(f"/v1/users/{alice.id}"))["display_name"] == "Alice"
    problem(bob.patch(f"/v1/users/{alice.id}", {"display_name": "Mallory"}), 403)
    problem(stranger.patch(f"/v1/users/{alice.id}", {"display_name": "Mallory"}), 404)
    invalid(alice.patch(f"/v1/users/{alice.id}", {"display_name": 5}), "/display_name")
    assert ok(alice.get(f"/v1/users/{alice.id}"))["display_name"] == "Alice"


def test_a_key_changes_and_deletes_a_user(world):
    user = world.user()
    assert ok(world.admin.patch(f"/v1/users/{user.id}", {"display_name": "By key"}))["display_name"] == "By key"
    ok(world.admin.delete(f"/v1/users/{user.id}"), 204)
    problem(world.admin.get(f"/v1/users/{user.id}"), 404)


def test_nobody_deletes_somebody_else(world, users, private):
    alice, bob, stranger = users(3)
    private(alice, bob)
    problem(bob.delete(f"/v1/users/{alice.id}"), 403)
    problem(stranger.delete(f"/v1/users/{alice.id}"), 404)
    ok(alice.get(f"/v1/users/{alice.id}"))


def test_deleting_ends_tokens_sockets_and_memberships_at_once(world, users, group):
    alice, bob = users(2)
    conversation = group(alice, bob)
    sent = bob.send(conversation, "I was here")
    socket = bob.connect()
    ok(bob.delete(f"/v1/users/{bob.id}"), 204)
    problem(bob.get("/v1/conversations"), 401)
    with_deadline_closed(socket)
    assert alice.conversation(conversation)["member_count"] == 1
    assert alice.message(sent["message_id"])["payload"]["text"] == "I was here"


def with_deadline_closed(socket):
    try:
        while True:
            socket.receive(PATIENCE_SECONDS)
    except ConnectionClosed:
        pass


def test_a_deleted_users_id_is_not_given_again(world):
    user = world.user(password="correct horse")
    ok(world.admin.delete(f"/v1/users/{user.id}"), 204)
    problem(world.admin.post("/v1/users", {"user_id": user.id}), 409)
    problem(world.admin.post(f"/v1/users/{user.id}/tokens"), 404)
    body = {"grant_type": "password", "username": user.id, "password": "correct horse"}
    problem(world.nobody.post("/auth/token", body), 401)


def test_a_deleted_user_refreshes_nothing(world):
    user = world.user(password="correct horse")
    body = {"grant_type": "password", "username": user.id, "password": "correct horse"}
    token = ok(world.nobody.post("/auth/token", body))["refresh_token"]
    ok(user.delete(f"/v1/users/{user.id}"), 204)
    problem(world.nobody.post("/auth/token", {"grant_type": "refresh_token", "refresh_token": token}), 401)


def test_a_user_id_in_a_path_may_be_percent_encoded(world):
    user = world.user("alice")
    encoded = "".join(f"%{ord(letter):02X}" for letter in user.id)
    assert ok(user.get(f"/v1/users/{encoded}"))["user_id"] == user.id


def test_times_are_utc_with_milliseconds(world, users, private):
    alice, bob = users(2)
    conversation = private(alice, bob)
    is_time(alice.send(conversation)["created_at"])
    is_time(alice.conversation(conversation)["created_at"])
