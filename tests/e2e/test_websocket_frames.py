"""RFC 6455 at the level of bytes: fragments, control frames in between, and what breaks the protocol."""

import json
import struct

import pytest

from chat import text
from raw import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, RawWebSocket, Wire, bearer, request

PING_FRAME = b'{"type":"ping"}'


@pytest.fixture
def alice(users):
    return users(1)[0]


@pytest.fixture
def socket(alice):
    return RawWebSocket(alice.server, alice.token)


def test_a_message_in_many_fragments_is_one_message(socket):
    for index, byte in enumerate(PING_FRAME):
        socket.send(TEXT if index == 0 else CONTINUATION, bytes([byte]), fin=index == len(PING_FRAME) - 1)
    assert socket.receive()["type"] == "pong"


def test_empty_fragments_are_allowed(socket):
    socket.send(TEXT, b"", fin=False)
    socket.send(CONTINUATION, PING_FRAME, fin=False)
    socket.send(CONTINUATION, b"", fin=True)
    assert socket.receive()["type"] == "pong"


def test_a_ping_between_fragments_is_answered_at_once(socket):
    socket.send(TEXT, PING_FRAME[:5], fin=False)
    socket.send(PING, b"in the middle")
    assert socket.control(PONG) == b"in the middle"
    socket.send(CONTINUATION, PING_FRAME[5:])
    assert socket.receive()["type"] == "pong"


def test_a_pong_nobody_asked_for_is_ignored(socket):
    socket.send(PONG, b"unasked")
    assert socket.works()


def test_a_frame_that_arrives_byte_by_byte_is_served(socket):
    for byte in socket.frame(TEXT, PING_FRAME):
        socket.wire.send(bytes([byte]))
    assert socket.receive()["type"] == "pong"


def test_many_frames_in_one_segment_are_all_served(socket):
    socket.wire.send(socket.frame(TEXT, PING_FRAME) * 100)
    for _ in range(100):
        assert socket.receive()["type"] == "pong"


def test_a_character_split_between_fragments_is_whole(users, private):
    alice, bob = users(2)
    conversation = private(alice, bob)
    socket = RawWebSocket(alice.server, alice.token)
    frame = json.dumps({"type": "send", "ref": "r", "message": {"conversation_id": conversation,
                                                                "payload": text("😀")}}, ensure_ascii=False).encode()
    split = frame.index("😀".encode()) + 2
    socket.send(TEXT, frame[:split], fin=False)
    socket.send(CONTINUATION, frame[split:])
    assert socket.expect("sent")["seq"] == 1
    assert bob.history(conversation)[0]["payload"] == text("😀")


@pytest.mark.parametrize("payload", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
                                     b'{"type":"ping","a":"\xc3"}'])
def test_text_that_is_not_utf_8_closes_with_1007(socket, payload):
    socket.send(TEXT, payload)
    assert socket.close_code() == 1007


@pytest.mark.parametrize("frame", [
    dict(opcode=TEXT, payload=PING_FRAME, masked=False), dict(opcode=TEXT, payload=PING_FRAME, reserved=4),
    dict(opcode=TEXT, payload=PING_FRAME, reserved=1), dict(opcode=3, payload=b""), dict(opcode=11, payload=b""),
    dict(opcode=PING, payload=b"x" * 126), dict(opcode=PING, payload=b"", fin=False),
    dict(opcode=CONTINUATION, payload=PING_FRAME)])
def test_what_breaks_the_protocol_closes_with_1002(socket, frame):
    socket.send(**frame)
    assert socket.close_code() == 1002


def test_a_new_message_inside_a_fragmented_one_closes_with_1002(socket):
    socket.wire.send(socket.frame(TEXT, b"{", fin=False) + socket.frame(TEXT, PING_FRAME))
    assert socket.close_code() == 1002


def test_a_binary_message_in_fragments_closes_with_1003(socket):
    socket.wire.send(socket.frame(BINARY, b"x", fin=False) + socket.frame(CONTINUATION, b"y"))
    assert socket.close_code() == 1003


@pytest.mark.parametrize("length", [262145, 2 ** 31, 2 ** 63 - 1])
def test_an_announced_length_beyond_the_limit_closes_with_4009_before_it_arrives(socket, length):
    socket.send(TEXT, b"x", length=length)
    assert socket.close_code() == 4009


def test_fragments_that_add_up_beyond_the_limit_close_with_4009(socket):
    socket.send(TEXT, b"x" * 60000, fin=False)
    for _ in range(4):
        socket.send(CONTINUATION, b"x" * 60000, fin=False)
    assert socket.close_code() == 4009


def test_a_close_is_answered_with_a_close(socket):
    socket.send(CLOSE, struct.pack("!H", 1000) + b"bye")
    assert socket.close_code() == 1000
    assert socket.wire.rest() == b""


@pytest.mark.parametrize("payload", [b"\x03", struct.pack("!H", 1005), struct.pack("!H", 999),
                                     struct.pack("!H", 1000) + b"\xff"])
def test_a_malformed_close_ends_the_connection(socket, payload):
    socket.send(CLOSE, payload)
    assert socket.close_code() in (1002, 1007)


def test_a_connection_that_ends_in_the_middle_of_a_frame_harms_nobody(alice):
    for cut in (1, 3, 8):
        socket = RawWebSocket(alice.server, alice.token)
        socket.wire.send(socket.frame(TEXT, PING_FRAME)[:cut])
        socket.wire.socket.close()
    assert RawWebSocket(alice.server, alice.token).works()


def upgrade(**changes):
    headers = {"Upgrade": "websocket", "Connection": "keep-alive, Upgrade", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="} | {k.replace("_", "-"): v for k, v in changes.items()}
    return [f"{name}: {value}" for name, value in headers.items() if value is not None]


def test_the_handshake_is_answered_as_the_rfc_says(alice):
    with Wire(alice.server) as wire:
        wire.send(request("GET", "/ws", headers=upgrade() + [bearer(alice.token)]))
        head = wire.read_until(b"\r\n\r\n").decode().lower()
        assert head.startswith("http/1.1 101") and "sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=" in head


@pytest.mark.parametrize("changes, statuses", [
    (dict(Sec_WebSocket_Version="8"), (426, 400)), (dict(Sec_WebSocket_Key=None), (400,)),
    (dict(Sec_WebSocket_Key="short"), (400,))])
def test_a_bad_handshake_is_refused(alice, changes, statuses):
    with Wire(alice.server) as wire:
        wire.send(request("GET", "/ws", headers=upgrade(**changes) + [bearer(alice.token)]))
        assert wire.answer().status in statuses


def test_frames_sent_along_with_the_handshake_are_not_lost(alice):
    with Wire(alice.server) as wire:
        frame = RawWebSocket.frame(None, TEXT, PING_FRAME)
        wire.send(request("GET", "/ws", headers=upgrade() + [bearer(alice.token)]) + frame)
        assert b" 101 " in wire.read_until(b"\r\n\r\n")
        wire.read_until(b'"pong"')
