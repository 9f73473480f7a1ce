"""Bytes on a socket, for what a well-behaved client would never send."""

import base64
import json
import os
import socket
import struct
import time
from dataclasses import dataclass

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


class Wire:
    """One TCP connection, read with a deadline."""

    def __init__(self, server, receive_buffer=None, seconds=8):
        self.seconds = seconds
        self.buffer = b""
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(seconds)
        self.socket.connect(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def send_request(self, method, path, body=b"", headers=()):
        self.send(request(method, path, body, headers))

    def fill(self):
        self.socket.settimeout(self.seconds)
        data = self.socket.recv(65536)
        if not data:
            raise EOFError(f"the server closed; left over: {self.buffer[:200]!r}")
        self.buffer += data

    def read(self, count):
        while len(self.buffer) < count:
            self.fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def read_until(self, mark):
        while mark not in self.buffer:
            self.fill()
        data, self.buffer = self.buffer.split(mark, 1)
        return data

    def answer(self, method="GET"):
        """The next HTTP response. A `100 Continue` is one too."""
        lines = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines[1:])}
        if method == "HEAD" or status < 200 or status in (204, 304):
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return Answer(status, headers, self.chunks())
        return Answer(status, headers, self.read(int(headers["content-length"])))

    def chunks(self):
        body = b""
        while (size := int(self.read_until(b"\r\n").split(b";")[0], 16)) > 0:
            body += self.read(size)
            self.read(2)
        self.read_until(b"\r\n")
        return body

    def rest(self):
        """Everything until the server closes (a reset counts as closed)."""
        try:
            while True:
                self.fill()
        except (EOFError, ConnectionResetError):
            data, self.buffer = self.buffer, b""
            return data


def request(method, path, body=b"", headers=()):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if body or method in ("POST", "PATCH", "PUT"):
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def bearer(token):
    return f"Authorization: Bearer {token}"


class RawWebSocket:
    """A WebSocket whose frames are put together by the test."""

    def __init__(self, server, token, device=None):
        self.wire = Wire(server)
        key = base64.b64encode(os.urandom(16)).decode()
        headers = ["Upgrade: websocket", "Connection: Upgrade", f"Sec-WebSocket-Key: {key}",
                   "Sec-WebSocket-Version: 13",
                   bearer(token)] + ([f"X-Device-Id: {device}"] if device else [])
        self.wire.send_request("GET", "/ws", headers=headers)
        upgraded = self.wire.read_until(b"\r\n\r\n")
        assert b" 101 " in upgraded.split(b"\r\n")[0], upgraded
        self.lines = []
        assert self.receive()["type"] == "ready"

    def frame(self, opcode, payload=b"", fin=True, masked=True, reserved=0, length=None):
        """One frame as bytes; `length` may lie about the payload."""
        payload = payload.encode() if isinstance(payload, str) else payload
        size = len(payload) if length is None else length
        head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
        flag = 0x80 if masked else 0
        if size < 126:
            head += bytes([flag | size])
        elif size < 65536:
            head += bytes([flag | 126]) + struct.pack("!H", size)
        else:
            head += bytes([flag | 127]) + struct.pack("!Q", size)
        if not masked:
            return head + payload
        mask = os.urandom(4)
        return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))

    def send(self, opcode, payload=b"", **options):
        self.wire.send(self.frame(opcode, payload, **options))

    def next_frame(self):
        first, second = self.wire.read(2)
        size = second & 0x7F
        assert not second & 0x80, "a server never masks"
        if size == 126:
            size = struct.unpack("!H", self.wire.read(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", self.wire.read(8))[0]
        return first & 0x0F, bool(first & 0x80), self.wire.read(size)

    def receive(self):
        """The next JSON frame; control frames are passed over, fragments put together."""
        payload = b""
        while not self.lines:
            opcode, fin, part = self.next_frame()
            if opcode in (PING, PONG):
                continue
            assert opcode != CLOSE, f"closed with {part!r}"
            payload += part
            if fin:
                self.lines = [json.loads(line) for line in payload.decode().split("\n") if line]
                payload = b""
        return self.lines.pop(0)

    def expect(self, kind):
        while (frame := self.receive())["type"] != kind:
            pass
        return frame

    def control(self, opcode):
        """The payload of the next control frame of this kind."""
        deadline = time.monotonic() + self.wire.seconds
        while time.monotonic() < deadline:
            found, _, payload = self.next_frame()
            if found == opcode:
                return payload
        raise AssertionError(f"no control frame {opcode}")

    def close_code(self):
        payload = self.control(CLOSE)
        return struct.unpack("!H", payload[:2])[0] if payload else None

    def works(self):
        """The connection still answers an application ping."""
        self.send(TEXT, '{"type":"ping"}')
        return self.expect("pong")["type"] == "pong"
