"""§5: what a device missed, and what it acknowledged."""

import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest

from checks import eventually, ok


@pytest.fixture
def pair(users, private):
    alice, bob = users(2)
    return alice, bob, private(alice, bob)


def seqs(messages):
    return [message["seq"] for message in messages]


def acknowledge(socket, user, conversation, up_to_seq):
    """Acknowledges on the socket, and waits until the server knows."""
    socket.send({"type": "delivered", "conversation_id": conversation, "up_to_seq": up_to_seq})
    eventually(lambda: user.listed(conversation)["delivered_up_to_seq"] >= up_to_seq)


def nothing_is_pending(socket, sender, conversation):
    """The next message on this socket is one that is sent now."""
    sent = sender.send(conversation, "now")
    frame = socket.receive()
    assert frame["type"] == "message" and frame["message"]["message_id"] == sent["message_id"], frame
    return frame["message"]["seq"]


def test_what_was_sent_while_away_is_pending_until_acknowledged(pair):
    alice, bob, conversation = pair
    receipts = alice.send_many(conversation, 3)
    for _ in range(2):
        phone = bob.connect("phone")
        pending = [frame["message"] for frame in phone.take(3)]
        assert [m["message_id"] for m in pending] == [receipt["message_id"] for receipt in receipts]
        assert seqs(pending) == [1, 2, 3]
        phone.close()
    phone = bob.connect("phone")
    phone.take(3)
    acknowledge(phone, bob, conversation, 2)
    phone.close()
    phone = bob.connect("phone")
    assert phone.receive()["message"]["seq"] == 3
    acknowledge(phone, bob, conversation, 3)
    phone.close()
    nothing_is_pending(bob.connect("phone"), alice, conversation)


def test_an_unacknowledged_live_message_is_pending_again(pair):
    alice, bob, conversation = pair
    phone = bob.connect("phone")
    sent = alice.send(conversation)["message_id"]
    phone.expect_message(sent)
    phone.close()
    assert bob.connect("phone").receive()["message"]["message_id"] == sent


def test_an_acknowledgement_by_rest_moves_the_device_it_names(pair):
    alice, bob, conversation = pair
    bob.connect("phone").close()
    bob.connect("tablet").close()
    alice.send_many(conversation, 2)
    bob.delivered(conversation, 2, device="phone")
    assert seqs(frame["message"] for frame in bob.connect("tablet").take(2)) == [1, 2]
    assert nothing_is_pending(bob.connect("phone"), alice, conversation) == 3


def test_each_device_has_a_place_of_its_own(pair):
    alice, bob, conversation = pair
    phone, tablet = bob.connect("phone"), bob.connect("tablet")
    alice.send_many(conversation, 3)
    for socket in (phone, tablet):
        assert seqs(socket.messages(3)) == [1, 2, 3]
    acknowledge(phone, bob, conversation, 3)
    tablet.close()
    assert seqs(bob.connect("tablet").messages(3)) == [1, 2, 3]


def test_a_new_device_starts_after_what_any_device_has_had(pair):
    alice, bob, conversation = pair
    phone = bob.connect("phone")
    alice.send_many(conversation, 3)
    acknowledge(phone, bob, conversation, 2)
    assert bob.connect("new tablet").receive()["message"]["seq"] == 3


def test_reading_counts_as_delivered_to_the_device(pair):
    alice, bob, conversation = pair
    phone = bob.connect("phone")
    alice.send_many(conversation, 2)
    phone.messages(2)
    phone.send({"type": "read", "conversation_id": conversation, "up_to_seq": 2})
    eventually(lambda: bob.listed(conversation)["read_up_to_seq"] == 2)
    phone.close()
    nothing_is_pending(bob.connect("phone"), alice, conversation)


def test_without_a_device_the_user_is_one_device(pair):
    alice, bob, conversation = pair
    first, second = bob.connect(), bob.connect()
    alice.send_many(conversation, 2)
    assert seqs(first.messages(2)) == seqs(second.messages(2)) == [1, 2]
    acknowledge(first, bob, conversation, 2)
    second.close()
    nothing_is_pending(bob.connect(), alice, conversation)


def test_what_the_device_itself_sent_is_not_pending_for_it(pair):
    alice, bob, conversation = pair
    phone = alice.connect("phone")
    phone.send_message(conversation, ref="r")
    phone.expect("sent", ref="r")
    phone.close()
    nothing_is_pending(alice.connect("phone"), bob, conversation)


def test_pending_of_several_conversations_is_in_order_within_each(users, private, group):
    alice, bob, carol = users(3)
    conversations = [private(alice, bob), private(carol, bob), group(alice, bob, carol)]
    for n in range(5):
        for conversation, sender in zip(conversations, (alice, carol, carol)):
            sender.send(conversation, str(n))
    pending = [frame["message"] for frame in bob.connect().take(15)]
    for conversation in conversations:
        assert seqs(m for m in pending if m["conversation_id"] == conversation) == [1, 2, 3, 4, 5]


