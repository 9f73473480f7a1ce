"""§5: opening a WebSocket, sending on it, and what arrives live."""

import contextlib
import re

import pytest
from websockets.exceptions import ConnectionClosed

from chat import Socket, new_id, text
from checks import invalid, is_time, is_uuid, ok, problem, problem_document


@pytest.fixture
def pair(users, private):
    alice, bob = users(2)
    return alice, bob, private(alice, bob)


def is_ready(frame, user, device=None):
    assert frame["type"] == "ready" and frame["user_id"] == user.id
    assert frame["session_id"] and frame["heartbeat_seconds"] > 0 and "device_id" in frame
    if device:
        assert frame["device_id"] == device


def test_a_header_authenticates(users):
    alice, = users(1)
    socket = alice.connect("phone")
    is_ready(socket.ready, alice, "phone")
    assert socket.connection.subprotocol == "chat4all.v1"


def test_a_first_frame_authenticates(users):
    alice, = users(1)
    socket = Socket.open(alice.server)
    socket.send({"type": "auth", "token": alice.token, "device_id": "phone"})
    is_ready(socket.receive(), alice, "phone")


def test_no_device_and_no_subprotocol_are_fine(users):
    alice, = users(1)
    socket = Socket.open(alice.server, subprotocols=())
    socket.send({"type": "auth", "token": alice.token})
    is_ready(socket.receive(), alice)
    assert socket.connection.subprotocol is None


def test_every_session_has_an_id_of_its_own(users):
    alice, = users(1)
    assert len({alice.connect("phone").ready["session_id"] for _ in range(3)}) == 3


@pytest.mark.parametrize("token", ["nonsense", "c4a_nonsense", "a.b.c", ""])
def test_a_bad_token_is_accepted_and_closed_with_4001(server, token):
    by_frame = Socket.open(server)
    by_frame.send({"type": "auth", "token": token})
    assert by_frame.close_code() == 4001
    if token:
        assert Socket.open(server, headers={"Authorization": f"Bearer {token}"}).close_code() == 4001


def test_a_deleted_users_token_is_closed_with_4001(users):
    alice, = users(1)
    ok(alice.delete(f"/v1/users/{alice.id}"), 204)
    assert Socket.open(alice.server, headers=alice.headers).close_code() == 4001


def test_a_foreign_origin_is_accepted_and_closed_with_4003(users):
    alice, = users(1)
    for origin in ("https://evil.example", "null", "https://app.example.evil.example", "http://app.example"):
        assert Socket.open(alice.server, headers=alice.headers, origin=origin).close_code() == 4003


def test_the_own_and_the_allowed_origins_are_welcome(users):
    alice, = users(1)
    for origin in (alice.server.url, "https://app.example"):
        is_ready(Socket.open(alice.server, headers=alice.headers, origin=origin).receive(), alice)


@pytest.mark.slow
def test_without_authentication_the_socket_closes_after_ten_seconds_even_with_a_token_in_the_url(users):
    alice, = users(1)
    socket = Socket.open(alice.server, path=f"/ws?token={alice.token}&access_token={alice.token}")
    with pytest.raises(TimeoutError):
        socket.receive(seconds=5)
    assert socket.close_code(seconds=8) == 4001


def test_nothing_is_sent_before_authentication(pair):
    alice, bob, conversation = pair
    socket = Socket.open(alice.server)
    socket.send_message(conversation)
    with contextlib.suppress(ConnectionClosed):  # it may be closed already
        socket.send({"type": "auth", "token": "nonsense"})
    socket.close_code()
    assert alice.history(conversation) == []


def test_a_plain_get_of_the_path_is_no_upgrade(users):
    response = users(1)[0].get("/ws")
    assert 400 <= response.status_code < 500
    problem(response, response.status_code)


def test_a_send_is_answered_by_its_ref(pair):
    alice, bob, conversation = pair
    socket = alice.connect()
    message_id = new_id()
    socket.send_message(conversation, ref="r1", message_id=message_id)
    sent = socket.expect("sent")
    assert sent["ref"] == "r1" and sent["message_id"] == message_id and sent["conversation_id"] == conversation
    assert sent["seq"] == 1 and sent["status"] == "SENT" and sent["duplicate"] is False
    is_time(sent["created_at"])
    assert bob.message(message_id)["created_at"] == sent["created_at"]


