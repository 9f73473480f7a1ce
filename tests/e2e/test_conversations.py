"""§3: conversations, their lists and their metadata."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from chat import ids_of, new_id
from checks import invalid, is_time, is_uuid, ok, problem, same_refusal
from raw import Wire, bearer, request


def create(user, kind, *members, **fields):
    return user.post("/v1/conversations", {"type": kind, "members": list(members), **fields})


def test_a_new_conversation_is_answered_whole(users):
    alice, bob = users(2)
    made = ok(create(alice, "group", alice.id, bob.id, metadata={"title": "Trip", "n": 1}), 201)
    is_uuid(made["conversation_id"])
    is_time(made["created_at"])
    assert made["type"] == "group" and made["metadata"] == {"title": "Trip", "n": 1}
    assert sorted(ids_of(made["members"])) == sorted([alice.id, bob.id]) and made["member_count"] == 2
    assert made["last_seq"] == 0 and isinstance(made["version"], int)


def test_the_caller_is_added_and_owns_it(users):
    alice, bob = users(2)
    made = ok(create(alice, "group", bob.id), 201)
    assert sorted(ids_of(made["members"])) == sorted([alice.id, bob.id])
    roles = {m["user_id"]: m["role"] for m in alice.walk(f"/v1/conversations/{made['conversation_id']}/members")}
    assert roles == {alice.id: "owner", bob.id: "member"}


def test_a_pair_has_one_private_conversation(users):
    alice, bob = users(2)
    first = ok(create(alice, "private", bob.id), 201)
    for user, members in ((alice, [bob.id]), (alice, [alice.id, bob.id]), (bob, [alice.id]), (bob, [bob.id, alice.id])):
        assert ok(create(user, "private", *members), 200)["conversation_id"] == first["conversation_id"]


def test_a_pair_that_asks_many_times_at_once_still_has_one(users):
    alice, bob = users(2)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: create((alice, bob)[n % 2], "private", (bob, alice)[n % 2].id), range(16)))
    assert {response.status_code for response in answers} <= {200, 201}
    assert [response.status_code for response in answers].count(201) == 1
    assert len({response.json()["conversation_id"] for response in answers}) == 1


def test_after_its_deletion_the_pair_gets_a_new_one(users, private):
    alice, bob = users(2)
    first = private(alice, bob)
    problem(bob.delete(f"/v1/conversations/{first}"), 403)
    ok(alice.delete(f"/v1/conversations/{first}"), 204)
    for user in (alice, bob):
        problem(user.get(f"/v1/conversations/{first}"), 404)
        assert user.listed(first) is None
    second = ok(create(bob, "private", alice.id), 201)
    assert second["conversation_id"] != first and second["last_seq"] == 0


def test_groups_are_never_merged(users, group):
    alice, bob = users(2)
    assert group(alice, bob) != group(alice, bob)


@pytest.mark.parametrize("count", [0, 2])
def test_private_means_two(users, count):
    alice, *others = users(1 + count)
    invalid(create(alice, "private", *[user.id for user in others]), "/members")


def test_nobody_talks_to_oneself_in_private(users):
    alice, = users(1)
    invalid(create(alice, "private", alice.id), "/members")


def test_a_group_of_one_is_a_group(users, group):
    alice, = users(1)
    assert alice.conversation(group(alice))["member_count"] == 1


def test_unknown_members_are_named_each(world, users):
    alice, bob = users(2)
    absent = [world.fresh_name("ghost"), world.fresh_name("ghost")]
    document = problem(create(alice, "group", bob.id, *absent), 422)
    for name in absent:
        assert name in str(document), document
    assert bob.id not in str(document["errors"])
    assert alice.walk("/v1/conversations") == []


@pytest.mark.parametrize("body, pointer", [
    ({"members": []}, "/type"), ({"type": "channel", "members": []}, "/type"), ({"type": 5, "members": []}, "/type"),
    ({"type": "group", "members": "bob"}, "/members"), ({"type": "group", "members": [5]}, "/members"),
    ({"type": "group", "members": {"a": 1}}, "/members"), ({"type": "group", "members": ["a b"]}, "/members"),
    ({"type": "group", "members": [], "metadata": []}, "/metadata"),
    ({"type": "group", "members": [], "metadata": "x"}, "/metadata"),
    ({"type": "group", "members": [f"ghost-{n}" for n in range(10001)]}, "/members")])
def test_a_bad_request_is_refused_by_field(users, body, pointer):
    alice, = users(1)
    invalid(alice.post("/v1/conversations", body), pointer)


def test_the_list_shows_the_latest_message_first_with_the_callers_counts(users, private):
    alice, bob, carol = users(3)
    with_bob, with_carol = private(alice, bob), private(alice, carol)
    bob.send_many(with_bob, 3)
    time.sleep(0.002)
    last = carol.send(with_carol, "latest")
    listed = alice.walk("/v1/conversations")
    assert [item["conversation_id"] for item in listed] == [with_carol, with_bob]
    assert listed[0]["last_message"]["message_id"] == last["message_id"]
    assert [item["last_seq"] for item in listed] == [1, 3]
    assert [item["unread_count"] for item in listed] == [1, 3]
    time.sleep(0.002)  # the list goes by time, to the millisecond
    alice.send(with_bob, "answer")
    assert [item["conversation_id"] for item in alice.walk("/v1/conversations")] == [with_bob, with_carol]


def test_reading_moves_the_horizons_and_the_unread_count(users, private):
    alice, bob = users(2)
    conversation = private(alice, bob)
    alice.send_many(conversation, 5)
    bob.delivered(conversation, 4)
    bob.read(conversation, 2)
    mine = bob.listed(conversation)
    assert (mine["delivered_up_to_seq"], mine["read_up_to_seq"], mine["unread_count"]) == (4, 2, 3)
    bob.read(conversation, 5)
    mine = bob.listed(conversation)
    assert (mine["delivered_up_to_seq"], mine["read_up_to_seq"], mine["unread_count"]) == (5, 5, 0)


def test_ones_own_messages_are_not_unread(users, private):
    alice, bob = users(2)
    conversation = private(alice, bob)
    alice.send_many(conversation, 2)
    assert alice.listed(conversation)["unread_count"] == 0


def test_one_conversation_shows_everybodys_receipts(users, group):
    alice, bob, carol = users(3)
    conversation = group(alice, bob, carol)
    alice.send_many(conversation, 3)
    bob.read(conversation, 2)
    carol.delivered(conversation, 1)
    receipts = {item["user_id"]: item for item in alice.conversation(conversation)["receipts"]}
    assert (receipts[bob.id]["delivered_up_to_seq"], receipts[bob.id]["read_up_to_seq"]) == (2, 2)
    assert (receipts[carol.id]["delivered_up_to_seq"], receipts[carol.id]["read_up_to_seq"]) == (1, 0)


def test_the_list_is_paged_without_loss(users, group):
    alice, = users(1)
    made = {group(alice) for _ in range(7)}
    for conversation in made:
        alice.send(conversation)
    listed = [item["conversation_id"] for item in alice.walk("/v1/conversations", limit=2)]
    assert len(listed) == 7 and set(listed) == made
    assert len(ok(alice.get("/v1/conversations", limit=2))["items"]) == 2


def test_metadata_is_merged_as_rfc_7396_says(users, group):
    alice, bob = users(2)
    conversation = group(alice, bob, metadata={"a": "b", "c": {"d": "e", "f": "g"}, "l": [1, 2]})
    patch = {"metadata": {"a": "z", "c": {"f": None, "h": {"i": 1}}, "l": [3], "new": None}}
    changed = ok(alice.patch(f"/v1/conversations/{conversation}", patch))
    expected = {"a": "z", "c": {"d": "e", "h": {"i": 1}}, "l": [3]}
    assert changed["metadata"] == expected
    assert bob.conversation(conversation)["metadata"] == expected


def test_a_change_of_metadata_takes_a_version_and_one_that_alters_nothing_takes_none(users, group):
    alice, = users(1)
    conversation = group(alice, metadata={"a": 1})
    before = alice.conversation(conversation)["version"]
    assert ok(alice.patch(f"/v1/conversations/{conversation}", {"metadata": {"a": 2}}))["version"] == before + 1
    assert ok(alice.patch(f"/v1/conversations/{conversation}", {"metadata": {"a": 2}}))["version"] == before + 1
    assert ok(alice.patch(f"/v1/conversations/{conversation}", {"metadata": {}}))["version"] == before + 1


def test_in_groups_the_owner_and_admins_change_metadata(users, group):
    alice, bob, carol, stranger = users(4)
    conversation = group(alice, bob, carol)
    path = f"/v1/conversations/{conversation}"
    ok(alice.patch(f"{path}/members/{bob.id}", {"role": "admin"}))
    ok(bob.patch(path, {"metadata": {"title": "by an admin"}}))
    problem(carol.patch(path, {"metadata": {"title": "by a member"}}), 403)
    problem(stranger.patch(path, {"metadata": {"title": "by a stranger"}}), 404)
    invalid(alice.patch(path, {"metadata": []}), "/metadata")
    assert carol.conversation(conversation)["metadata"] == {"title": "by an admin"}


def test_in_a_private_conversation_both_change_metadata(users, private):
    alice, bob = users(2)
    conversation = private(alice, bob)
    assert ok(bob.patch(f"/v1/conversations/{conversation}", {"metadata": {"by": "bob"}}))["metadata"] == {"by": "bob"}


def test_the_owner_alone_deletes(users, group):
    alice, bob, stranger = users(3)
    conversation = group(alice, bob)
    sent = alice.send(conversation)
    ok(alice.patch(f"/v1/conversations/{conversation}/members/{bob.id}", {"role": "admin"}))
    problem(bob.delete(f"/v1/conversations/{conversation}"), 403)
    problem(stranger.delete(f"/v1/conversations/{conversation}"), 404)
    ok(alice.delete(f"/v1/conversations/{conversation}"), 204)
    for user in (alice, bob):
        problem(user.get(f"/v1/conversations/{conversation}"), 404)
        problem(user.get(f"/v1/messages/{sent['message_id']}"), 404)
        problem(user.post_message(conversation), 404, "conversation_not_found")


def test_an_unknown_conversation_and_a_strangers_look_the_same(users, private):
    alice, bob, stranger = users(3)
    conversation = private(alice, bob)
    absent = new_id()
    for path in ("", "/messages", "/changes", "/members"):
        hidden = stranger.get(f"/v1/conversations/{conversation}{path}")
        unknown = stranger.get(f"/v1/conversations/{absent}{path}")
        problem(hidden, 404)
        same_refusal(hidden, unknown, conversation, absent)


def test_an_id_in_capitals_is_the_same_id_and_answered_in_small_letters(users, private):
    alice, bob = users(2)
    conversation = private(alice, bob)
    assert alice.conversation(conversation.upper())["conversation_id"] == conversation
    assert alice.send(conversation.upper())["conversation_id"] == conversation


@pytest.mark.timeout(120)
def test_a_group_takes_ten_thousand_members(world, users):
    alice, = users(1)
    label = world.fresh_name("crowd")
    names = [f"{label}-{number}" for number in range(9999)]
    register_in_one_stream(world, names)
    made = ok(create(alice, "group", *names), 201)
    assert made["member_count"] == 10000 and len(made["members"]) == 200
    conversation = made["conversation_id"]
    sent = alice.send(conversation, "hello, crowd")
    last = world.sign_in(names[-1])
    assert last.message(sent["message_id"])["payload"]["text"] == "hello, crowd"
    page = ok(alice.get(f"/v1/conversations/{conversation}/members", limit=200))
    assert len(page["items"]) == 200 and page["next_cursor"]
    extra = users(1)[0]
    refused = alice.post(f"/v1/conversations/{conversation}/members", {"user_id": extra.id})
    assert refused.status_code in (409, 422), refused.text


def register_in_one_stream(world, names):
    """Pipelined requests on one connection, a hundred at a time."""
    with Wire(world.server, seconds=30) as wire:
        for start in range(0, len(names), 100):
            batch = names[start:start + 100]
            wire.send(b"".join(request("POST", "/v1/users", b'{"user_id":"%s"}' % name.encode(),
                                       [bearer(world.server.admin_key)]) for name in batch))
            for _ in batch:
                answer = wire.answer("POST")
                assert answer.status == 201, answer
