"""§3: members, roles, joining, leaving and what each of them sees."""

import pytest

from checks import eventually, invalid, is_time, ok, problem


def path(conversation, user=None):
    return f"/v1/conversations/{conversation}/members" + (f"/{user.id}" if user else "")


def add(caller, conversation, user, **fields):
    return caller.post(path(conversation), {"user_id": user.id, **fields})


def roles(caller, conversation):
    return {member["user_id"]: member["role"] for member in caller.walk(path(conversation))}


@pytest.fixture
def team(users, group):
    """An owner, an admin, a member, and their group."""
    owner, admin, member = users(3)
    conversation = group(owner, admin, member)
    ok(owner.patch(path(conversation, admin), {"role": "admin"}))
    return owner, admin, member, conversation


def test_the_owner_and_admins_add_members(team, users):
    owner, admin, member, conversation = team
    first, second, third = users(3)
    made = ok(add(owner, conversation, first), 201)
    assert made["user_id"] == first.id and made["role"] == "member"
    assert ok(add(admin, conversation, second, role="admin"), 201)["role"] == "admin"
    problem(add(member, conversation, third), 403)
    problem(add(third, conversation, third), 404)
    assert roles(member, conversation) == {owner.id: "owner", admin.id: "admin", member.id: "member",
                                           first.id: "member", second.id: "admin"}
    assert first.conversation(conversation)["member_count"] == 5


def test_members_are_listed_in_pages(team, users):
    owner, _, _, conversation = team
    for user in users(4):
        ok(add(owner, conversation, user), 201)
    listed = [member["user_id"] for member in owner.walk(path(conversation), limit=3)]
    assert len(listed) == 7 and len(set(listed)) == 7


@pytest.mark.parametrize("fields, pointer", [({"role": "king"}, "/role"), ({"role": 5}, "/role"),
                                             ({"history": "some"}, "/history"), ({"history": True}, "/history")])
def test_a_bad_membership_is_refused_by_field(team, users, fields, pointer):
    owner, _, _, conversation = team
    newcomer, = users(1)
    invalid(add(owner, conversation, newcomer, **fields), pointer)
    problem(newcomer.get(f"/v1/conversations/{conversation}"), 404)


def test_an_unknown_user_or_none_cannot_be_added(world, team):
    owner, _, _, conversation = team
    invalid(owner.post(path(conversation), {}), "/user_id")
    invalid(owner.post(path(conversation), {"user_id": 5}), "/user_id")
    problem(owner.post(path(conversation), {"user_id": world.fresh_name()}), 422)


def test_a_private_conversations_members_cannot_change(users, private):
    alice, bob, carol = users(3)
    conversation = private(alice, bob)
    problem(add(alice, conversation, carol), 422)
    problem(alice.delete(path(conversation, bob)), 422)
    problem(bob.delete(path(conversation, bob)), 422)
    problem(alice.patch(path(conversation, bob), {"role": "admin"}), 422)
    assert sorted(roles(alice, conversation)) == sorted([alice.id, bob.id])


def test_an_admin_cannot_touch_an_owner(team):
    owner, admin, _, conversation = team
    problem(admin.patch(path(conversation, owner), {"role": "member"}), 403)
    problem(admin.delete(path(conversation, owner)), 403)
    assert roles(owner, conversation)[owner.id] == "owner"


def test_an_admin_removes_a_member_and_a_member_removes_nobody(team):
    owner, admin, member, conversation = team
    problem(member.delete(path(conversation, admin)), 403)
    problem(member.patch(path(conversation, member), {"role": "admin"}), 403)
    ok(admin.delete(path(conversation, member)), 204)
    assert member.id not in roles(owner, conversation)
    problem(owner.delete(path(conversation, member)), 404)


def test_the_last_owner_names_another_before_leaving_or_stepping_down(team):
    owner, admin, _, conversation = team
    problem(owner.delete(path(conversation, owner)), 409)
    problem(owner.patch(path(conversation, owner), {"role": "member"}), 409)
    ok(owner.patch(path(conversation, admin), {"role": "owner"}))
    ok(owner.patch(path(conversation, owner), {"role": "admin"}))
    ok(owner.delete(path(conversation, owner)), 204)
    assert roles(admin, conversation)[admin.id] == "owner"


def test_a_bad_role_is_refused(team):
    owner, _, member, conversation = team
    invalid(owner.patch(path(conversation, member), {"role": "king"}), "/role")
    invalid(owner.patch(path(conversation, member), {"role": ["admin"]}), "/role")


def test_a_new_member_sees_the_past(team, users):
    owner, _, _, conversation = team
    sent = owner.send_many(conversation, 3)
    newcomer, = users(1)
    ok(add(owner, conversation, newcomer), 201)
    owner.send(conversation, "after")
    assert [message["seq"] for message in newcomer.history(conversation)] == [1, 2, 3, 4]
    assert newcomer.message(sent[0]["message_id"])["seq"] == 1


