"""What is broken on the distributed profile, how, and how it is mended. A fault holds for some seconds under load."""

import threading
import time
from dataclasses import dataclass
from typing import Callable

from live_cluster import servers


@dataclass(frozen=True)
class Fault:
    name: str
    what: str
    inject: Callable        # gets the cluster
    mend: Callable
    hold_seconds: float = 6
    aim_seconds: float = 15         # from the fault on, until sends are acknowledged again


def node_killed(node, aim):
    return Fault(f"kill {node}", f"SIGKILL of {node}, started again after a while",
                 lambda cluster: cluster.nodes[node].kill(), lambda cluster: cluster.nodes[node].start(), 6, aim)


def node_paused(node, aim):
    return Fault(f"pause {node}", f"SIGSTOP of {node}, for longer than its session with Kafka",
                 lambda cluster: cluster.nodes[node].pause(), lambda cluster: cluster.nodes[node].resume(), 10, aim)


def must(*words):
    code, output = servers(*words)
    if code != 0:
        raise RuntimeError(f"servers.py {' '.join(words)}: {output[-400:]}")


def server_killed(*names, hold=6, aim=15):
    return Fault(f"kill {' '.join(names)}", f"SIGKILL of {' and '.join(names)}, started again after a while",
                 lambda cluster: must("kill", *names), lambda cluster: must("start", *names), hold, aim)


def server_paused(name, hold=6, aim=15):
    return Fault(f"pause {name}", f"SIGSTOP of {name}", lambda cluster: must("pause", name),
                 lambda cluster: must("resume", name), hold, aim)


def both(first, second):
    def inject(cluster):
        first.inject(cluster)
        second.inject(cluster)

    def mend(cluster):
        second.mend(cluster)
        first.mend(cluster)

    return Fault(f"{first.name} + {second.name}", f"{first.what}; at the same time {second.what}", inject, mend,
                 max(first.hold_seconds, second.hold_seconds), max(first.aim_seconds, second.aim_seconds))


def repartitioned():
    return Fault("more partitions", "no fault: the commands get 6 partitions more while everything runs",
                 lambda cluster: cluster.repartition(), lambda cluster: None, 6, 5)


def repartitioned_during(fault, after_seconds):
    """The fault comes while the old partitions are closed and drained, or just before."""
    running = {}

    def repartition(cluster):
        try:
            cluster.repartition()
        except Exception as error:
            running["error"] = error

    def inject(cluster):
        running["thread"] = threading.Thread(target=repartition, args=(cluster,))
        running["thread"].start()
        time.sleep(after_seconds)
        fault.inject(cluster)

    def mend(cluster):
        fault.mend(cluster)
        running["thread"].join()
        if "error" in running:
            raise running["error"]

    return Fault(f"more partitions + {fault.name}", f"the commands get 6 partitions more; meanwhile {fault.what}", inject,
                 mend, fault.hold_seconds, fault.aim_seconds)


FAULTS = [
    node_killed("gateway1", 5),
    node_killed("router1", 15),
    node_killed("router2", 15),
    node_paused("router1", 15),
    server_killed("kafka-1"),
    server_killed("kafka-2"),
    server_killed("kafka-3"),
    server_paused("kafka-2"),
    server_killed("kafka-1", "kafka-2", aim=60),
    server_killed("cassandra-2", aim=5),
    server_paused("cassandra-3", aim=15),
    server_killed("cassandra-2", "cassandra-3", aim=60),
    server_killed("postgres-1", aim=5),
    server_killed("redis-1", aim=5),
    both(node_killed("router3", 15), server_killed("kafka-3")),
    both(node_killed("gateway2", 15), server_killed("cassandra-3")),
    repartitioned(),
    repartitioned_during(node_killed("router1", 15), 6.4),
    repartitioned_during(node_paused("router2", 15), 5),
    repartitioned_during(node_killed("gateway1", 5), 6.4),
    repartitioned_during(server_killed("kafka-2", aim=15), 5),
]
