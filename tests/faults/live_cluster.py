"""The distributed product as processes: gateways and routers over the servers of deploy/local, each started, killed and
paused by itself. To clients it is one server with several addresses."""

import contextlib
import os
import random
import secrets
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import stacks
from server_process import NotServing, ServerProcess

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.append(str(REPOSITORY / "deploy/local"))

from cluster import kafka_tools  # noqa: E402
from cluster.settings import ENV  # noqa: E402  (of CHAT4ALL_SERVERS_ENV, where that is set)

# One for all runs, as a keyspace's tables cost each node memory for good: users and conversations have names of their own.
KEYSPACE = "chat4all_faults"
SERVERS = REPOSITORY / "deploy/local/servers.py"
LEAVE_SECONDS = 15


def settings(name, keyspace):
    """An installation of its own: topics, database and Redis keys that nobody else has."""
    of = ENV
    hosts = ",".join(f"{host}:{of['CASSANDRA_PORT']}" for host in of["CASSANDRA_CONTACT_POINTS"].split(","))
    login = f"{of['POSTGRES_USER']}:{of['POSTGRES_PASSWORD']}@{of['POSTGRES_HOST']}:{of['POSTGRES_PORT']}"
    return {
        "log.engine": "kafka", "messages.engine": "cassandra", "presence.engine": "redis", "metadata.engine": "postgres",
        "kafka.brokers": of["KAFKA_BROKERS"], "kafka.topic_prefix": name + "_", "kafka.group": name,
        "kafka.partitions": "6", "cassandra.hosts": hosts, "cassandra.keyspace": keyspace,
        "postgres.connection": f"postgres://{login}/{name}",
        "redis.sentinels": of["REDIS_SENTINELS"], "redis.master": of["REDIS_MASTER_NAME"],
        "redis.password": of["REDIS_PASSWORD"], "redis.sentinel_password": of["REDIS_SENTINEL_PASSWORD"],
        "redis.prefix": name + ":",
    }


def servers(*words, timeout=180):
    """A command of deploy/local/servers.py."""
    done = subprocess.run([sys.executable, str(SERVERS), *words], capture_output=True, text=True, timeout=timeout)
    return done.returncode, done.stdout + done.stderr


def make_database(name):
    of = ENV
    command = ["psql", "-h", of["POSTGRES_HOST"], "-p", of["POSTGRES_PORT"], "-U", of["POSTGRES_USER"], "-d",
               of["POSTGRES_DATABASE"], "-qc", f"CREATE DATABASE {name}"]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PGPASSWORD": of["POSTGRES_PASSWORD"]})


class Node(ServerProcess):
    """One process with one role."""

    def __init__(self, binary, role, folder, admin_key, environment):
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(binary, folder / "data", folder / "server.log", admin_key,
                         {**environment, "CHAT4ALL_SERVER__ROLES": role})
        self.role = role

    def leave(self):
        """SIGTERM, and an orderly end."""
        if (code := self.terminate(LEAVE_SECONDS)) != 0:
            raise NotServing(f"a {self.role} ended with {code} after SIGTERM: {self.last_words()}")

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)


class LiveCluster:
    def __init__(self, binary, folder, admin_key, gateways=2, routers=3):
        self.admin_key = admin_key
        self.folder = Path(folder)
        self.name = "f" + secrets.token_hex(5)
        self.user_prefix = self.name
        values = settings(self.name, KEYSPACE)
        self.binary = binary
        self.extra_environment = {"CHAT4ALL_" + key.replace(".", "__").upper(): value for key, value in values.items()}
        names = [("gateway", n + 1) for n in range(gateways)] + [("router", n + 1) for n in range(routers)]
        self.nodes = {f"{role}{n}": self.node(role, n) for role, n in names}
        self.prepared = False
        self.partitions = int(values["kafka.partitions"])

    def node(self, role, number):
        return Node(self.binary, role, self.folder / f"{role}{number}", self.admin_key, self.extra_environment)

    def add(self, role):
        """One more, which clients use as soon as it is ready; answers its name."""
        number = 1 + sum(node.role == role for node in self.nodes.values())
        node = self.node(role, number)
        try:
            node.start()
        except BaseException:
            node.close()
            raise
        self.nodes[f"{role}{number}"] = node
        return f"{role}{number}"

    def remove(self, name):
        """No new connection goes there, as behind a load balancer; then it ends."""
        node = self.nodes.pop(name)
        try:
            node.leave()
        finally:
            node.close()
        if complaint := node.sanitizer_complaint():
            raise NotServing(f"{name}: {complaint}")

    @property
    def gateways(self):
        return [node for node in self.nodes.values() if node.role == "gateway"]

    def pick_port(self):
        """As behind a load balancer: a gateway that is there, if one is."""
        running = [node for node in self.gateways if node.running] or self.gateways
        return random.choice(running).port

    def prepare(self):
        make_database(self.name)
        self.migrate()
        self.prepared = True

    def migrate(self, *words):
        node = self.gateways[0]
        done = subprocess.run([node.binary, "migrate", *words, "--data", str(node.data)], capture_output=True, text=True,
                              env=node.environment(), timeout=180)
        if done.returncode != 0:
            raise NotServing(f"chat4all migrate {' '.join(words)}: {done.stdout} {done.stderr}")

    def repartition(self):
        """Six partitions more, while everything runs."""
        self.partitions += 6
        self.migrate("--partitions", str(self.partitions))

    def start(self):
        if not self.prepared:
            self.prepare()
        begun = time.monotonic()
        starts = [threading.Thread(target=node.start) for node in self.nodes.values() if not node.running]
        for start in starts:
            start.start()
        for start in starts:
            start.join()
        if missing := [name for name, node in self.nodes.items() if not node.running]:
            raise NotServing(f"{missing} did not start: {self.nodes[missing[0]].last_words()}")
        return time.monotonic() - begun

    def close(self):
        for node in self.nodes.values():
            node.close()
        if self.prepared:
            with contextlib.suppress(subprocess.SubprocessError):  # Kafka may be what is broken
                kafka_tools.delete_topics(f"{self.name}_.*")

    def leave_evidence(self):
        """Beside the logs: who reads which partition and how far, what each process counted, and where its threads stand."""
        with contextlib.suppress(subprocess.SubprocessError):
            words = kafka_tools.run("consumer.group.ConsumerGroupCommand", "--describe", "--all-groups")
            (self.folder / "consumer-groups.txt").write_text(words, encoding="utf-8")
        for name, node in self.nodes.items():
            if not node.running:
                continue
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{node.port}/metrics",
                                                                      timeout=5) as answer:
                (self.folder / f"{name}.metrics").write_bytes(answer.read())
            node.log.with_suffix(".stacks").write_text(stacks.look(node.process.pid, node.port), encoding="utf-8")

    def last_words(self):
        return " || ".join(f"{name}: {node.last_words(2)}" for name, node in self.nodes.items())

    def sanitizer_complaint(self):
        return next(filter(None, (node.sanitizer_complaint() for node in self.nodes.values())), None)
