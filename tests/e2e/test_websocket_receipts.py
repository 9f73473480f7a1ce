"""§5: acknowledgements, status frames, changes on the wire."""

from urllib.parse import quote

import pytest

from chat import new_id, text
from checks import eventually, is_time, ok, problem_document


@pytest.fixture
def pair(users, private):
    alice, bob = users(2)
    return alice, bob, private(alice, bob)


def send_all(socket, conversation, count, **fields):
    refs = [socket.send_message(conversation, str(n), **fields) for n in range(count)]
    return [socket.expect("sent", ref=ref) for ref in refs]


def until_message(socket, message_id):
    """Every frame up to this message, without it."""
    frames = []
    while True:
        frame = socket.receive()
        if frame["type"] == "message" and frame["message"]["message_id"] == message_id:
            return frames
        frames.append(frame)


def test_the_sender_sees_delivered_and_read(pair):
    alice, bob, conversation = pair
    hers, his = alice.connect(), bob.connect()
    sent, = send_all(hers, conversation, 1)
    his.expect_message(sent["message_id"])
    for action, status in (("delivered", "DELIVERED"), ("read", "READ")):
        his.send({"type": action, "conversation_id": conversation, "up_to_seq": 1})
        frame = hers.expect("status", status=status)
        assert frame["conversation_id"] == conversation and frame["message_id"] == sent["message_id"]
        assert frame["seq"] == 1 and frame["user_id"] == bob.id and frame["channel"] == "in_app"
        is_time(frame["timestamp"])
    history = alice.statuses(sent["message_id"])
    assert [(entry["status"], entry["source"]) for entry in history] == [
        ("SENT", "server"), ("DELIVERED", "client"), ("READ", "client")]
    assert history[2]["timestamp"] == frame["timestamp"]


@pytest.mark.parametrize("by_socket", [True, False])
def test_one_acknowledgement_of_many_is_one_frame_for_the_newest(pair, by_socket):
    alice, bob, conversation = pair
    hers, his = alice.connect(), bob.connect()
    sent = send_all(hers, conversation, 5)
    his.messages(5)
    if by_socket:
        his.send({"type": "delivered", "conversation_id": conversation, "up_to_seq": 4})
    else:
        bob.delivered(conversation, 4)
    assert hers.expect("status")["message_id"] == sent[3]["message_id"]
    end = bob.send(conversation, "end")["message_id"]
    assert [frame for frame in until_message(hers, end) if frame["type"] == "status"] == []


def test_each_message_that_asked_for_a_receipt_has_its_own_frame(pair):
    alice, bob, conversation = pair
    hers = alice.connect()
    sent = send_all(hers, conversation, 4, request_delivery_receipt=True)
    bob.delivered(conversation, 4)
    frames = [hers.expect("status", status="DELIVERED") for _ in range(4)]
    assert sorted(frame["seq"] for frame in frames) == [1, 2, 3, 4]
    assert {frame["message_id"] for frame in frames} == {receipt["message_id"] for receipt in sent}


def test_each_sender_hears_of_their_own_messages(users, group):
    alice, bob, carol = users(3)
    conversation = group(alice, bob, carol)
    hers, his = alice.connect(), bob.connect()
    first, = send_all(hers, conversation, 1)
    second, = send_all(his, conversation, 1)
    third, = send_all(hers, conversation, 1)
    carol.delivered(conversation, 3)
    assert hers.expect("status", user_id=carol.id)["message_id"] == third["message_id"]
    assert his.expect("status", user_id=carol.id)["message_id"] == second["message_id"]


def test_a_repeated_acknowledgement_is_told_once(pair):
    alice, bob, conversation = pair
    hers, his = alice.connect(), bob.connect()
    send_all(hers, conversation, 2)
    for _ in range(3):
        his.send({"type": "delivered", "conversation_id": conversation, "up_to_seq": 2})
    his.send({"type": "delivered", "conversation_id": conversation, "up_to_seq": 1})
    his.send_message(conversation, "end", ref="end")
    end = his.expect("sent", ref="end")["message_id"]
    statuses = [frame for frame in until_message(hers, end) if frame["type"] == "status"]
    # While a session catches up its statuses wait, so that they may come behind a later message.
    statuses = statuses or [hers.expect("status")]
    assert [(frame["seq"], frame["status"]) for frame in statuses] == [(2, "DELIVERED")]
    assert not [frame for frame in hers.ping() if frame["type"] == "status"]


def test_an_acknowledgement_beyond_the_end_is_clamped(pair):
    alice, bob, conversation = pair
    his = bob.connect("phone")
    alice.send_many(conversation, 2)
    his.send({"type": "delivered", "conversation_id": conversation, "up_to_seq": 99})
    eventually(lambda: bob.listed(conversation)["delivered_up_to_seq"] == 2)
    later = alice.send(conversation, "later")["message_id"]
    assert alice.message(later)["status"] == "SENT"


