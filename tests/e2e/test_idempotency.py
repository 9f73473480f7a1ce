"""§4: the same `message_id` again."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chat import new_id, text
from checks import ok, problem

FIRST_FIELDS = ("message_id", "conversation_id", "seq", "status", "created_at")


@pytest.fixture
def crowd(users, group):
    alice, bob, carol = users(3)
    return alice, bob, carol, group(alice, bob, carol)


def body(conversation, message_id, **fields):
    return {"message_id": message_id, "conversation_id": conversation, "payload": text("hello"), **fields}


def test_the_same_again_answers_the_first_and_sends_nothing(crowd):
    alice, bob, _, conversation = crowd
    request = body(conversation, new_id(), to=[bob.id], metadata={"a": 1, "b": [True]}, channels=[])
    first = ok(alice.post("/v1/messages", request), 202)
    alice.send(conversation, "in between")
    for _ in range(3):
        again = ok(alice.post("/v1/messages", request), 200)
        assert again["duplicate"] is True
        assert {name: again[name] for name in FIRST_FIELDS} == {name: first[name] for name in FIRST_FIELDS}
    assert [message["seq"] for message in bob.history(conversation)] == [1, 2]


def test_content_is_compared_as_parsed(crowd):
    alice, _, _, conversation = crowd
    message_id = new_id()
    alice.send(conversation, "ü\n", message_id=message_id, metadata={"a": 1, "b": {"c": "d", "e": 2}})
    other_spelling = ('{ "metadata" : {"b":{"e":2,"\\u0063":"d"}, "a":1},"payload":{"text":"\\u00fc\\n","type":"text"},'
                      ' "conversation_id":"%s", "message_id":"%s" }' % (conversation.upper(), message_id.upper()))
    response = alice.request("POST", "/v1/messages", content=other_spelling,
                             headers={"Content-Type": "application/json"})
    assert ok(response, 200)["duplicate"] is True


def test_the_wish_for_a_receipt_is_no_part_of_the_content(crowd):
    alice, _, _, conversation = crowd
    message_id = new_id()
    alice.send(conversation, message_id=message_id, request_delivery_receipt=True)
    assert ok(alice.post_message(conversation, message_id=message_id), 200)["duplicate"] is True


@pytest.mark.parametrize("change", ["payload", "to", "channels", "reply_to", "metadata"])
def test_other_content_is_a_conflict(crowd, change):
    alice, bob, carol, conversation = crowd
    earlier = alice.send(conversation)["message_id"]
    request = body(conversation, new_id(), to=[bob.id], metadata={"a": 1})
    ok(alice.post("/v1/messages", request), 202)
    other = {"payload": text("hello!"), "to": [carol.id], "channels": [], "reply_to": earlier, "metadata": {"a": 2}}
    problem(alice.post("/v1/messages", request | {change: other[change]}), 409, "message_id_conflict")
    assert len(bob.history(conversation)) == 2
    assert bob.message(request["message_id"])["payload"] == text("hello")


def test_another_sender_is_a_conflict(crowd):
    alice, bob, _, conversation = crowd
    message_id = alice.send(conversation)["message_id"]
    problem(bob.post_message(conversation, message_id=message_id), 409, "message_id_conflict")
    assert len(bob.history(conversation)) == 1


def test_a_message_id_belongs_to_its_conversation(users, private):
    alice, bob, carol = users(3)
    message_id = new_id()
    first = alice.send(private(alice, bob), message_id=message_id)
    second = alice.send(private(alice, carol), "something else", message_id=message_id)
    assert first["seq"] == second["seq"] == 1


def test_the_comparison_is_with_the_original_even_after_an_edit(crowd):
    alice, _, _, conversation = crowd
    message_id = alice.send(conversation, "original")["message_id"]
    alice.edit(message_id, "edited")
    assert ok(alice.post_message(conversation, "original", message_id=message_id), 200)["duplicate"] is True
    problem(alice.post_message(conversation, "edited", message_id=message_id), 409, "message_id_conflict")
    assert alice.message(message_id)["payload"] == text("edited")


def test_the_comparison_is_with_the_original_even_after_deletion(crowd):
    alice, _, _, conversation = crowd
    message_id = alice.send(conversation, "original")["message_id"]
    ok(alice.delete(f"/v1/messages/{message_id}"), 204)
    assert ok(alice.post_message(conversation, "original", message_id=message_id), 200)["duplicate"] is True
    problem(alice.post_message(conversation, "other", message_id=message_id), 409, "message_id_conflict")
    assert alice.message(message_id)["payload"] is None


def test_an_old_message_is_recognised_behind_many_newer_ones(world, crowd):
    alice, _, _, conversation = crowd
    old = alice.send(conversation, "old")
    back_end = world.acting(alice)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: back_end.send(conversation, str(n)), range(500)))
    again = ok(alice.post_message(conversation, "old", message_id=old["message_id"]), 200)
    assert again["seq"] == 1 and again["duplicate"] is True


def test_of_many_sent_at_once_exactly_one_becomes_visible(world, crowd):
    alice, bob, _, conversation = crowd
    back_end = world.acting(alice)
    for _ in range(5):
        message_id = new_id()
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: back_end.post_message(conversation, message_id=message_id), range(20)))
        assert {response.status_code for response in answers} <= {200, 202}
        assert len({response.json()["seq"] for response in answers if "seq" in response.json()}) == 1
        assert [message["message_id"] for message in bob.history(conversation)].count(message_id) == 1
    assert [message["seq"] for message in bob.history(conversation)] == [1, 2, 3, 4, 5]


def test_of_many_different_contents_at_once_exactly_one_becomes_visible(world, crowd):
    alice, bob, _, conversation = crowd
    back_end = world.acting(alice)
    message_id = new_id()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda n: back_end.post_message(conversation, str(n), message_id=message_id),
                                range(20)))
    assert {response.status_code for response in answers} <= {200, 202, 409}
    visible = bob.history(conversation)
    assert [message["message_id"] for message in visible] == [message_id]
    winner = int(visible[0]["payload"]["text"])
    assert answers[winner].status_code == 202
    assert ok(alice.post_message(conversation, str(winner), message_id=message_id), 200)["duplicate"] is True


def test_many_distinct_sends_at_once_leave_no_hole(world, crowd):
    alice, bob, carol, conversation = crowd
    people = [world.acting(user) for user in (alice, bob, carol)]
    with ThreadPoolExecutor(24) as pool:
        receipts = list(pool.map(lambda n: people[n % 3].send(conversation, str(n)), range(300)))
    assert sorted(receipt["seq"] for receipt in receipts) == list(range(1, 301))
    history = bob.walk(f"/v1/conversations/{conversation}/messages", after_seq=0, limit=100)
    assert {message["seq"]: message["message_id"] for message in history} == \
        {receipt["seq"]: receipt["message_id"] for receipt in receipts}
