"""The distributed profile for the tests: every server gets topics, a database of PostgreSQL and Redis keys of its own on the
servers of deploy/local; they share one keyspace, where conversations have ids that nobody else has.

CHAT4ALL_E2E_PROFILE=distributed turns it on. The servers must run (`make servers`).
"""

import contextlib
import fcntl
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ON = os.environ.get("CHAT4ALL_E2E_PROFILE") == "distributed"
CLUSTER = Path(__file__).resolve().parents[2] / "deploy/local/cluster.env"
KEYSPACE = os.environ.get("CHAT4ALL_E2E_KEYSPACE", "chat4all_e2e")
PARTITIONS = 3


def cluster():
    lines = CLUSTER.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


@contextlib.contextmanager
def one_at_a_time():
    """Cassandra does not take changes of its schema from two at once."""
    with open(Path(tempfile.gettempdir()) / "chat4all-e2e-migrate.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def sql(statement):
    subprocess.run(["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--command={statement}", postgres("postgres")],
                   check=True, capture_output=True, text=True, timeout=60)


def postgres(database):
    of = cluster()
    return f"postgres://{of['POSTGRES_USER']}:{of['POSTGRES_PASSWORD']}@{of['POSTGRES_HOST']}:{of['POSTGRES_PORT']}/{database}"


dropped = []


def drop(installation):
    """Leaves PostgreSQL as it was. Its topics go with `drop_topics`, its Redis keys expire or cost little."""
    dropped.append(installation["kafka.group"])
    for last in (False, False, True):
        try:
            return sql(f"DROP DATABASE IF EXISTS {installation['kafka.group']} WITH (FORCE)")
        except subprocess.CalledProcessError:  # autovacuum is at it, and nobody but a superuser may end it
            if last:
                raise
            time.sleep(1)


def drop_topics():
    """Those of all installations that were dropped, at once: it takes a Java."""
    if not dropped:
        return
    sys.path.append(str(CLUSTER.parent))
    from cluster import kafka_tools
    kafka_tools.delete_topics(f"({'|'.join(dropped)})_.*")
    dropped.clear()


def settings():
    """What one installation of its own needs; its database is made here."""
    of = cluster()
    name = "e2e" + secrets.token_hex(5)
    sql(f"CREATE DATABASE {name}")
    hosts = ",".join(f"{host}:{of['CASSANDRA_PORT']}" for host in of["CASSANDRA_CONTACT_POINTS"].split(","))
    return {
        # After a kill the partitions wait for the consumer group; reading what was sent needs the decision.
        "server.decision_wait_ms": 20000,
        "log.engine": "kafka",
        "messages.engine": "cassandra",
        "metadata.engine": "postgres",
        "presence.engine": "redis",
        "postgres.connection": postgres(name),
        "kafka.brokers": of["KAFKA_BROKERS"],
        "kafka.topic_prefix": name + "_",
        "kafka.group": name,
        "kafka.partitions": PARTITIONS,
        "cassandra.hosts": hosts,
        "cassandra.keyspace": KEYSPACE,
        "redis.sentinels": of["REDIS_SENTINELS"],
        "redis.master": of["REDIS_MASTER_NAME"],
        "redis.password": of["REDIS_PASSWORD"],
        "redis.sentinel_password": of["REDIS_SENTINEL_PASSWORD"],
        "redis.prefix": name + ":",
    }