def test_the_members_get_the_message_live_and_whole(pair):
    alice, bob, conversation = pair
    hers, his = alice.connect(), bob.connect()
    first = alice.send(conversation, "first")
    his.expect_message(first["message_id"])
    hers.send_message(conversation, "é\u0301 😀\n", ref="r", metadata={"k": [1]}, reply_to=first["message_id"])
    sent = hers.expect("sent", ref="r")
    message = his.expect_message(sent["message_id"])
    is_uuid(message["message_id"])
    assert message["conversation_id"] == conversation and message["seq"] == 2 and message["from"] == alice.id
    assert message["payload"] == text("é\u0301 😀\n") and message["metadata"] == {"k": [1]}
    assert message["created_at"] == sent["created_at"] and message["reply_to"] == first["message_id"]
    assert "channel" in message


def test_a_repeated_send_is_a_duplicate_and_a_changed_one_an_error(pair):
    alice, bob, conversation = pair
    socket = alice.connect()
    message_id = new_id()
    for ref in ("1", "2"):
        socket.send_message(conversation, ref=ref, message_id=message_id)
    socket.send_message(conversation, "other", ref="3", message_id=message_id)
    first, second = socket.expect("sent", ref="1"), socket.expect("sent", ref="2")
    assert (first["duplicate"], second["duplicate"]) == (False, True) and first["seq"] == second["seq"] == 1
    problem_document(socket.expect("error", ref="3")["problem"], 409, "message_id_conflict")
    assert len(bob.history(conversation)) == 1


def error_frames(client, status):
    samples = re.findall(rf'^chat4all_ws_errors_total{{status="{status}"}} (\d+)', client.get("/metrics").text, re.MULTILINE)
    return int(samples[0]) if samples else 0


def test_error_frames_are_counted(pair):
    alice, _, conversation = pair
    before = error_frames(alice, "4xx"), error_frames(alice, "5xx")
    socket = alice.connect()
    for _ in range(3):
        socket.send_message(conversation, "")
        socket.expect("error")
    assert (error_frames(alice, "4xx"), error_frames(alice, "5xx")) == (before[0] + 3, before[1])


def test_a_refused_send_is_an_error_with_its_ref(pair):
    alice, _, conversation = pair
    socket = alice.connect()
    socket.send_message(new_id(), ref="unknown")
    problem_document(socket.expect("error", ref="unknown")["problem"], 404, "conversation_not_found")
    socket.send_message(conversation, "", ref="empty")
    problem_document(socket.expect("error", ref="empty")["problem"], 422)
    socket.send_message(conversation, ref="channel", channels=["carrier_pigeon"])
    problem_document(socket.expect("error", ref="channel")["problem"], 422)
    socket.send_message(conversation, ref="good")
    assert socket.expect("sent", ref="good")["seq"] == 1


def test_what_one_socket_sends_takes_its_seq_in_the_order_sent(pair):
    alice, bob, conversation = pair
    hers, his = alice.connect(), bob.connect()
    frames = [{"type": "send", "ref": str(n), "message": {"conversation_id": conversation, "payload": text(str(n))}}
              for n in range(150)]
    for start in range(0, 150, 30):
        hers.send(*frames[start:start + 30])
    answers = {frame["ref"]: frame["seq"] for frame in (hers.expect("sent") for _ in range(150))}
    assert [answers[str(n)] for n in range(150)] == list(range(1, 151))
    received = his.messages(150)
    assert [message["seq"] for message in received] == list(range(1, 151))
    assert [message["payload"]["text"] for message in received] == [str(n) for n in range(150)]


def test_two_sockets_interleave_and_each_keeps_its_order(pair):
    alice, bob, conversation = pair
    sockets = [alice.connect("a"), bob.connect("b")]
    for n in range(60):
        for socket in sockets:
            socket.send_message(conversation, str(n), ref=str(n))
    orders = [[socket.expect("sent", ref=str(n))["seq"] for n in range(60)] for socket in sockets]
    assert all(order == sorted(order) for order in orders)
    assert sorted(orders[0] + orders[1]) == list(range(1, 121))


def test_ones_other_devices_get_what_one_sends(pair):
    alice, _, conversation = pair
    phone, tablet = alice.connect("phone"), alice.connect("tablet")
    phone.send_message(conversation, "from the phone", ref="r")
    sent = phone.expect("sent", ref="r")
    assert tablet.expect_message(sent["message_id"])["from"] == alice.id
    after = tablet_sends(tablet, conversation)
    frames = []
    while True:
        frame = phone.receive()
        frames.append(frame)
        if frame["type"] == "message" and frame["message"]["message_id"] == after:
            break
    assert sent["message_id"] not in [f["message"]["message_id"] for f in frames if f["type"] == "message"]


def tablet_sends(tablet, conversation):
    tablet.send_message(conversation, "from the tablet", ref="t")
    return tablet.expect("sent", ref="t")["message_id"]


