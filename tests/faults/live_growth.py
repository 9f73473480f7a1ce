"""One more of everything, and away again, under load. Nobody may be refused anything.

The commands are those of docs/guide/scaling.md.
"""

import contextlib
import json
import time

from cluster import kafka_metadata
from cluster.kafka import broker_address
from context import Skipped
from live_cluster import KEYSPACE
from live_fault import Fault, must, nothing
from servers import Servers, silence

LONG_SECONDS = 400


class OneMoreProcess:
    def __init__(self, role):
        self.role = role
        self.name = None

    def inject(self, cluster):
        self.name = cluster.add(self.role)

    def mend(self, cluster):
        if self.name:
            cluster.remove(self.name)
            self.name = None


class OneMoreServer:
    def __init__(self, name):
        self.name = name

    def prepare(self, _cluster, _context):
        if self.name in Servers(report=silence).nodes:
            raise Skipped(f"there is a {self.name} already")


class OneMoreBroker(OneMoreServer):
    def prepare(self, cluster, context):
        super().prepare(cluster, context)
        self.folder = context.folder

    def inject(self, cluster):
        must("add", self.name, timeout=LONG_SECONDS)
        self.move_partitions(cluster, "1,2,3,4")

    def mend(self, cluster):
        if (Servers(report=silence).nodes.get(self.name)) is None:
            return
        with contextlib.ExitStack() as stack:
            stack.callback(must, "tool", "kafka-cluster", "unregister", "--id", self.name.rpartition("-")[2])
            stack.callback(must, "wipe", self.name)
            stack.callback(must, "stop", self.name)
            self.move_partitions(cluster, "1,2,3")

    def move_partitions(self, cluster, brokers):
        topics, plan = self.folder / "topics.json", self.folder / "plan.json"
        topics.write_text(json.dumps({"version": 1, "topics": [{"topic": f"{cluster.name}_chat_messages"}]}))
        proposed = must("tool", "kafka-reassign-partitions", "--topics-to-move-json-file", str(topics), "--broker-list",
                        brokers, "--generate")
        plan.write_text(proposed.partition("Proposed partition reassignment configuration")[2])
        execute = "--reassignment-json-file", str(plan)
        must("tool", "kafka-reassign-partitions", *execute, "--execute")
        deadline = time.monotonic() + LONG_SECONDS
        while "is still in progress" in (state := must("tool", "kafka-reassign-partitions", *execute, "--verify")):
            if time.monotonic() > deadline:
                raise RuntimeError(f"the partitions have not moved: {state[-400:]}")
        self.require_moved(cluster, {int(number) for number in brokers.split(",")})

    @staticmethod
    def require_moved(cluster, brokers):
        view = kafka_metadata.read(*broker_address(1))
        found = {replica for one in view.partitions if one.topic == f"{cluster.name}_chat_messages" for replica in one.replicas}
        if found != brokers:
            raise RuntimeError(f"the partitions are on the brokers {found}, not on {brokers}")


class OneMoreCassandra(OneMoreServer):
    def inject(self, _cluster):
        must("add", self.name, timeout=LONG_SECONDS)
        for node in ("cassandra-1", "cassandra-2", "cassandra-3"):
            must("nodetool", node, "cleanup", KEYSPACE, timeout=LONG_SECONDS)

    def mend(self, _cluster):
        if self.name not in Servers(report=silence).nodes:
            return
        try:
            must("nodetool", self.name, "decommission", timeout=LONG_SECONDS)
        except BaseException:
            must("wipe", self.name)
            # The others would wait for it for ever.
            must("nodetool", "cassandra-1", "assassinate", f"127.0.0.{self.name.rpartition('-')[2]}")
            raise
        must("wipe", self.name)


def grown(name, what, it, hold, aim_seconds=1, aim_shown_ms=None):
    return Fault(name, f"{what} added under load, and taken away", it.inject, it.mend, hold, aim_seconds,
                 getattr(it, "prepare", nothing), aim_shown_ms, True)


GROWTH_FAULTS = [
    grown("add gateway", "a third gateway", OneMoreProcess("gateway"), 6),
    grown("add router", "a fourth router", OneMoreProcess("router"), 10, aim_shown_ms=300),
    grown("add kafka-4", "a fourth broker, with its share of the partitions,", OneMoreBroker("kafka-4"), 6),
    grown("add cassandra-4", "a fourth Cassandra node", OneMoreCassandra("cassandra-4"), 6),
]
