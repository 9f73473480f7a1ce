"""§3: changes of a conversation, by version."""

from urllib.parse import quote

import pytest

from chat import text
from checks import is_time, ok, problem


@pytest.fixture
def eventful(users, group):
    """A group in which one of everything happened, and the version before it."""
    alice, bob, carol = users(3)
    conversation = group(alice, bob)
    start = alice.conversation(conversation)["version"]
    first, second = (receipt["message_id"] for receipt in alice.send_many(conversation, 2))
    alice.edit(first, "edited")
    ok(bob.put(f"/v1/messages/{first}/reactions/{quote('🎉')}"), 204)
    ok(alice.delete(f"/v1/messages/{second}"), 204)
    ok(alice.post(f"/v1/conversations/{conversation}/members", {"user_id": carol.id}), 201)
    ok(alice.patch(f"/v1/conversations/{conversation}", {"metadata": {"title": "new"}}))
    return alice, bob, conversation, start, first, second


def test_every_change_has_its_version_its_author_and_its_time(eventful):
    alice, bob, conversation, start, *_ = eventful
    changes = bob.changes(conversation, after_version=start)
    assert [change["type"] for change in changes] == [
        "message.updated", "message.reaction", "message.deleted", "member.added", "conversation.updated"]
    assert [change["version"] for change in changes] == list(range(start + 1, start + 6))
    assert [change["by"] for change in changes] == [alice.id, bob.id, alice.id, alice.id, alice.id]
    for change in changes:
        assert change["conversation_id"] == conversation
        is_time(change["timestamp"])


def test_every_change_carries_what_changed(eventful):
    alice, bob, conversation, start, first, second = eventful
    updated, reaction, deleted, added, renamed = bob.changes(conversation, after_version=start)
    assert updated["message"]["message_id"] == first and updated["message"]["payload"] == text("edited")
    is_time(updated["message"]["edited_at"])
    assert (reaction["message_id"], reaction["seq"], reaction["emoji"], reaction["action"]) == (first, 1, "🎉", "added")
    assert (deleted["message_id"], deleted["seq"]) == (second, 2)
    assert added["role"] == "member" and added["user_id"]
    assert renamed["metadata"] == {"title": "new"}


def test_they_are_read_in_pages(eventful):
    _, bob, conversation, start, *_ = eventful
    path = f"/v1/conversations/{conversation}/changes"
    assert [c["version"] for c in bob.changes(conversation, after_version=start + 1, limit=2)] == [start + 2, start + 3]
    assert [c["version"] for c in bob.walk(path, after_version=start, limit=2)] == list(range(start + 1, start + 6))
    assert ok(bob.get(path, after_version=start + 5)) == {"items": [], "next_cursor": None}


def test_messages_take_no_version_and_changes_no_seq(eventful):
    alice, _, conversation, start, *_ = eventful
    assert alice.conversation(conversation)["version"] == start + 5
    assert alice.send(conversation)["seq"] == 3
    assert alice.conversation(conversation)["version"] == start + 5
    assert alice.conversation(conversation)["last_seq"] == 3


@pytest.mark.parametrize("params", [{"after_version": -1}, {"after_version": "x"}, {"after_version": "9" * 30},
                                    {"limit": 0}, {"limit": 201}])
def test_a_bad_parameter_is_refused(eventful, params):
    _, bob, conversation, *_ = eventful
    problem(bob.get(f"/v1/conversations/{conversation}/changes", **params), 422)


def test_strangers_see_none(eventful, users):
    _, _, conversation, *_ = eventful
    problem(users(1)[0].get(f"/v1/conversations/{conversation}/changes"), 404)


def test_one_who_left_sees_none_of_what_came_after(users, group):
    alice, bob = users(2)
    conversation = group(alice, bob)
    message = alice.send(conversation)["message_id"]
    ok(bob.delete(f"/v1/conversations/{conversation}/members/{bob.id}"), 204)
    start = alice.conversation(conversation)["version"]
    alice.edit(message, "after")
    ok(alice.patch(f"/v1/conversations/{conversation}", {"metadata": {"after": True}}))
    assert bob.changes(conversation, after_version=start) == []
