"""Kafka's own command line tools, against the brokers of this cluster. Each call starts a Java: about a second of CPU."""

import subprocess

from . import jars
from .settings import ENV

PACKAGE = "org.apache.kafka.tools"
# The names of the scripts in Kafka's own bin/.
SCRIPTS = {
    "kafka-cluster": "ClusterTool",
    "kafka-consumer-groups": "consumer.group.ConsumerGroupCommand",
    "kafka-metadata-quorum": "MetadataQuorumCommand",
    "kafka-reassign-partitions": "reassign.ReassignPartitionsCommand",
    "kafka-topics": "TopicCommand",
}


def run(tool: str, *words: str, timeout_s: float = 300) -> str:
    """What it printed. Raises CalledProcessError, with its words in `stdout` and `stderr`."""
    brokers = ["--bootstrap-server", ENV["KAFKA_BROKERS"]]
    command = [jars.java(), "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", jars.class_path("kafka"),
               f"{PACKAGE}.{tool}", *([*words, *brokers] if tool == "ClusterTool" else [*brokers, *words])]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True,
                          timeout=timeout_s).stdout


def delete_topics(pattern: str) -> None:
    """Those whose whole name the pattern matches. A broker that was killed recovers every partition it has a copy of, so
    thousands that nobody needs make its start take minutes."""
    run("TopicCommand", "--delete", "--if-exists", "--topic", pattern)
