"""Looks into a keyspace on the servers of deploy/local, and empties it."""

import re
import sys

import distributed

sys.path.append(str(distributed.CLUSTER.parent))

from cluster import cassandra_query  # noqa: E402

SCHEMA = distributed.CLUSTER.parents[2] / "src/message_store/cassandra/cassandra_schema.cpp"
NOT_THERE = re.compile("does not exist|unconfigured table", re.IGNORECASE)
TRUNCATE_SECONDS = 60


def connect():
    of = distributed.cluster()
    return cassandra_query.Connection(of["CASSANDRA_CONTACT_POINTS"].split(",")[0], int(of["CASSANDRA_PORT"]))


def conversations(keyspace):
    """How many have a row, by one copy."""
    with connect() as connection:
        return connection.count(f"SELECT applied FROM {keyspace}.conversations")


def empty(keyspace):
    """Its tables stay, so that nothing changes the schema: Cassandra drops no table well while others are made."""
    with connect() as connection:
        connection.socket.settimeout(TRUNCATE_SECONDS)
        for table in re.findall(r'"\$(\w+) \(', SCHEMA.read_text()):
            if table == "schema_version":
                continue
            try:
                connection.query(f"TRUNCATE {keyspace}.{table}", cassandra_query.ALL)
            except cassandra_query.Refused as refused:
                if not NOT_THERE.search(str(refused)):
                    raise
