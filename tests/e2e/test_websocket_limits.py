"""§5: bad frames, limits and the codes with which a socket closes."""

import json
import signal
import socket as tcp
import time

import pytest

from chat import Socket, text
from checks import eventually, ok, problem, problem_document


@pytest.fixture
def pair(users, private):
    alice, bob = users(2)
    return alice, bob, private(alice, bob)


@pytest.mark.parametrize("frame", [
    "nonsense", "{", "[]", "5", "null", '"x"', '{"type":5}', "{}", '{"type":"no such type"}', '{"type":"watch"}',
    '{"type":"watch","user_ids":"x"}', '{"type":"typing"}', '{"type":"typing","conversation_id":7}',
    '{"type":"ping","type":"ping"}', '{"type":"ping","a":' + "[" * 10000 + "]" * 10000 + "}"])
def test_a_bad_frame_gets_an_error_without_ref_and_the_socket_lives(users, frame):
    socket = users(1)[0].connect()
    socket.send(frame)
    error = socket.receive()
    assert error["type"] == "error" and error.get("ref") is None, error
    assert error["problem"]["status"] in (400, 404, 422)
    problem_document(error["problem"], error["problem"]["status"])
    assert socket.ping() == []


@pytest.mark.parametrize("message", ["missing", None, 5, [], {}])
def test_a_send_without_a_message_is_an_error(users, message):
    socket = users(1)[0].connect()
    socket.send({"type": "send", "ref": "r"} | ({} if message == "missing" else {"message": message}))
    error = socket.expect("error")
    problem_document(error["problem"], 422)
    assert socket.ping() == []


def test_a_binary_message_closes_with_1003(users):
    socket = users(1)[0].connect()
    socket.connection.send(b'{"type":"ping"}')
    assert socket.close_code() == 1003


def test_a_frame_as_large_as_allowed_is_served_and_a_larger_closes_with_4009(users):
    alice, = users(1)
    socket = alice.connect()
    shell = len(json.dumps({"type": "ping", "pad": ""}))
    socket.send({"type": "ping", "pad": "x" * (262144 - shell)})
    assert socket.receive()["type"] == "pong"
    socket.send({"type": "ping", "pad": "x" * (262145 - shell)})
    assert socket.close_code() == 4009


def test_the_largest_message_passes(pair):
    alice, bob, conversation = pair
    hers, his = alice.connect(), bob.connect()
    hers.send_message(conversation, "😀" * 10000, ref="r", metadata={"k": "x" * 16000})
    sent = hers.expect("sent", ref="r")
    assert his.expect_message(sent["message_id"])["payload"] == text("😀" * 10000)


def test_the_limit_of_a_frame_is_a_setting(own_server):
    world = own_server({"limits.frame_bytes": 4096})
    socket = world.users(1)[0].connect()
    socket.send({"type": "ping", "pad": "x" * 4000})
    assert socket.receive()["type"] == "pong"
    socket.send({"type": "ping", "pad": "x" * 5000})
    assert socket.close_code() == 4009


@pytest.mark.parametrize("pause_s", [0, 0.2])
def test_too_many_sends_are_errors_with_429_and_then_the_socket_closes_with_4029(pair, pause_s):
    """With a pause, some sends of each round are taken."""
    alice, bob, conversation = pair
    socket = alice.connect()
    sent = refused = number = 0
    code = None
    deadline = time.monotonic() + 45
    while code is None and time.monotonic() < deadline:
        time.sleep(pause_s)
        try:
            socket.send(*[{"type": "send", "ref": str(number + n), "message": {
                "conversation_id": conversation, "payload": text("x")}} for n in range(200)])
            number += 200
            for _ in range(200):
                frame = socket.receive()
                sent += frame["type"] == "sent"
                if frame["type"] == "error":
                    problem_document(frame["problem"], 429)
                    refused += 1
        except Exception as closed:  # the library's closing, whichever call noticed it
            assert getattr(closed, "rcvd", None) is not None, repr(closed)
            code = closed.rcvd.code
    assert sent >= 200 and refused > 0
    assert code == 4029
    eventually(lambda: bob.conversation(conversation)["last_seq"] >= sent)


def narrow_socket(server):
    """A TCP connection that holds little, so that a reader who stops is noticed soon."""
    connection = tcp.socket()
    connection.setsockopt(tcp.SOL_SOCKET, tcp.SO_RCVBUF, 16384)
    connection.connect(("127.0.0.1", server.port))
    return connection


@pytest.mark.embedded("the client reads the close frame only if all was sent within the server's patience with it")
def test_a_slow_reader_is_dropped_with_4008_and_resumes_without_loss(world, pair):
    alice, bob, conversation = pair
    slow = bob.connect("slow", sock=narrow_socket(world.server), max_queue=1)
    brisk = bob.connect("brisk")
    back_end = world.acting(alice)
    total = 400
    for number in range(total):
        back_end.send(conversation, "😀" * 10000)
        if number % 20 == 19:
            assert [m["seq"] for m in brisk.messages(20)] == list(range(number - 18, number + 2))
    assert slow.close_code(seconds=20) == 4008
    again = bob.connect("slow")
    assert [m["seq"] for m in again.messages(total, seconds=20)] == list(range(1, total + 1))


@pytest.mark.slow
@pytest.mark.timeout(150)
def test_an_expired_token_closes_with_4001_after_a_minute_unless_a_new_one_came(own_server):
    world = own_server({"auth.access_token_seconds": 2})
    alice, bob = world.users(2)
    start = time.monotonic()
    left, renewed = alice.connect(), bob.connect()
    assert left.ping() == []
    time.sleep(30)
    renewed.send({"type": "auth", "token": world.sign_in(bob.id).token})
    assert left.close_code(seconds=45) == 4001
    assert 50 <= time.monotonic() - start <= 70
    renewed.ping()
    eventually(lambda: alice.get("/v1/conversations").status_code == 401)
    problem(alice.get("/v1/conversations"), 401)
    assert Socket.open(world.server, headers=alice.headers).close_code() == 4001


def test_a_new_auth_frame_may_come_at_any_time(users):
    alice, = users(1)
    socket = alice.connect()
    socket.send({"type": "auth", "token": alice.token})
    assert "error" not in [frame["type"] for frame in socket.ping()]


def test_a_new_auth_frame_with_a_bad_token_closes_with_4001(users):
    socket = users(1)[0].connect()
    socket.send({"type": "auth", "token": "nonsense"})
    assert socket.close_code() == 4001


def test_a_restart_closes_with_1012_and_nothing_is_lost(own_server):
    world = own_server()
    alice, bob = world.users(2)
    conversation = world.private(alice, bob)
    phone = bob.connect("phone")
    sent = alice.send(conversation)["message_id"]
    phone.expect_message(sent)
    world.server.process.send_signal(signal.SIGTERM)
    assert phone.close_code(seconds=11) == 1012
    assert world.server.process.wait(11) == 0
    world.server.start()
    assert bob.connect("phone").receive()["message"]["message_id"] == sent


def test_deleting_a_conversation_leaves_its_sockets_working(users, group):
    alice, bob = users(2)
    first, second = group(alice, bob), group(alice, bob)
    his = bob.connect()
    alice.send(first)
    ok(alice.delete(f"/v1/conversations/{first}"), 204)
    sent = alice.send(second)["message_id"]
    assert his.expect_message(sent)["seq"] == 1
