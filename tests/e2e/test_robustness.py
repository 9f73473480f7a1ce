"""HTTP at the level of bytes: what the network and strangers will send sooner or later."""

import json
import resource
import socket
import time

import pytest

from chat import new_id
from checks import ok
from raw import Wire, bearer, request


def alive(server):
    assert server.http.get(server.url + "/health/live").status_code == 200


@pytest.fixture
def pair(users, private):
    alice, bob = users(2)
    return alice, bob, private(alice, bob)


def send_request(user, conversation, content="x", **fields):
    body = json.dumps({"conversation_id": conversation, "payload": {"type": "text", "text": content},
                       **fields}).encode()
    return request("POST", "/v1/messages", body, [bearer(user.token)])


def is_problem(answer, *statuses):
    assert answer.status in statuses, answer
    assert answer.headers["content-type"].startswith("application/problem+json"), answer
    assert answer.json()["status"] == answer.status and answer.json()["code"], answer


def test_a_request_that_arrives_byte_by_byte_is_served(pair):
    alice, _, conversation = pair
    with Wire(alice.server) as wire:
        for byte in send_request(alice, conversation):
            wire.send(bytes([byte]))
        assert wire.answer().status == 202


def test_pipelined_requests_are_answered_in_order(pair):
    alice, bob, conversation = pair
    ids = [new_id() for _ in range(50)]
    with Wire(alice.server) as wire:
        wire.send(b"".join(send_request(alice, conversation, message_id=message_id) for message_id in ids))
        answers = [wire.answer() for _ in ids]
    assert [answer.json()["message_id"] for answer in answers] == ids
    assert [message["message_id"] for message in bob.history(conversation)] == ids


def test_a_refusal_in_a_pipeline_keeps_the_others(pair):
    alice, _, conversation = pair
    with Wire(alice.server) as wire:
        wire.send(send_request(alice, conversation) + request("GET", "/no/such/path") + send_request(alice, new_id())
                  + send_request(alice, conversation) + request("GET", "/health/live"))
        assert [wire.answer().status for _ in range(5)] == [202, 404, 404, 202, 200]


def test_a_connection_is_kept_and_closed_as_asked(server):
    with Wire(server) as wire:
        for _ in range(3):
            wire.send_request("GET", "/health/live")
            assert wire.answer().status == 200
        wire.send_request("GET", "/health/live", headers=["Connection: close"])
        assert wire.answer().status == 200
        assert wire.rest() == b""


def test_http_1_0_is_answered_and_closed(server):
    with Wire(server) as wire:
        wire.send("GET /health/live HTTP/1.0\r\n\r\n")
        assert wire.answer().status == 200
        assert wire.rest() == b""


def test_a_body_in_chunks_is_read(pair):
    alice, bob, conversation = pair
    body = json.dumps({"conversation_id": conversation, "payload": {"type": "text", "text": "in chunks"}}).encode()
    head = f"POST /v1/messages HTTP/1.1\r\nHost: x\r\n{bearer(alice.token)}\r\nContent-Type: application/json\r\n" \
           "Transfer-Encoding: chunked\r\n\r\n"
    with Wire(alice.server) as wire:
        wire.send(head)
        for start in range(0, len(body), 7):
            part = body[start:start + 7]
            wire.send(b"%x\r\n%s\r\n" % (len(part), part))
        wire.send(b"0\r\n\r\n")
        assert wire.answer().status == 202
        wire.send_request("GET", "/health/live")
        assert wire.answer().status == 200
    assert bob.history(conversation)[0]["payload"]["text"] == "in chunks"


def test_a_client_that_asks_first_is_told_to_continue(pair):
    alice, _, conversation = pair
    head, body = send_request(alice, conversation).split(b"\r\n\r\n", 1)
    with Wire(alice.server) as wire:
        wire.send(head + b"\r\nExpect: 100-continue\r\n\r\n")
        assert wire.answer().status == 100
        wire.send(body)
        assert wire.answer().status == 202


HOST = "Host: x\r\n"


@pytest.mark.parametrize("head", [
    HOST + "Content-Length: 5\r\nContent-Length: 6\r\n", HOST + "Content-Length: -1\r\n",
    HOST + "Content-Length: +5\r\n",
    HOST + "Content-Length: 5x\r\n", HOST + "Content-Length: 99999999999999999999\r\n",
    HOST + "Content-Length: 0x5\r\n",
    HOST + "Content-Length: 5, 6\r\n", HOST + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    HOST + "Transfer-Encoding: gzip\r\n", HOST + "Transfer-Encoding: xchunked\r\n", HOST + "A : b\r\n", 
    HOST + "A: \x00\r\n", HOST + "no colon\r\n", HOST + ": empty name\r\n", "Host: x\r\nHost: y\r\n", ""])
def test_headers_that_could_smuggle_a_request_end_the_connection(server, head):
    """At most one answer, never a success for what is hidden behind, and nothing read afterwards."""
    hidden = b"GET /health/live HTTP/1.1\r\nHost: hidden\r\n\r\n"
    with Wire(server) as wire:
        wire.send(b"POST /auth/token HTTP/1.1\r\n" + head.encode("latin-1") + b"\r\n" + hidden)
        received = wire.rest()
    assert received.count(b"HTTP/1.1 ") <= 1, received[:600]
    assert b"HTTP/1.1 2" not in received
    if received:
        assert received.split(b" ")[1] in (b"400", b"411", b"413", b"415", b"501"), received[:200]
        assert b"application/problem+json" in received, received[:600]
    alive(server)


