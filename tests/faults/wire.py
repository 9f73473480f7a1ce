"""The two protocols a client speaks, as small and cheap as they can be: hundreds of messages a second, and a server
that dies at any time.

Whatever ends a connection is a `Broken`: the caller does not know what became of what it had asked.
"""

import asyncio
import base64
import json
import os
import struct
import time

CONNECT_SECONDS = 5
ANSWER_SECONDS = 20


class Broken(Exception):
    """The connection could not be made, or ended; `code` is the WebSocket close code where there was one."""

    def __init__(self, reason, code=None):
        super().__init__(str(reason) or type(reason).__name__)
        self.code = code


class Answer:
    """An HTTP answer, read whole."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def document(self):
        return json.loads(self.body) if self.body else None

    def __str__(self):
        return f"{self.status} {self.body[:300].decode(errors='replace')}"


async def open_stream(port):
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            return await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    except (OSError, TimeoutError) as error:
        raise Broken(error) from None


async def read_head(reader):
    """The status, and the headers with names in lower case."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {}
    for line in head[1:]:
        name, colon, value = line.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return int(head[0].split(" ", 2)[1]), headers


async def read_body(reader, headers):
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", 0)))
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return body


class Http:
    """One caller's keep-alive connection; requests of several tasks take turns."""

    def __init__(self, pick_port, headers):
        self.pick_port = pick_port
        self.headers = headers
        self.stream = None
        self.dirty = False
        self.turn = asyncio.Lock()

    async def request(self, method, path, body=None, **headers):
        text = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(text)}"]
        if body is not None:
            lines.append("Content-Type: application/json")
        for name, value in {**self.headers, **headers}.items():
            lines.append(f"{name.replace('_', '-')}: {value}")
        async with self.turn:
            begun = time.monotonic()
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return await self.exchange("\r\n".join(lines).encode() + b"\r\n\r\n" + text)
            except TimeoutError:
                # Much more than was allowed: it was this process that stood still.
                seconds = time.monotonic() - begun
                raise Broken(f"no answer to {method} {path} in {seconds:.1f} s of {ANSWER_SECONDS}") from None
            except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
                raise Broken(error) from None
            finally:
                # A request that ended in the middle, also by cancellation, leaves a connection nobody can read on.
                if self.dirty:
                    self.close()

    async def exchange(self, data):
        self.dirty = True
        if not self.stream:
            self.stream = await open_stream(self.pick_port())
        reader, writer = self.stream
        writer.write(data)
        await writer.drain()
        status, headers = await read_head(reader)
        body = b"" if status == 204 else await read_body(reader, headers)
        self.dirty = headers.get("connection", "").lower() == "close"
        return Answer(status, headers, body)

    def close(self):
        if self.stream:
            self.stream[1].close()
            self.stream = None


class WebSocket:
    """A client's end. It masks with zeros, which the protocol allows and which costs nothing."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    @staticmethod
    async def open(port, headers):
        reader, writer = await open_stream(port)
        try:
            key = base64.b64encode(os.urandom(16)).decode()
            lines = ["GET /ws HTTP/1.1", "Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: websocket",
                     "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Protocol: chat4all.v1"]
            lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
            writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
            async with asyncio.timeout(ANSWER_SECONDS):
                status, _ = await read_head(reader)
            if status != 101:
                raise Broken(f"the upgrade was answered {status}")
            return WebSocket(reader, writer)
        except (OSError, EOFError, TimeoutError, ValueError) as error:
            writer.close()
            raise Broken(error) from None
        except BaseException:
            writer.close()
            raise

    def send(self, frames):
        """All frames in one message. Never waits: what is queued is small against what the server reads."""
        self.write(0x1, "\n".join(json.dumps(frame) for frame in frames).encode())

    def write(self, opcode, data):
        if len(data) < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | len(data))
        elif len(data) < 65536:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, len(data))
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, len(data))
        self.writer.write(head + b"\0\0\0\0" + data)

    async def receive(self):
        """The frames of the next message."""
        try:
            text = b""
            while True:
                first, second = await self.reader.readexactly(2)
                length = second & 0x7F
                if length == 126:
                    length, = struct.unpack("!H", await self.reader.readexactly(2))
                elif length == 127:
                    length, = struct.unpack("!Q", await self.reader.readexactly(8))
                data = await self.reader.readexactly(length)
                opcode = first & 0x0F
                if opcode == 0x8:
                    code = struct.unpack("!H", data[:2])[0] if len(data) >= 2 else None
                    raise Broken(f"closed with {code} {data[2:].decode(errors='replace')}", code)
                if opcode == 0x9:
                    self.write(0xA, data)
                elif opcode in (0x0, 0x1):
                    text += data
                    if first & 0x80:
                        return [json.loads(line) for line in text.split(b"\n") if line]
        except (OSError, EOFError) as error:
            raise Broken(error) from None

    def abort(self):
        """As if the network had gone: no close frame."""
        self.writer.transport.abort()