def test_pending_comes_in_its_present_state_then_the_changes_by_version(pair):
    alice, bob, conversation = pair
    phone = bob.connect("phone")
    start = alice.conversation(conversation)["version"]
    first = alice.send(conversation, "one")["message_id"]
    phone.expect_message(first)
    acknowledge(phone, bob, conversation, 1)
    phone.close()
    second, third = (alice.send(conversation, content)["message_id"] for content in ("two", "three"))
    alice.edit(first, "one, edited")
    alice.edit(second, "two, edited")
    ok(alice.delete(f"/v1/messages/{third}"), 204)
    ok(alice.put(f"/v1/messages/{first}/reactions/{quote('👍')}"), 204)
    phone = bob.connect("phone")
    frames = phone.take(6)
    assert [frame["type"] for frame in frames] == [
        "message", "message", "message.updated", "message.updated", "message.deleted", "message.reaction"]
    assert frames[0]["message"]["payload"]["text"] == "two, edited" and frames[0]["message"]["edited_at"]
    assert frames[1]["message"]["payload"] is None
    assert [frame["version"] for frame in frames[2:]] == list(range(start + 1, start + 5))
    phone.send({"type": "delivered", "conversation_id": conversation, "up_to_seq": 3, "up_to_version": start + 4})
    eventually(lambda: bob.listed(conversation)["delivered_up_to_seq"] == 3)
    phone.close()
    nothing_is_pending(bob.connect("phone"), alice, conversation)


def test_a_new_device_starts_at_the_present_version(pair):
    alice, bob, conversation = pair
    bob.connect("phone").close()
    message = alice.send(conversation)["message_id"]
    bob.delivered(conversation, 1)
    alice.edit(message, "edited")
    nothing_is_pending(bob.connect("new tablet"), alice, conversation)


def test_receipts_asked_for_wait_for_a_sender_who_is_away(pair):
    alice, bob, conversation = pair
    phone = alice.connect("phone")
    refs = [phone.send_message(conversation, str(n), request_delivery_receipt=n < 2) for n in range(3)]
    sent = [phone.expect("sent", ref=ref) for ref in refs]
    phone.close()
    bob.delivered(conversation, 3)
    bob.read(conversation, 1)
    phone = alice.connect("phone")
    frames = phone.take(3)
    assert [frame["type"] for frame in frames] == ["status"] * 3
    assert sorted((frame["message_id"], frame["status"]) for frame in frames) == sorted([
        (sent[0]["message_id"], "DELIVERED"), (sent[1]["message_id"], "DELIVERED"), (sent[0]["message_id"], "READ")])
    nothing_is_pending(phone, bob, conversation)


def test_a_receipt_is_told_a_device_once(pair):
    alice, bob, conversation = pair
    phone = alice.connect("phone")
    phone.send_message(conversation, ref="r", request_delivery_receipt=True)
    phone.expect("sent", ref="r")
    phone.close()
    bob.delivered(conversation, 1)
    phone = alice.connect("phone")
    assert phone.receive()["type"] == "status"
    phone.ping()
    phone.close()
    nothing_is_pending(alice.connect("phone"), bob, conversation)


def test_one_who_joined_later_has_nothing_pending_from_before(users, group):
    alice, bob, carol = users(3)
    conversation = group(alice)
    alice.send_many(conversation, 3)
    for user, history in ((bob, "all"), (carol, "none")):
        ok(alice.post(f"/v1/conversations/{conversation}/members", {"user_id": user.id, "history": history}), 201)
    sent = alice.send(conversation)["message_id"]
    for user in (bob, carol):
        assert user.connect().expect("message")["message"]["message_id"] == sent


def test_pending_joins_live_traffic_without_a_seam(world, pair):
    alice, bob, conversation = pair
    back_end = world.acting(alice)
    total = 400
    sending = threading.Thread(target=back_end.send_many, args=(conversation, total))
    sending.start()
    acknowledged = 0
    for stop_at in (60, 130, 250, total):
        phone = bob.connect("phone")
        seen = []
        while not seen or seen[-1] < stop_at:
            seen.append(phone.expect("message", seconds=20)["message"]["seq"])
        assert seen == list(range(acknowledged + 1, seen[-1] + 1)), "a hole or a repeat inside a session"
        acknowledged = seen[-1]
        acknowledge(phone, bob, conversation, acknowledged)
        phone.close()
    sending.join()


def test_a_user_has_twenty_devices_and_a_new_one_drops_the_one_longest_unused(pair):
    alice, bob, conversation = pair
    alice.send(conversation, "first")
    for number in range(20):
        device = bob.connect(f"device-{number}")
        assert seqs(device.messages(1)) == [1], "what is pending shows that the device is known"
        device.close()
    alice.send(conversation, "second")
    assert seqs(bob.connect("device-1").messages(2)) == [1, 2]
    latest = bob.connect("device-20")
    assert seqs(latest.messages(2)) == [1, 2]
    acknowledge(latest, bob, conversation, 2)
    assert seqs(bob.connect("device-5").messages(2)) == [1, 2]
    nothing_is_pending(bob.connect("device-0"), alice, conversation)


def test_a_long_absence_is_caught_up_whole(world, pair):
    alice, bob, conversation = pair
    back_end = world.acting(alice)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: back_end.send(conversation, "x" * 500), range(2000)))
    assert seqs(bob.connect().messages(2000, seconds=20)) == list(range(1, 2001))