def test_all_sockets_of_a_device_get_everything(pair):
    alice, bob, conversation = pair
    sockets = [bob.connect("phone") for _ in range(3)] + [bob.connect() for _ in range(2)]
    receipts = alice.send_many(conversation, 5)
    for socket in sockets:
        assert [m["message_id"] for m in socket.messages(5)] == [receipt["message_id"] for receipt in receipts]


def test_a_message_to_some_is_shown_to_all(users, group):
    alice, bob, carol = users(3)
    conversation = group(alice, bob, carol)
    hers = carol.connect()
    sent = alice.send(conversation, to=[bob.id])
    assert hers.expect_message(sent["message_id"])["seq"] == 1


def test_strangers_and_those_who_left_get_nothing(users, group):
    alice, bob, stranger = users(3)
    conversation, witness = group(alice, bob), group(alice, bob, stranger)
    his, strangers = bob.connect(), stranger.connect()
    before = alice.send(conversation)["message_id"]
    his.expect_message(before)
    ok(alice.delete(f"/v1/conversations/{conversation}/members/{bob.id}"), 204)
    alice.send(conversation, "not for bob")
    end = alice.send(witness)["message_id"]
    for socket in (his, strangers):
        frame = socket.expect("message")
        assert frame["message"]["message_id"] == end, frame


def test_typing_is_shown_to_the_others(pair):
    alice, bob, conversation = pair
    hers, his = alice.connect(), bob.connect()
    hers.send({"type": "typing", "conversation_id": conversation})
    his.expect("typing", conversation_id=conversation, user_id=alice.id)
    ok(bob.post(f"/v1/conversations/{conversation}/typing"), 204)
    hers.expect("typing", conversation_id=conversation, user_id=bob.id)
    assert bob.changes(conversation) == [] and bob.history(conversation) == []


def test_a_stranger_types_in_vain(pair, users):
    alice, bob, conversation = pair
    stranger, = users(1)
    socket, his = stranger.connect(), bob.connect()
    socket.send({"type": "typing", "conversation_id": conversation})
    socket.expect("error")
    problem(stranger.post(f"/v1/conversations/{conversation}/typing"), 404)
    sent = alice.send(conversation)["message_id"]
    frames = [his.receive()]
    while frames[-1]["type"] != "message" or frames[-1]["message"]["message_id"] != sent:
        frames.append(his.receive())
    assert "typing" not in [frame["type"] for frame in frames]


def test_watching_tells_presence_now_and_on_each_change(pair, users):
    alice, bob, _ = pair
    stranger, = users(1)
    watcher = alice.connect()
    watcher.send({"type": "watch", "user_ids": [bob.id, stranger.id]})
    assert watcher.expect("presence", user_id=bob.id)["status"] == "offline"
    his, _ = bob.connect(), stranger.connect()
    online = watcher.expect("presence", user_id=bob.id, status="online")
    is_time(online["last_seen"])
    his.close()
    frames = [watcher.receive()]
    while frames[-1]["type"] != "presence" or frames[-1]["status"] != "offline":
        frames.append(watcher.receive())
    assert all(frame.get("user_id") != stranger.id for frame in frames)


def test_more_than_a_thousand_are_too_many_to_watch(users):
    socket = users(1)[0].connect()
    socket.send({"type": "watch", "user_ids": [f"u{n}" for n in range(1001)]})
    problem_document(socket.expect("error")["problem"], 422)
    socket.send({"type": "watch", "user_ids": [f"u{n}" for n in range(1000)]})
    assert socket.ping() == []


def test_pings_of_both_kinds_are_answered(users):
    socket = users(1)[0].connect()
    assert socket.ping() == []
    assert socket.connection.ping(b"are you there").wait(5)


def test_several_frames_in_one_message_are_all_served(pair):
    alice, _, conversation = pair
    socket = alice.connect()
    socket.send({"type": "ping"}, {"type": "typing", "conversation_id": conversation}, "nonsense", {"type": "ping"})
    kinds = []
    while kinds.count("pong") < 2 or kinds.count("error") < 1:
        kinds.append(socket.receive()["type"])
    assert kinds.count("pong") == 2 and kinds.count("error") == 1


def test_a_refused_send_points_at_the_field_as_rest_does(pair):
    alice, _, conversation = pair
    invalid(alice.post_message(conversation, ""), "/payload/text")
    socket = alice.connect()
    socket.send_message(conversation, "", ref="r")
    pointers = [error["pointer"].removeprefix("#") for error in socket.expect("error", ref="r")["problem"]["errors"]]
    assert any(pointer.endswith("/payload/text") for pointer in pointers)
