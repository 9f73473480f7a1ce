"""Just enough of Cassandra's native protocol (v4) to ask whether a node serves: nodetool takes a second of CPU."""

import struct

from .server import connect, receive

REQUEST_V4 = 4
ERROR, STARTUP, AUTHENTICATE, QUERY, AUTH_RESPONSE = 0x00, 0x01, 0x03, 0x07, 0x0F
ONE, ALL = 0x01, 0x05
ROWS = 2

# An empty table that every node has a share of, three copies each: reading it all at ALL needs every node of the ring.
WHOLE_RING = "SELECT keyspace_name FROM system_distributed.view_build_status"


class Refused(OSError):
    """The node answered, with an error."""


class Connection:
    """The user and the password are sent only where the node asks for them."""

    def __init__(self, host: str, port: int, user: str = "", password: str = ""):
        self.socket = connect(host, port)
        try:
            answer, _ = self.exchange(STARTUP, struct.pack(">H", 1) + text("CQL_VERSION") + text("3.0.0"))
            if answer == AUTHENTICATE:
                token = f"\0{user}\0{password}".encode()
                self.exchange(AUTH_RESPONSE, struct.pack(">i", len(token)) + token)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def exchange(self, opcode: int, body: bytes) -> tuple[int, bytes]:
        """The answer's kind and content."""
        self.socket.sendall(struct.pack(">BBhBi", REQUEST_V4, 0, 0, opcode, len(body)) + body)
        _, _, _, answer, size = struct.unpack(">BBhBi", receive(self.socket, 9))
        content = receive(self.socket, size)
        if answer == ERROR:
            (length,) = struct.unpack_from(">H", content, 4)  # behind the words there may be numbers
            raise Refused(content[6:6 + length].decode(errors="replace")[:200])
        return answer, content

    def query(self, cql: str, consistency: int = ONE) -> bytes:
        body = struct.pack(">i", len(cql)) + cql.encode() + struct.pack(">HB", consistency, 0)
        return self.exchange(QUERY, body)[1]

    def count(self, cql: str, consistency: int = ONE) -> int:
        """The number of rows of a query of one column."""
        content = self.query(cql, consistency)
        kind, _, columns = struct.unpack_from(">iii", content)
        if kind != ROWS or columns != 1:
            raise Refused("no rows of one column")
        at = 12
        for _ in range(3):  # keyspace, table, column
            at += 2 + struct.unpack_from(">H", content, at)[0]
        (column_type,) = struct.unpack_from(">H", content, at)
        if column_type >= 0x20:
            raise Refused("a column of a collection")
        return struct.unpack_from(">i", content, at + 2)[0]

    def whole_ring(self) -> str:
        """Empty where this node sees every node of the ring up, else what is in the way."""
        try:
            self.query(WHOLE_RING, ALL)
            return ""
        except Refused as refused:
            return f"not all nodes are up in its eyes ({refused})"


def text(value: str) -> bytes:
    return struct.pack(">H", len(value)) + value.encode()
