"""Processes and servers cut off from each other, and packets that get lost, on the loopback device.

All share a machine, so servers are told by their addresses, and processes by the class of their packets.
"""

import contextlib
import re

import cgroups
import firewall
from cluster.process import family
from cluster.settings import ENV
from context import Skipped
from firewall import around, between, sometimes
from live_fault import Fault, must
from servers import Servers, silence

BROKERS = range(1, len(ENV["KAFKA_BROKERS"].split(",")) + 1)


def kafka_ports(*numbers):
    return [int(ENV[base]) + number for number in numbers for base in ("KAFKA_PORT", "KAFKA_CONTROLLER_PORT")]


def cassandra_ports():
    return [int(ENV["CASSANDRA_PORT"]), int(ENV["CASSANDRA_STORAGE_PORT"])]


def redis_ports(*settings):
    return [int(address.rsplit(":", 1)[1]) for name in settings for address in ENV[name].split(",")]


def active_controller():
    """The number of the broker that leads the brokers' own quorum."""
    status = must("tool", "kafka-metadata-quorum", "describe", "--status")
    return int(re.search(r"LeaderId:\s+(\d+)", status)[1])


def pids_of_server(name):
    return family(Servers(report=silence)[name].pid())


class Cut:
    """`rules(cluster, classify)` answers what is dropped; `classify(pids)` gives processes a class of their own."""

    def __init__(self, rules):
        self.rules = rules
        self.stack = contextlib.ExitStack()

    def prepare(self, _cluster, _context):
        if why := cgroups.obstacle("net_cls") or firewall.obstacle(*sometimes(0.5, around([1])), *between(1, [1])):
            raise Skipped(why)

    def classify(self, pids):
        return self.stack.enter_context(cgroups.PacketClass(pids)).classid

    def inject(self, cluster):
        self.stack.enter_context(firewall.Firewall(self.rules(cluster, self.classify)))

    def mend(self, _cluster):
        self.stack.close()


def cut(name, what, rules, hold=10, aim=15, unseen=False):
    it = Cut(rules)
    return Fault(name, what, it.inject, it.mend, hold, aim, it.prepare, unseen=unseen)


def around_broker(number, classify):
    """Its own ports, and what it opens to the others."""
    others = [other for other in BROKERS if other != number]
    return around(kafka_ports(number)) + between(classify(pids_of_server(f"kafka-{number}")), kafka_ports(*others))


def broker_cut(number):
    return cut(f"cut kafka-{number}", f"kafka-{number} cut off from the other brokers and from clients",
               lambda _cluster, classify: around_broker(number, classify))


def controller_cut():
    return cut("cut controller", "the broker that is the active controller, cut off from the others and from clients",
               lambda _cluster, classify: around_broker(active_controller(), classify))


def cassandra_cut(number, from_clients):
    address, ports = f"127.0.0.{number}", cassandra_ports() if from_clients else cassandra_ports()[1:]

    def rules(_cluster, classify):
        return around(ports, address) + between(classify(pids_of_server(f"cassandra-{number}")), cassandra_ports()[1:])

    if from_clients:
        return cut(f"cut cassandra-{number}", f"cassandra-{number} cut off from everybody", rules, 25, 0, unseen=True)
    return cut(f"cut cassandra-{number} from nodes", f"cassandra-{number} cut off from the other nodes, not from clients",
               rules, 25, 0, unseen=True)


def node_cut(node, kind, ports, hold, aim):
    """A process of the product, from one kind of server."""
    return cut(f"cut {node} from {kind.lower()}", f"{node} cut off from {kind}",
               lambda cluster, classify: between(classify([cluster.nodes[node].process.pid]), ports), hold, aim)


def loss(kind, percent, ports):
    return cut(f"loss {kind.lower()}", f"{percent} % of all packets to and from {kind} lost",
               lambda _cluster, _classify: sometimes(percent / 100, around(ports)), 15, 5)


REDIS = redis_ports("REDIS_NODES", "REDIS_SENTINELS")

NETWORK_FAULTS = [
    broker_cut(2),
    controller_cut(),
    cassandra_cut(2, from_clients=False),
    cassandra_cut(2, from_clients=True),
    node_cut("router1", "Kafka", kafka_ports(*BROKERS), 15, 15),
    node_cut("router1", "Redis", REDIS, 10, 15),
    node_cut("gateway1", "Redis", REDIS, 10, 5),
    cut("cut postgres-1", "PostgreSQL cut off", lambda _cluster, _classify: around([int(ENV["POSTGRES_PORT"])]), 10, 5),
    loss("Kafka", 10, kafka_ports(*BROKERS)),
    loss("Cassandra", 10, cassandra_ports()),
    loss("Redis", 10, REDIS),
]
