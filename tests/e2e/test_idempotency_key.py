"""§1: `Idempotency-Key` on every other POST that creates."""

from concurrent.futures import ThreadPoolExecutor

from chat import new_id
from checks import ok, problem


def test_the_first_answer_is_replayed_whole(world, users):
    alice, bob = users(2)
    key = new_id()
    request = {"type": "group", "members": [bob.id], "metadata": {"n": 1}}
    first = alice.post("/v1/conversations", request, Idempotency_Key=key)
    second = alice.post("/v1/conversations", request, Idempotency_Key=key)
    assert (second.status_code, second.json()) == (first.status_code, first.json()) and first.status_code == 201
    assert len(alice.walk("/v1/conversations")) == 1


def test_without_the_header_the_same_request_makes_another(users):
    alice, = users(1)
    for _ in range(2):
        ok(alice.post("/v1/conversations", {"type": "group", "members": []}), 201)
    assert len(alice.walk("/v1/conversations")) == 2


def test_another_body_under_the_same_key_is_refused(users):
    alice, = users(1)
    key = new_id()
    ok(alice.post("/v1/conversations", {"type": "group", "members": []}, Idempotency_Key=key), 201)
    other = {"type": "group", "members": [], "metadata": {"other": True}}
    problem(alice.post("/v1/conversations", other, Idempotency_Key=key), 422, "idempotency_key_reused")
    assert len(alice.walk("/v1/conversations")) == 1


def test_users_keys_and_members_are_made_once_too(world, users, group):
    alice, bob = users(2)
    conversation = group(alice)
    key, user_id = new_id(), world.fresh_name()
    cases = [(world.admin, "/v1/users", {"user_id": user_id}),
             (world.admin, "/v1/keys", {"name": "x", "scopes": ["users"]}),
             (alice, f"/v1/conversations/{conversation}/members", {"user_id": bob.id})]
    for caller, path, request in cases:
        first = ok(caller.post(path, request, Idempotency_Key=key), 201)
        assert ok(caller.post(path, request, Idempotency_Key=key), 201) == first


def test_a_key_belongs_to_its_caller_and_path(world, users, group):
    alice, bob, carol = users(3)
    conversation = group(alice)
    key = new_id()
    request = {"type": "group", "members": []}
    first = ok(alice.post("/v1/conversations", request, Idempotency_Key=key), 201)
    second = ok(bob.post("/v1/conversations", request, Idempotency_Key=key), 201)
    assert first["conversation_id"] != second["conversation_id"]
    ok(alice.post(f"/v1/conversations/{conversation}/members", {"user_id": carol.id}, Idempotency_Key=key), 201)


def test_a_key_that_acts_for_two_users_does_not_mix_them_up(world, users):
    alice, bob = users(2)
    key = new_id()
    request = {"type": "group", "members": []}
    for user in (alice, bob):
        ok(world.acting(user).post("/v1/conversations", request, Idempotency_Key=key), 201)
        assert len(user.walk("/v1/conversations")) == 1


def test_a_refusal_is_not_replayed(world, users, group):
    alice, = users(1)
    conversation = group(alice)
    name, key = world.fresh_name(), new_id()
    path = f"/v1/conversations/{conversation}/members"
    problem(alice.post(path, {"user_id": name}, Idempotency_Key=key), 422)
    ok(world.admin.post("/v1/users", {"user_id": name}), 201)
    ok(alice.post(path, {"user_id": name}, Idempotency_Key=key), 201)


def test_many_at_once_make_one(world, users):
    alice, = users(1)
    key = new_id()
    request = {"type": "group", "members": []}
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: alice.post("/v1/conversations", request, Idempotency_Key=key), range(16)))
    made = {response.json()["conversation_id"] for response in answers if response.status_code == 201}
    assert len(made) == 1
    for response in answers:
        if response.status_code != 201:
            problem(response, 409)
    assert len(alice.walk("/v1/conversations")) == 1


def test_a_key_outlives_a_restart(own_server):
    world = own_server()
    alice, = world.users(1)
    key = new_id()
    request = {"type": "group", "members": []}
    first = ok(alice.post("/v1/conversations", request, Idempotency_Key=key), 201)
    world.server.restart()
    assert ok(alice.post("/v1/conversations", request, Idempotency_Key=key), 201) == first