def test_without_history_a_new_member_sees_what_comes_after(team, users):
    owner, _, _, conversation = team
    hidden = owner.send(conversation, "hidden thoughts")
    newcomer, = users(1)
    ok(add(owner, conversation, newcomer, history="none"), 201)
    shown = owner.send(conversation, "shown thoughts")
    assert [message["seq"] for message in newcomer.history(conversation)] == [2]
    assert [message["seq"] for message in newcomer.history(conversation, after_seq=0)] == [2]
    assert newcomer.history(conversation, before_seq=2) == []
    problem(newcomer.get(f"/v1/messages/{hidden['message_id']}"), 404)
    problem(newcomer.get(f"/v1/messages/{hidden['message_id']}/status/history"), 404)
    problem(newcomer.put(f"/v1/messages/{hidden['message_id']}/reactions/%F0%9F%91%8D"), 404)
    eventually(lambda: newcomer.walk("/v1/search", q="thoughts"))
    assert [item["message_id"] for item in newcomer.walk("/v1/search", q="thoughts")] == [shown["message_id"]]


def test_a_later_member_is_no_recipient_of_earlier_messages(team, users):
    owner, admin, member, conversation = team
    sent = owner.send(conversation)
    newcomer, = users(1)
    ok(add(owner, conversation, newcomer), 201)
    newcomer.read(conversation, 1)
    message = owner.message(sent["message_id"])
    assert sorted(item["user_id"] for item in message["recipients"]) == sorted([admin.id, member.id])
    assert newcomer.id not in [entry.get("user_id") for entry in owner.statuses(sent["message_id"])]


def test_one_who_left_reads_what_came_before_and_nothing_after(team):
    owner, _, member, conversation = team
    before = owner.send(conversation, "before")
    ok(member.delete(path(conversation, member)), 204)
    after = owner.send(conversation, "after")
    ok(owner.patch(f"/v1/conversations/{conversation}", {"metadata": {"title": "after"}}))
    assert [message["seq"] for message in member.history(conversation)] == [1]
    assert member.history(conversation, after_seq=1) == []
    assert member.message(before["message_id"])["payload"]["text"] == "before"
    problem(member.get(f"/v1/messages/{after['message_id']}"), 404)
    problem(member.post_message(conversation), 404, "conversation_not_found")
    problem(member.get(f"/v1/messages/{after['message_id']}/status/history"), 404)


def test_one_who_left_sees_the_conversation_as_of_then(team):
    owner, _, member, conversation = team
    owner.send(conversation, "before")
    ok(owner.delete(path(conversation, member)), 204)
    owner.send_many(conversation, 2)
    seen = member.conversation(conversation)
    is_time(seen["left_at"])
    assert seen["last_seq"] == 1
    assert member.listed(conversation) is None
    assert owner.listed(conversation)["last_seq"] == 3


def test_one_who_left_changes_nothing(team):
    owner, _, member, conversation = team
    own = member.send(conversation, "mine")
    ok(member.delete(path(conversation, member)), 204)
    for response in (member.patch(f"/v1/messages/{own['message_id']}",
                                  {"payload": {"type": "text", "text": "changed"}}),
                     member.delete(f"/v1/messages/{own['message_id']}"),
                     member.patch(f"/v1/conversations/{conversation}", {"metadata": {"x": 1}}),
                     add(member, conversation, member)):
        assert response.status_code in (403, 404), response.text
    assert owner.message(own["message_id"])["payload"]["text"] == "mine"


def test_a_rejoining_is_a_new_membership(team):
    owner, admin, _, conversation = team
    ok(admin.delete(path(conversation, admin)), 204)
    owner.send_many(conversation, 2)
    ok(add(owner, conversation, admin), 201)
    owner.send(conversation)
    assert roles(owner, conversation)[admin.id] == "member"
    assert [message["seq"] for message in admin.history(conversation)] == [1, 2, 3]
    assert "left_at" not in admin.conversation(conversation) or admin.conversation(conversation)["left_at"] is None
    assert admin.listed(conversation)["last_seq"] == 3


def test_each_change_of_members_takes_one_version(team, users):
    owner, admin, member, conversation = team
    newcomer, = users(1)
    start = owner.conversation(conversation)["version"]
    ok(add(owner, conversation, newcomer), 201)
    ok(owner.patch(path(conversation, newcomer), {"role": "admin"}))
    ok(owner.patch(path(conversation, newcomer), {"role": "admin"}))
    ok(newcomer.delete(path(conversation, newcomer)), 204)
    changes = owner.changes(conversation, after_version=start)
    assert [change["type"] for change in changes] == ["member.added", "member.updated", "member.removed"]
    assert [change["version"] for change in changes] == [start + 1, start + 2, start + 3]
    assert [change["user_id"] for change in changes] == [newcomer.id] * 3
    assert [change.get("role") for change in changes[:2]] == ["member", "admin"]
    assert [change["by"] for change in changes] == [owner.id, owner.id, newcomer.id]
    assert owner.conversation(conversation)["version"] == start + 3
