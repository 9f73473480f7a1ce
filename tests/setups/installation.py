"""One installation on the servers of servers.env, and what its command line answers."""

import secrets
import subprocess
import time
from pathlib import Path

from cluster import tls
from cluster.cassandra_query import Connection
from cluster.settings import ENV
from server import Server, command

CASSANDRA = f"127.0.0.1:{ENV['CASSANDRA_PORT']}"
POSTGRES = f"127.0.0.1:{ENV['POSTGRES_PORT']}"
REDIS = ENV["REDIS_TLS_NODES"]
KAFKA = ENV["KAFKA_TLS_BROKERS"]
# Of all tests: each keyspace costs the node memory for good.
KEYSPACE = "chat4all_setups"
PASSWORDS = [value for key, value in ENV.items() if key.endswith("_PASSWORD")]


def postgres(where=POSTGRES, password=ENV["POSTGRES_PASSWORD"], database=ENV["POSTGRES_DATABASE"], sslmode="verify-full",
             ca_file=None):
    return (f"postgres://{ENV['POSTGRES_USER']}:{password}@{where}/{database}?sslmode={sslmode}"
            f"&sslrootcert={ca_file or tls.ca_file()}")


def cql(*statements):
    """Asked without TLS, which the node takes as well."""
    with Connection("127.0.0.1", int(ENV["CASSANDRA_PORT"]), ENV["CASSANDRA_USER"], ENV["CASSANDRA_PASSWORD"]) as node:
        node.socket.settimeout(60)  # changes of the schema
        for statement in statements:
            node.query(statement)


def sql(statement, database=ENV["POSTGRES_DATABASE"]):
    subprocess.run(["psql", "-qAt", postgres(database=database), "-c", statement], check=True, capture_output=True)


def kafka_topics(servers, *words):
    """Kafka's own tool."""
    command = servers["kafka-1"].java("org.apache.kafka.tools.TopicCommand")
    subprocess.run([*map(str, command), "--bootstrap-server", ENV["KAFKA_BROKERS"], *words], check=True,
                   capture_output=True)


def until(check, seconds=15):
    """Repeats `check` until its assertions hold, and answers what it answered."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.2)


class Refused:
    """How a command ended that found something wrong."""

    def __init__(self, done):
        self.status = done.returncode
        self.output = done.stdout
        self.sentence = done.stderr.strip().removeprefix("chat4all: ")

    def check(self):
        """One sentence for a person, the exit status for a script, no secret for anybody."""
        assert self.status == 1, (self.status, self.sentence)
        assert self.output == ""
        assert self.sentence and "\n" not in self.sentence, self.sentence
        assert self.sentence.endswith("."), self.sentence
        assert not [password for password in PASSWORDS if password in self.sentence], self.sentence


class Installation:
    def __init__(self, folder: Path, **settings):
        self.folder = folder
        self.admin_key = "c4a_" + secrets.token_urlsafe(32)
        name = "s" + secrets.token_hex(4)
        self.settings = {
            "log.engine": "kafka",
            "messages.engine": "cassandra",
            "metadata.engine": "postgres",
            "presence.engine": "redis",
            "kafka.brokers": KAFKA,
            "kafka.security": "sasl_ssl",
            "kafka.username": ENV["KAFKA_USER"],
            "kafka.password": ENV["KAFKA_PASSWORD"],
            "kafka.ca_file": tls.ca_file(),
            "kafka.topic_prefix": name + "_",
            "kafka.group": name,
            "kafka.partitions": 2,
            "kafka.replication": 1,
            "kafka.min_replication": 1,
            "cassandra.hosts": CASSANDRA,
            "cassandra.keyspace": KEYSPACE,
            "cassandra.username": ENV["CASSANDRA_USER"],
            "cassandra.password": ENV["CASSANDRA_PASSWORD"],
            "cassandra.tls": True,
            "cassandra.ca_file": tls.ca_file(),
            "cassandra.replication": 1,
            "cassandra.min_replication": 1,
            "postgres.connection": postgres(),
            "redis.address": REDIS,
            "redis.tls": True,
            "redis.ca_file": tls.ca_file(),
            "redis.password": ENV["REDIS_PASSWORD"],
            "redis.prefix": name + ":",
            # After a start the partitions wait for the consumer group.
            "server.decision_wait_ms": 20000,
            **settings,
        }

    def with_settings(self, settings):
        return {key.replace("__", "."): value for key, value in {**self.settings, **settings}.items() if value is not None}

    def migrate(self, **settings):
        done = command("migrate", settings=self.with_settings(settings), timeout=120)
        assert done.returncode == 0, done.stderr

    def refused(self, verb, *words, **settings):
        """`installation.refused("serve", kafka__brokers="127.0.0.1:1")`: what it said."""
        done = command(verb, *words, *(["--listen", "127.0.0.1:0"] if verb == "serve" else []),
                       settings=self.with_settings(settings), timeout=60)
        refused = Refused(done)
        refused.check()
        return refused

    def server(self, settings):
        folder = self.folder / secrets.token_hex(4)
        folder.mkdir()
        made = Server(folder, self.admin_key, self.with_settings(settings))
        made.migrated = True
        return made
