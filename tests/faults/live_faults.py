"""What is broken on the distributed profile, how, and how it is mended: the list, and whatever is killed or paused."""

import dataclasses
import os

from live_clocks import CLOCK_FAULTS
from live_disks import DISK_FAULTS
from live_fault import Fault, both, must
from live_growth import GROWTH_FAULTS
from live_network import NETWORK_FAULTS
from live_partitions import more_partitions, more_partitions_during


def node_killed(node, aim):
    return Fault(f"kill {node}", f"SIGKILL of {node}, started again after a while",
                 lambda cluster: cluster.nodes[node].kill(), lambda cluster: cluster.nodes[node].start(), 6, aim)


def node_paused(node, aim):
    return Fault(f"pause {node}", f"SIGSTOP of {node}, for longer than its session with Kafka",
                 lambda cluster: cluster.nodes[node].pause(), lambda cluster: cluster.nodes[node].resume(), 10, aim)


def server_killed(*names, hold=6, aim=15):
    return Fault(f"kill {' '.join(names)}", f"SIGKILL of {' and '.join(names)}, started again after a while",
                 lambda cluster: must("kill", *names), lambda cluster: must("start", *names), hold, aim)


def nodes_killed_at_once(*names):
    """Of what a node acknowledged before its sync, it has lost the last when it was killed; so had both, together."""
    def prepare(_cluster, context):
        os.environ["CHAT4ALL_CASSANDRA_SYNC"] = "batch"
        context.stack.callback(lambda: restart(os.environ.pop("CHAT4ALL_CASSANDRA_SYNC")))
        restart()

    def restart(*_):
        must("down", "--only", "cassandra")
        must("up", "--only", "cassandra")

    fault = server_killed(*names, aim=60)
    return dataclasses.replace(fault, what=f"{fault.what}; Cassandra with `commitlog_sync: batch`", prepare=prepare)


def server_paused(name, hold=6, aim=15):
    return Fault(f"pause {name}", f"SIGSTOP of {name}", lambda cluster: must("pause", name),
                 lambda cluster: must("resume", name), hold, aim)


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
    nodes_killed_at_once("cassandra-2", "cassandra-3"),
    server_killed("postgres-1", aim=5),
    server_killed("redis-1", aim=5),
    both(node_killed("router3", 15), server_killed("kafka-3")),
    both(node_killed("gateway2", 15), server_killed("cassandra-3")),
    *NETWORK_FAULTS,
    *DISK_FAULTS,
    *CLOCK_FAULTS,
    *GROWTH_FAULTS,
    more_partitions(),
    more_partitions_during(node_killed("router1", 15), 6.4),
    more_partitions_during(node_paused("router2", 15), 5),
    more_partitions_during(node_killed("gateway1", 5), 6.4),
    more_partitions_during(server_killed("kafka-2", aim=15), 5),
]
