"""§4: editing, deleting and reacting."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from chat import new_id, text
from checks import invalid, is_time, ok, problem

THUMB = quote("👍")


@pytest.fixture
def trio(users, group):
    """The owner, a sender, a third member, their group and a message in it."""
    owner, sender, other = users(3)
    conversation = group(owner, sender, other)
    return owner, sender, other, conversation, sender.send(conversation, "original")["message_id"]


def react(user, message_id, emoji=THUMB):
    return user.put(f"/v1/messages/{message_id}/reactions/{emoji}")


def test_the_sender_edits(trio):
    owner, sender, _, conversation, message_id = trio
    edited = sender.edit(message_id, "edited")
    assert edited["message_id"] == message_id and edited["payload"] == text("edited") and edited["seq"] == 1
    is_time(edited["edited_at"])
    assert owner.message(message_id)["payload"] == text("edited")
    assert owner.history(conversation)[0]["payload"] == text("edited")
    assert owner.history(conversation)[0]["edited_at"] == edited["edited_at"]


def test_nobody_else_edits(trio, users):
    owner, _, other, _, message_id = trio
    stranger, = users(1)
    for user, status in ((owner, 403), (other, 403), (stranger, 404)):
        problem(user.patch(f"/v1/messages/{message_id}", {"payload": text("forged")}), status)
    assert owner.message(message_id)["payload"] == text("original")


@pytest.mark.parametrize("payload, pointer", [
    (text(""), "/payload/text"), (text("x" * 10001), "/payload/text"), ({"type": "text"}, "/payload/text"),
    ({"type": "file", "file_id": "0190b5a1-7c1e-4d2a-9d0f-3f6a2b1c4d5e"}, "/payload"), ("x", "/payload"),
    (None, "/payload")])
def test_an_edit_is_held_to_the_rules_of_sending(trio, payload, pointer):
    _, sender, _, _, message_id = trio
    invalid(sender.patch(f"/v1/messages/{message_id}", {"payload": payload}), pointer)
    assert sender.message(message_id)["payload"] == text("original")


def test_deleting_leaves_a_tombstone_in_its_place(trio):
    owner, sender, other, conversation, message_id = trio
    sender.send(conversation, "next")
    ok(sender.delete(f"/v1/messages/{message_id}"), 204)
    for message in (owner.message(message_id), other.history(conversation)[0]):
        assert message["payload"] is None and message["seq"] == 1
        is_time(message["deleted_at"])
    assert [message["seq"] for message in owner.history(conversation)] == [1, 2]


def test_an_admin_and_the_owner_delete_too_and_a_member_does_not(trio):
    owner, sender, other, conversation, message_id = trio
    problem(other.delete(f"/v1/messages/{message_id}"), 403)
    ok(owner.delete(f"/v1/messages/{message_id}"), 204)
    second = sender.send(conversation)["message_id"]
    ok(owner.patch(f"/v1/conversations/{conversation}/members/{other.id}", {"role": "admin"}))
    ok(other.delete(f"/v1/messages/{second}"), 204)
    assert [message["payload"] for message in sender.history(conversation)] == [None, None]


def test_an_edit_after_deletion_is_a_conflict(trio):
    _, sender, _, _, message_id = trio
    ok(sender.delete(f"/v1/messages/{message_id}"), 204)
    problem(sender.patch(f"/v1/messages/{message_id}", {"payload": text("undead")}), 409)
    assert sender.message(message_id)["payload"] is None


def test_strangers_neither_delete_nor_react(trio, users):
    *_, message_id = trio
    stranger, = users(1)
    problem(stranger.delete(f"/v1/messages/{message_id}"), 404)
    problem(react(stranger, message_id), 404)
    problem(react(stranger, new_id()), 404)


def test_reactions_are_counted_by_emoji_and_person(trio):
    owner, sender, other, _, message_id = trio
    for user in (owner, sender, other, owner):
        ok(react(user, message_id), 204)
    ok(react(owner, message_id, quote("🇧🇷")), 204)
    reactions = {item["emoji"]: item for item in sender.message(message_id)["reactions"]}
    assert reactions["👍"]["count"] == 3 and reactions["🇧🇷"]["count"] == 1
    assert sorted(reactions["👍"]["user_ids"]) == sorted([owner.id, sender.id, other.id])
    ok(owner.delete(f"/v1/messages/{message_id}/reactions/{THUMB}"), 204)
    reactions = {item["emoji"]: item for item in sender.message(message_id)["reactions"]}
    assert reactions["👍"]["count"] == 2 and owner.id not in reactions["👍"]["user_ids"]


def test_the_last_reaction_taken_back_leaves_none(trio):
    owner, _, _, _, message_id = trio
    ok(react(owner, message_id), 204)
    ok(owner.delete(f"/v1/messages/{message_id}/reactions/{THUMB}"), 204)
    assert owner.message(message_id)["reactions"] == []


def test_one_takes_back_only_ones_own_reaction(trio):
    owner, _, other, _, message_id = trio
    ok(react(owner, message_id), 204)
    other.delete(f"/v1/messages/{message_id}/reactions/{THUMB}")
    assert owner.message(message_id)["reactions"][0]["user_ids"] == [owner.id]


def test_what_alters_nothing_takes_no_version(trio):
    owner, sender, _, conversation, message_id = trio
    start = owner.conversation(conversation)["version"]
    for _ in range(3):
        ok(react(owner, message_id), 204)
    for _ in range(3):
        owner.delete(f"/v1/messages/{message_id}/reactions/{THUMB}")
    sender.delete(f"/v1/messages/{message_id}/reactions/{THUMB}")
    ok(sender.delete(f"/v1/messages/{message_id}"), 204)
    sender.delete(f"/v1/messages/{message_id}")
    assert [(change["type"], change.get("action")) for change in owner.changes(conversation, after_version=start)] == [
        ("message.reaction", "added"), ("message.reaction", "removed"), ("message.deleted", None)]
    assert owner.conversation(conversation)["version"] == start + 3


def test_an_edit_leaves_statuses_and_reactions_as_they_are(trio):
    owner, sender, other, conversation, message_id = trio
    owner.read(conversation, 1)
    other.read(conversation, 1)
    ok(react(owner, message_id), 204)
    sender.edit(message_id, "edited")
    message = sender.message(message_id)
    assert message["status"] == "READ" and len(message["reactions"]) == 1


def test_edits_at_once_each_take_one_version(trio):
    owner, sender, _, conversation, message_id = trio
    start = owner.conversation(conversation)["version"]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda n: sender.edit(message_id, f"edit {n}"), range(10)))
    changes = owner.changes(conversation, after_version=start)
    assert [change["version"] for change in changes] == list(range(start + 1, start + 11))
    assert changes[-1]["message"]["payload"] == owner.message(message_id)["payload"]
