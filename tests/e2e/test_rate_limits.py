"""§§1, 10: rate limits and the headers that explain them."""

import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat import Caller
from checks import ok, problem

HEADER = re.compile(r'^"sends";r=\d+;t=\d+$')


def flood(user, conversation, most=600):
    """Sends as fast as it goes until one is refused; the number accepted, and the refusal."""
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: user.post_message(conversation, str(n)), range(most)))
    refused = [answer for answer in answers if answer.status_code == 429]
    accepted = [answer for answer in answers if answer.status_code == 202]
    assert len(refused) + len(accepted) == most, {answer.status_code for answer in answers}
    return len(accepted), refused


@pytest.fixture
def small(own_server):
    """A server on which a user sends five messages a second."""
    world = own_server({"limits.sends_per_second_per_user": 5})
    alice, bob = world.users(2)
    return world, alice, bob, world.private(alice, bob)


def test_too_many_sends_are_refused_with_the_policy(small):
    _, alice, bob, conversation = small
    accepted, refused = flood(alice, conversation)
    assert accepted and refused
    problem(refused[0], 429)
    assert refused[0].headers["ratelimit-policy"] == '"sends";q=5;w=1'
    assert HEADER.match(refused[0].headers["ratelimit"]), refused[0].headers["ratelimit"]
    assert bob.conversation(conversation)["last_seq"] == accepted


def test_the_default_is_fifty_a_second_with_a_burst_of_two_hundred(users, private):
    alice, bob = users(2)
    conversation = private(alice, bob)
    start = time.monotonic()
    accepted, refused = flood(alice, conversation, 1000)
    seconds = time.monotonic() - start
    assert 200 <= accepted <= 200 + 50 * (seconds + 1), f"{accepted} in {seconds:.2f} s"
    assert refused and refused[0].headers["ratelimit-policy"] == '"sends";q=50;w=1'


def test_one_users_flood_is_not_anothers(small):
    _, alice, bob, conversation = small
    flood(alice, conversation)
    bob.send(conversation, "still fine")


def test_after_retry_after_one_may_send_again(small):
    _, alice, _, conversation = small
    _, refused = flood(alice, conversation)
    time.sleep(int(refused[-1].headers["retry-after"]))
    alice.send(conversation, "patient")


def test_a_refused_send_may_be_repeated_with_the_same_id(small):
    _, alice, _, conversation = small
    _, refused = flood(alice, conversation)
    message_id = "0190b5a1-7c1e-4d2a-9d0f-3f6a2b1c4d5e"

    def patiently():
        while (answer := alice.post_message(conversation, "again", message_id=message_id)).status_code == 429:
            time.sleep(0.1)
        return answer

    assert ok(patiently(), 202)["duplicate"] is False
    assert ok(patiently(), 200)["duplicate"] is True


def test_keys_are_not_limited(small):
    world, alice, _, conversation = small
    accepted, refused = flood(world.acting(alice), conversation)
    assert not refused and accepted == 600


def test_zero_turns_the_limit_off(own_server):
    world = own_server({"limits.sends_per_second_per_user": 0})
    alice, bob = world.users(2)
    accepted, refused = flood(alice, world.private(alice, bob))
    assert not refused and accepted == 600


def login(world, user_id, password, **headers):
    body = {"grant_type": "password", "username": user_id, "password": password}
    return world.nobody.post("/auth/token", body, **headers)


def test_guessing_passwords_is_limited_by_user_and_address(own_server):
    world = own_server({"limits.logins_per_minute": 3})
    alice = world.user("alice", password="correct horse")
    bob = world.user("bob", password="correct horse")
    for _ in range(3):
        problem(login(world, alice.id, "wrong horse"), 401)
    problem(login(world, alice.id, "wrong horse"), 429)
    problem(login(world, alice.id, "correct horse"), 429)
    ok(login(world, bob.id, "correct horse"))


def test_the_forwarded_address_counts_only_from_a_trusted_proxy(own_server):
    def after_three_guesses(settings):
        world = own_server({"limits.logins_per_minute": 3, **settings})
        alice = world.user("alice", password="correct horse")
        for _ in range(3):
            problem(login(world, alice.id, "wrong horse", X_Forwarded_For="203.0.113.1"), 401)
        problem(login(world, alice.id, "wrong horse", X_Forwarded_For="203.0.113.1"), 429)
        return login(world, alice.id, "correct horse", X_Forwarded_For="203.0.113.2").status_code
    assert after_three_guesses({}) == 429
    assert after_three_guesses({"server.trusted_proxies": "127.0.0.1"}) == 200


def test_the_limits_are_there_to_read(users):
    alice, = users(1)
    items = alice.walk("/v1/limits")
    assert 50 in [item["limit"] for item in items]
    for item in items:
        assert item["name"] and isinstance(item["limit"], (int, float)) and item["unit"], item


def test_a_limit_by_key_needs_credentials(server):
    problem(Caller(server).get("/v1/limits"), 401)