@pytest.mark.parametrize("frame", [
    {"up_to_seq": -1}, {"up_to_seq": "1"}, {}, {"up_to_seq": 1, "conversation_id": "x"},
    {"up_to_seq": 1, "conversation_id": "6fa459ea-ee8a-4ca4-894e-db77e160355e"}])
@pytest.mark.parametrize("kind", ["delivered", "read"])
def test_a_bad_acknowledgement_is_an_error_and_moves_nothing(pair, kind, frame):
    alice, bob, conversation = pair
    alice.send(conversation)
    his = bob.connect()
    his.send({"type": kind, "conversation_id": conversation, **frame})
    error = his.expect("error")
    assert "ref" not in error or error["ref"] is None
    problem_document(error["problem"], error["problem"]["status"])
    assert bob.listed(conversation)["delivered_up_to_seq"] == 0


def test_in_large_groups_only_all_is_told_unless_a_receipt_was_asked_for(own_server):
    world = own_server({"limits.receipt_members": 3})
    alice, *others = world.users(4)
    conversation = world.group(alice, *others)
    hers = alice.connect()
    plain, = send_all(hers, conversation, 1)
    for user in others[:-1]:
        user.delivered(conversation, 1)
    middle = others[0].send(conversation, "not yet")["message_id"]
    assert [frame for frame in until_message(hers, middle) if frame["type"] == "status"] == []
    others[-1].delivered(conversation, 1)
    assert hers.expect("status", status="DELIVERED")["message_id"] == plain["message_id"]
    asked, = send_all(hers, conversation, 1, request_delivery_receipt=True)
    others[1].delivered(conversation, asked["seq"])
    hers.expect("status", message_id=asked["message_id"], user_id=others[1].id, status="DELIVERED")
    entries = alice.statuses(plain["message_id"])
    assert {entry.get("user_id") for entry in entries} == {None, *(user.id for user in others)}


def test_every_change_is_pushed_as_the_changes_list_shows_it(users, group):
    alice, bob, carol = users(3)
    conversation = group(alice, bob)
    his = bob.connect()
    start = alice.conversation(conversation)["version"]
    first, second = (receipt["message_id"] for receipt in alice.send_many(conversation, 2))
    members = f"/v1/conversations/{conversation}/members"
    alice.edit(first, "edited")
    ok(alice.put(f"/v1/messages/{first}/reactions/{quote('🎉')}"), 204)
    ok(alice.delete(f"/v1/messages/{first}/reactions/{quote('🎉')}"), 204)
    ok(alice.delete(f"/v1/messages/{second}"), 204)
    ok(alice.post(members, {"user_id": carol.id}), 201)
    ok(alice.patch(f"{members}/{carol.id}", {"role": "admin"}))
    ok(alice.delete(f"{members}/{carol.id}"), 204)
    ok(alice.patch(f"/v1/conversations/{conversation}", {"metadata": {"title": "new"}}))
    pushed = []
    while len(pushed) < 8:
        frame = his.receive()
        if "version" in frame:
            pushed.append(frame)
    assert [frame["type"] for frame in pushed] == [
        "message.updated", "message.reaction", "message.reaction", "message.deleted", "member.added", "member.updated",
        "member.removed", "conversation.updated"]
    assert [frame["version"] for frame in pushed] == list(range(start + 1, start + 9))
    assert pushed == bob.changes(conversation, after_version=start)
    assert pushed[0]["message"]["payload"] == text("edited") and pushed[0]["message"]["edited_at"]
    assert [frame["action"] for frame in pushed[1:3]] == ["added", "removed"]


def test_a_new_member_who_is_online_gets_what_follows(users, group):
    alice, bob = users(2)
    conversation = group(alice)
    socket = bob.connect()
    ok(alice.post(f"/v1/conversations/{conversation}/members", {"user_id": bob.id}), 201)
    sent = alice.send(conversation)["message_id"]
    assert socket.expect_message(sent)["seq"] == 1


def test_a_new_conversation_reaches_those_who_are_online(users, private):
    alice, bob = users(2)
    hers, his = alice.connect(), bob.connect()
    conversation = private(alice, bob)
    his.send_message(conversation, ref=(ref := new_id()))
    sent = his.expect("sent", ref=ref)
    assert hers.expect_message(sent["message_id"])["from"] == bob.id


def test_a_send_by_rest_is_live_at_once(pair):
    alice, bob, conversation = pair
    his = bob.connect()
    for seq in range(1, 51):
        sent = alice.send(conversation, str(seq))
        assert his.expect("message")["message"]["message_id"] == sent["message_id"]
