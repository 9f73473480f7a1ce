"""What a broker says of its cluster, by one Metadata request: Kafka's own tools take a second of CPU for that."""

import dataclasses
import struct

from .server import connect, receive

METADATA, VERSION = 3, 5
ALL_TOPICS = -1


@dataclasses.dataclass
class Partition:
    topic: str
    number: int
    leader: int
    replicas: list[int]
    in_sync: list[int]


@dataclasses.dataclass
class View:
    brokers: dict[int, str]
    controller: int
    partitions: list[Partition]

    def under_replicated(self) -> list[Partition]:
        return [partition for partition in self.partitions if len(partition.in_sync) < len(partition.replicas)]


class Reader:
    def __init__(self, data: bytes):
        self.data = data
        self.at = 0

    def number(self, form: str) -> int:
        (value,) = struct.unpack_from(">" + form, self.data, self.at)
        self.at += struct.calcsize(form)
        return value

    def text(self) -> str:
        size = max(self.number("h"), 0)
        self.at += size
        return self.data[self.at - size:self.at].decode()

    def array(self, read) -> list:
        return [read() for _ in range(self.number("i"))]


def read(host: str, port: int) -> View:
    """Fails with OSError (no answer) or ValueError (an answer that is not one of Kafka's)."""
    body = struct.pack(">hhih", METADATA, VERSION, 1, -1) + struct.pack(">i?", ALL_TOPICS, False)
    with connect(host, port) as connection:
        connection.sendall(struct.pack(">i", len(body)) + body)
        (size,) = struct.unpack(">i", receive(connection, 4))
        answer = receive(connection, size)
    try:
        return parse(Reader(answer))
    except struct.error:
        raise ValueError("no Metadata answer") from None


def parse(answer: Reader) -> View:
    answer.number("i")  # correlation id
    answer.number("i")  # throttle time

    def broker() -> tuple[int, str]:
        number, host, port = answer.number("i"), answer.text(), answer.number("i")
        answer.text()  # rack
        return number, f"{host}:{port}"

    def partition(topic: str) -> Partition:
        answer.number("h")  # error
        number, leader = answer.number("i"), answer.number("i")
        replicas, in_sync = (answer.array(lambda: answer.number("i")) for _ in range(2))
        answer.array(lambda: answer.number("i"))  # offline replicas
        return Partition(topic, number, leader, replicas, in_sync)

    def topic() -> list[Partition]:
        answer.number("h")  # error
        name = answer.text()
        answer.number("b")  # internal?
        return answer.array(lambda: partition(name))

    brokers = dict(answer.array(broker))
    answer.text()  # cluster id
    controller = answer.number("i")
    return View(brokers, controller, [one for partitions in answer.array(topic) for one in partitions])
