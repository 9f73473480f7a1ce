"""§3: the history of a conversation, in both directions."""

import pytest

from chat import new_id
from checks import ok, problem


@pytest.fixture
def long_talk(world, users, private):
    """Alice, bob, and 130 messages numbered in their text."""
    alice, bob = users(2)
    conversation = private(alice, bob)
    world.acting(alice).send_many(conversation, 130)
    return alice, bob, conversation


def page(user, conversation, **params):
    answer = ok(user.get(f"/v1/conversations/{conversation}/messages", **params))
    return [message["seq"] for message in answer["items"]], answer["next_cursor"]


def test_without_parameters_the_newest_page_comes_ascending(long_talk):
    _, bob, conversation = long_talk
    seqs, cursor = page(bob, conversation)
    assert seqs == list(range(81, 131)) and cursor


def test_from_the_newest_page_the_cursor_leads_back_to_the_beginning(long_talk):
    _, bob, conversation = long_talk
    pages, params = [], {}
    while True:
        seqs, cursor = page(bob, conversation, **params)
        pages.append(seqs)
        if cursor is None:
            break
        params = {"cursor": cursor}
    assert [seq for seqs in reversed(pages) for seq in seqs] == list(range(1, 131))


def test_after_seq_is_the_page_above_and_leads_up(long_talk):
    _, bob, conversation = long_talk
    assert page(bob, conversation, after_seq=10, limit=3)[0] == [11, 12, 13]
    seqs = [m["seq"] for m in bob.walk(f"/v1/conversations/{conversation}/messages", after_seq=0, limit=30)]
    assert seqs == list(range(1, 131))


def test_before_seq_is_the_page_nearest_below_and_leads_down(long_talk):
    _, bob, conversation = long_talk
    seqs, cursor = page(bob, conversation, before_seq=100, limit=4)
    assert seqs == [96, 97, 98, 99]
    assert page(bob, conversation, cursor=cursor, limit=4)[0] == [92, 93, 94, 95]


def test_the_ends_are_empty(long_talk):
    _, bob, conversation = long_talk
    assert page(bob, conversation, after_seq=130) == ([], None)
    assert page(bob, conversation, after_seq=10 ** 9) == ([], None)
    assert page(bob, conversation, before_seq=1) == ([], None)
    assert page(bob, conversation, before_seq=10 ** 9, limit=2)[0] == [129, 130]


def test_an_empty_conversation_has_an_empty_page(users, private):
    alice, bob = users(2)
    assert page(bob, private(alice, bob)) == ([], None)


def test_a_page_holds_what_limit_says(long_talk):
    _, bob, conversation = long_talk
    for limit in (1, 2, 50, 129):
        assert len(page(bob, conversation, limit=limit)[0]) == limit
    assert len(page(bob, conversation, limit=200)[0]) == 130


@pytest.mark.parametrize("params", [
    {"after_seq": -1}, {"after_seq": "x"}, {"after_seq": 1.5}, {"after_seq": ""}, {"before_seq": -5},
    {"before_seq": "x"},
    {"after_seq": "9" * 30}, {"limit": 0}, {"limit": 201}, {"limit": "ten"}, {"cursor": "broken"}, {"cursor": ""},
    {"cursor": "AAAA" * 50}, {"cursor": "%00"}])
def test_a_bad_parameter_is_refused(long_talk, params):
    _, bob, conversation = long_talk
    response = bob.get(f"/v1/conversations/{conversation}/messages", **params)
    document = problem(response, 422)
    assert next(iter(params)) in str(document), f"the answer does not name the parameter: {document}"


def test_a_cursor_of_another_list_is_refused(world, long_talk, users, private):
    alice, bob, conversation = long_talk
    other = private(alice, users(1)[0])
    world.acting(alice).send_many(other, 5)
    _, of_messages = page(alice, conversation, limit=2)
    of_conversations = ok(alice.get("/v1/conversations", limit=1))["next_cursor"]
    assert of_conversations
    problem(alice.get(f"/v1/conversations/{other}/messages", cursor=of_messages), 422)
    problem(alice.get(f"/v1/conversations/{conversation}/messages", cursor=of_conversations), 422)
    problem(alice.get("/v1/conversations", cursor=of_messages), 422)
    problem(alice.get(f"/v1/conversations/{conversation}/members", cursor=of_messages), 422)
    problem(alice.get("/v1/search", q="x", cursor=of_conversations), 422)


def test_messages_that_arrive_meanwhile_do_not_disturb_a_walk(long_talk):
    alice, bob, conversation = long_talk
    first, cursor = page(bob, conversation, limit=50)
    alice.send(conversation, "meanwhile")
    second, _ = page(bob, conversation, cursor=cursor, limit=50)
    assert first + [] == list(range(81, 131)) and second == list(range(31, 81))


def test_each_message_in_the_history_is_whole(users, private):
    alice, bob = users(2)
    conversation = private(alice, bob)
    sent = alice.send(conversation, "hello", metadata={"k": "v"})
    message, = bob.history(conversation)
    assert message["message_id"] == sent["message_id"] and message["conversation_id"] == conversation
    assert message["from"] == alice.id and message["created_at"] == sent["created_at"]
    assert message["payload"] == {"type": "text", "text": "hello"} and message["metadata"] == {"k": "v"}


def test_a_badly_formed_or_unknown_conversation_is_not_found(users):
    alice, = users(1)
    for name in (new_id(), "x", "%2e%2e", "1", "'"):
        problem(alice.get(f"/v1/conversations/{name}/messages"), 404)


def test_a_send_is_in_the_history_when_it_was_answered(users, private):
    alice, bob = users(2)
    conversation = private(alice, bob)
    for seq in range(1, 31):
        sent = alice.send(conversation, str(seq))
        assert bob.history(conversation, limit=1)[0]["message_id"] == sent["message_id"]
