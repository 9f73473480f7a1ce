"""What a test does to the servers of deploy/local by itself: it empties a keyspace."""

import re
import socket
import struct

import distributed

SCHEMA = distributed.CLUSTER.parents[2] / "src/message_store/cassandra/cassandra_schema.cpp"
UNKNOWN = (0x2200, 0x2300)  # codes of Cassandra's errors for a table, or a keyspace, that is not there


def empty_keyspace(name):
    """Its tables stay, so that nothing changes the schema: Cassandra drops no table well while others are made."""
    with Cassandra() as cassandra:
        for table in re.findall(r'"\$(\w+) \(', SCHEMA.read_text()):
            if table != "schema_version":
                cassandra.run(f"TRUNCATE {name}.{table}")


class Cassandra:
    """As little of its protocol (version 4) as a statement takes."""

    def __enter__(self):
        of = distributed.cluster()
        address = (of["CASSANDRA_CONTACT_POINTS"].split(",")[0], int(of["CASSANDRA_PORT"]))
        self.connection = socket.create_connection(address, timeout=60)
        self.answers = self.connection.makefile("rb")
        self.ask(0x01, struct.pack(">H", 1) + string("CQL_VERSION") + string("3.0.0"))
        return self

    def __exit__(self, *_):
        self.answers.close()
        self.connection.close()

    def run(self, statement):
        """What is not there is none of its worries."""
        text, all_nodes = statement.encode(), 5
        opcode, content = self.ask(0x07, struct.pack(">i", len(text)) + text + struct.pack(">HB", all_nodes, 0))
        if opcode == 0x00 and struct.unpack(">i", content[:4])[0] not in UNKNOWN:
            raise RuntimeError(f"{statement}: {content}")

    def ask(self, opcode, body):
        self.connection.sendall(struct.pack(">BBhBi", 4, 0, 0, opcode, len(body)) + body)
        _, _, _, answered, length = struct.unpack(">BBhBi", self.answers.read(9))
        return answered, self.answers.read(length)


def string(text):
    return struct.pack(">H", len(text)) + text.encode()