@pytest.mark.parametrize("chunks", [b"x\r\nhello\r\n0\r\n\r\n", b"-1\r\nhello\r\n0\r\n\r\n",
                                    b"5\r\nhelloX\r\n0\r\n\r\n",
                                    b"fffffffffffffffff\r\n", b"\r\n\r\n"])
def test_broken_chunks_are_refused(server, chunks):
    with Wire(server) as wire:
        wire.send(b"POST /auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                  b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        is_problem(wire.answer(), 400, 413)


@pytest.mark.parametrize("garbage", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200, b"GET\r\n\r\n", b"\r\n\r\n\r\n\r\nX\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x00" * 1000 + b"\r\n\r\n"])
def test_what_is_no_http_gets_at_most_a_400(server, garbage):
    with Wire(server) as wire:
        wire.send(garbage)
        wire.socket.shutdown(socket.SHUT_WR)
        received = wire.rest()
    assert not received or received.split(b" ")[1][:1] in (b"4", b"5"), received[:200]
    alive(server)


@pytest.mark.parametrize("head", [b"X: " + b"a" * 1_000_000, b"".join(b"X-%d: y\r\n" % n for n in range(20000))[:-2]])
def test_enormous_headers_are_refused(server, head):
    with Wire(server) as wire:
        try:
            wire.send(b"GET /health/live HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        received = wire.rest()
    assert not received or received.split(b" ")[1] in (b"400", b"413", b"431"), received[:200]
    alive(server)


def test_an_enormous_path_is_refused(server):
    with Wire(server) as wire:
        try:
            wire.send(b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        received = wire.rest()
    assert not received or received.split(b" ")[1] in (b"400", b"404", b"413", b"414", b"431"), received[:200]
    alive(server)


@pytest.mark.parametrize("path", ["/v1/../v1/keys", "/%2e%2e/%2e%2e/etc/passwd", "/v1/users/%00", "/v1/users/%ff",
                                  "/v1/users/%",
                                  "/v1/users/%zz", "//v1/keys", "/v1//keys", "/v1/users/a%2fb", "/v1/keys/", "*",
                                  "v1/keys"])
def test_a_crooked_path_opens_nothing(server, path):
    with Wire(server) as wire:
        wire.send_request("GET", path)
        is_problem(wire.answer(), 400, 401, 404)


@pytest.mark.parametrize("method", ["BREW", "get", "G" * 100, "CONNECT", "TRACE"])
def test_an_unknown_method_is_refused(server, method):
    with Wire(server) as wire:
        wire.send_request(method, "/v1/messages")
        assert wire.answer().status in (400, 405, 501)
    alive(server)


def test_a_body_that_never_comes_whole_changes_nothing(pair):
    alice, _, conversation = pair
    whole = send_request(alice, conversation, "y" * 1000)
    for cut in (20, 100, len(whole) - 500, len(whole) - 1):
        with Wire(alice.server) as wire:
            wire.send(whole[:cut])
            wire.socket.shutdown(socket.SHUT_WR)
            received = wire.rest()
        assert b"HTTP/1.1 2" not in received
    assert alice.history(conversation) == []


def test_a_client_that_leaves_before_the_answer_harms_nobody(pair):
    alice, _, conversation = pair
    for number in range(20):
        with Wire(alice.server) as wire:
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            wire.send(send_request(alice, conversation, str(number)))
    alive(alice.server)
    seqs = [message["seq"] for message in alice.history(conversation)]
    assert seqs == list(range(1, len(seqs) + 1))


def test_a_thousand_half_open_connections_do_not_keep_others_waiting(pair):
    alice, _, conversation = pair
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit < 2500:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 4096), most))
    starts = [b"", b"GET /v1/conv", b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Le", b"\x16\x03\x01",
              b"POST /auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"]
    wires = []
    try:
        for number in range(1000):
            wires.append(Wire(alice.server))
            wires[-1].send(starts[number % len(starts)])
        start = time.monotonic()
        his = alice.connect("among many")
        for seq in range(1, 21):
            assert alice.send(conversation)["seq"] == seq
        assert his.ping() is not None
        assert time.monotonic() - start < 5
    finally:
        for wire in wires:
            wire.socket.close()
    ok(alice.get("/v1/conversations"))


def test_a_client_that_does_not_read_its_answers_does_not_keep_others_waiting(pair):
    alice, _, conversation = pair
    alice.send(conversation, "x" * 10000)
    with Wire(alice.server, receive_buffer=4096) as wire:
        wire.socket.setblocking(False)
        hungry = request("GET", f"/v1/conversations/{conversation}/messages", headers=[bearer(alice.token)])
        try:
            for _ in range(2000):
                wire.socket.send(hungry)
        except BlockingIOError:
            pass
        start = time.monotonic()
        for _ in range(10):
            ok(alice.get("/v1/conversations"))
        assert time.monotonic() - start < 3
