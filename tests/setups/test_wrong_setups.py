"""Each wrong set-up ends the start with one sentence that names the server and what to set. `refused` checks the rest: exit
status 1, one line, no password in it."""

import contextlib
import socket
import subprocess
import threading

import pytest

from cluster.settings import ENV
from installation import CASSANDRA, KAFKA, KEYSPACE, POSTGRES, REDIS, Installation, cql, kafka_topics, postgres, sql

NOBODY = "127.0.0.1:1"
NOWHERE = "nowhere.invalid:9999"

# What is set, and what the sentence must have in it.
UNREACHABLE = {
    "kafka": ({"kafka.brokers": NOBODY}, "Kafka at 127.0.0.1:1 does not answer", "kafka.brokers"),
    "cassandra": ({"cassandra.hosts": NOBODY}, "No Cassandra node answers at 127.0.0.1:1", "addresses"),
    "postgres": ({"postgres.connection": postgres(NOBODY)}, "PostgreSQL at 127.0.0.1:1 cannot be used", "connection string"),
    "redis": ({"redis.address": NOBODY}, "Redis at 127.0.0.1:1 cannot be used", "redis.address"),
    "sentinel": ({"redis.sentinels": NOBODY}, "Redis at 127.0.0.1:1 cannot be used", "redis.sentinels"),
    "kafka's name": ({"kafka.brokers": NOWHERE}, "Kafka at nowhere.invalid:9999 does not answer", "kafka.brokers"),
    "cassandra's name": ({"cassandra.hosts": NOWHERE}, "nowhere.invalid:9999", "addresses"),
    "postgres's name": ({"postgres.connection": postgres(NOWHERE)}, "nowhere.invalid", "correct the host"),
    "redis's name": ({"redis.address": NOWHERE}, "Redis at nowhere.invalid:9999 cannot be used", "redis.address"),
}
LOGIN = {
    "kafka": ({"kafka.password": "wrong"}, f"Kafka at {KAFKA} refuses the login of chat4all", "kafka.password"),
    "kafka's user": ({"kafka.username": "nobody"}, f"Kafka at {KAFKA} refuses the login of nobody", "kafka.username"),
    "kafka's mechanism": ({"kafka.sasl_mechanism": "MAGIC"}, "MAGIC", "kafka.sasl_mechanism"),
    "cassandra": ({"cassandra.password": "wrong"}, f"Cassandra at {CASSANDRA} refuses the login of chat4all",
                  "cassandra.password"),
    "cassandra's user": ({"cassandra.username": "nobody"}, "refuses the login of nobody", "cassandra.username"),
    "cassandra, none": ({"cassandra.username": ""}, f"Cassandra at {CASSANDRA} asks for a login", "cassandra.username"),
    "postgres": ({"postgres.connection": postgres(password="wrong")}, f"PostgreSQL at {POSTGRES}", "password"),
    "postgres's database": ({"postgres.connection": postgres(database="none")}, f"PostgreSQL at {POSTGRES}",
                            "CREATE DATABASE none"),
    "redis": ({"redis.password": "wrong"}, f"Redis at {REDIS} cannot be used", "correct redis.password"),
    "redis, none": ({"redis.password": ""}, f"Redis at {REDIS} cannot be used", "set redis.password"),
    "sentinel": ({"redis.sentinels": ENV["REDIS_TLS_SENTINELS"], "redis.sentinel_password": "wrong"},
                 f"Redis at {ENV['REDIS_TLS_SENTINELS']} cannot be used", "correct redis.sentinel_password"),
    "sentinel, none": ({"redis.sentinels": ENV["REDIS_TLS_SENTINELS"]}, ENV["REDIS_TLS_SENTINELS"],
                       "set redis.sentinel_password"),
    "sentinel's master": ({"redis.sentinels": ENV["REDIS_TLS_SENTINELS"], "redis.master": "other",
                           "redis.sentinel_password": ENV["REDIS_SENTINEL_PASSWORD"]}, "other", "redis.master"),
}


def check(refused, *parts):
    for part in parts:
        assert part in refused.sentence, refused.sentence


@pytest.mark.parametrize("settings, server, remedy", UNREACHABLE.values(), ids=UNREACHABLE.keys())
def test_a_server_that_cannot_be_reached_is_named(installation, settings, server, remedy):
    check(installation.refused("serve", **settings), server, remedy)


@pytest.mark.parametrize("settings, server, remedy", LOGIN.values(), ids=LOGIN.keys())
def test_a_login_that_is_not_accepted_is_named(installation, settings, server, remedy):
    check(installation.refused("serve", **settings), server, remedy)


# ---- TLS


@pytest.fixture(scope="session")
def other_authority(tmp_path_factory):
    path = tmp_path_factory.mktemp("authority") / "other.crt"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", "/CN=another authority", "-keyout", path.with_suffix(".key"), "-out", path],
                   check=True, capture_output=True)
    return str(path)


@pytest.fixture
def plain_server():
    """One that closes whatever is no protocol of its own, as a port without TLS does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            with connection:
                connection.recv(4096)
                connection.sendall(b"-ERR unknown\r\n")

    threading.Thread(target=serve, daemon=True).start()
    yield "127.0.0.1:%d" % listener.getsockname()[1]
    listener.close()


def test_certificates_of_an_unknown_authority_are_refused(installation, other_authority):
    check(installation.refused("serve", kafka__ca_file=other_authority), f"Kafka at {KAFKA}", "kafka.ca_file")
    check(installation.refused("serve", cassandra__ca_file=other_authority), f"Cassandra at {CASSANDRA}",
          "cassandra.ca_file")
    check(installation.refused("serve", postgres__connection=postgres(ca_file=other_authority)),
          f"PostgreSQL at {POSTGRES}", "sslrootcert")
    check(installation.refused("serve", redis__ca_file=other_authority), f"Redis at {REDIS}", "redis.ca_file")


def test_the_systems_authorities_do_not_know_ours(installation):
    check(installation.refused("serve", kafka__ca_file=""), f"Kafka at {KAFKA}", "kafka.ca_file")
    check(installation.refused("serve", cassandra__ca_file=""), f"Cassandra at {CASSANDRA}", "cassandra.ca_file")
    check(installation.refused("serve", redis__ca_file=""), f"Redis at {REDIS}", "redis.ca_file")


def test_a_file_that_holds_no_certificate_is_named(installation, tmp_path):
    missing = str(tmp_path / "missing.crt")
    check(installation.refused("serve", kafka__ca_file=missing), missing, "kafka.ca_file")
    check(installation.refused("serve", cassandra__ca_file=missing), missing, "cassandra.ca_file")
    check(installation.refused("serve", redis__ca_file=missing), missing, "redis.ca_file")
    check(installation.refused("serve", postgres__connection=postgres(ca_file=missing)), missing, "sslrootcert")


def pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for one in (source, target):
        with contextlib.suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def elsewhere():
    """`elsewhere(server)`: an address that the certificate does not name, at which the server can be reached."""
    listeners = []

    def forward(server):
        host, port = server.rsplit(":", 1)
        listener = socket.create_server(("127.0.0.20", 0))
        listeners.append(listener)

        def serve():
            while True:
                try:
                    near = listener.accept()[0]
                    far = socket.create_connection((host, int(port)))
                except OSError:
                    return
                threading.Thread(target=pump, args=(near, far), daemon=True).start()
                threading.Thread(target=pump, args=(far, near), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        return "127.0.0.20:%d" % listener.getsockname()[1]

    yield forward
    for listener in listeners:
        listener.close()


def test_a_certificate_for_another_address_is_refused(installation, elsewhere):
    kafka, cassandra, redis, sql_server = map(elsewhere, (KAFKA, CASSANDRA, REDIS, POSTGRES))
    check(installation.refused("serve", kafka__brokers=kafka), kafka, "kafka.ca_file", "address")
    check(installation.refused("serve", cassandra__hosts=cassandra), cassandra, "IP addresses")
    check(installation.refused("serve", redis__address=redis), redis, "names 127.0.0.20")
    check(installation.refused("serve", postgres__connection=postgres(sql_server)), sql_server, "certificate")


def test_tls_to_a_port_without_it_is_said(installation, plain_server):
    check(installation.refused("serve", kafka__brokers=ENV["KAFKA_BROKERS"]), ENV["KAFKA_BROKERS"], "TLS", "kafka.security")
    check(installation.refused("serve", cassandra__hosts=plain_server), plain_server, "TLS", "cassandra.tls")
    check(installation.refused("serve", redis__address=ENV["REDIS_NODES"]), ENV["REDIS_NODES"], "TLS", "redis.tls")


def test_no_tls_to_a_port_that_asks_for_it_is_said(installation):
    check(installation.refused("serve", kafka__security="sasl_plaintext"), KAFKA, "kafka.security")
    check(installation.refused("serve", kafka__security="plaintext"), KAFKA, "kafka.security")
    check(installation.refused("serve", redis__tls=False), REDIS, "redis.tls")


# ---- what is kept in the servers


def test_a_keyspace_that_is_not_there_is_to_be_migrated(installation):
    check(installation.refused("serve", cassandra__keyspace="c4a_none"), "Keyspace c4a_none does not exist",
          "chat4all migrate")


def test_a_keyspace_with_too_few_copies_is_refused(installation):
    check(installation.refused("serve", cassandra__min_replication=3), "keeps 1 copies, 3 are asked for",
          "cassandra.min_replication")


def test_a_topic_with_too_few_copies_is_refused(installation):
    check(installation.refused("serve", kafka__min_replication=3), "has 1 replicas, and must have at least 3",
          "kafka.min_replication")


def test_topics_that_are_missing_are_to_be_migrated(installation):
    check(installation.refused("serve", kafka__topic_prefix="none_"), "none_chat_messages is missing", "chat4all migrate")


def test_a_topic_that_is_gone_is_not_made_anew(servers, tmp_path):
    own = Installation(tmp_path)
    own.migrate()
    topic = own.settings["kafka.topic_prefix"] + "chat_messages"
    kafka_topics(servers, "--delete", "--topic", topic)
    for verb in ("serve", "migrate"):
        check(own.refused(verb), topic, "is not there any more", "kafka.generation to 2")
    own.migrate(kafka__generation=2)


def test_another_kafka_cluster_than_before_is_refused(installation):
    topic = installation.settings["kafka.topic_prefix"] + "chat_messages"
    put = f"INSERT INTO {KEYSPACE}.logs (topic, cluster) VALUES ('{topic}', '%s')"
    cql(put % "another-cluster")
    try:
        for verb in ("serve", "migrate"):
            check(installation.refused(verb), "of the Kafka cluster another-cluster", "kafka.brokers", "kafka.generation to 2")
    finally:
        cql(put % ENV["KAFKA_CLUSTER_ID"])


def test_a_later_topic_that_is_gone_is_not_made_anew(installation):
    """`migrate --partitions` remembers what it makes."""
    topic = installation.settings["kafka.topic_prefix"] + "chat_messages.2"
    cql(f"INSERT INTO {KEYSPACE}.logs (topic, cluster) VALUES ('{topic}', '{ENV['KAFKA_CLUSTER_ID']}')")
    try:
        for words in (["serve"], ["migrate"], ["migrate", "--partitions", "4"]):
            check(installation.refused(*words), topic, "is not there any more", "kafka.generation to 3")
    finally:
        cql(f"DELETE FROM {KEYSPACE}.logs WHERE topic = '{topic}'")


def test_another_number_of_partitions_is_refused(installation):
    check(installation.refused("serve", kafka__partitions=5), "has 2 partitions", "kafka.partitions")


def test_a_schema_of_another_version_of_cassandra_is_refused(servers, tmp_path):
    keyspace = "chat4all_setups_schema"
    own = Installation(tmp_path, **{"cassandra.keyspace": keyspace})
    own.migrate()
    version = f"INSERT INTO {keyspace}.schema_version (id, version, bucket_rows) VALUES (1, %d, 16384)"
    cql(version % 99)
    for verb in ("serve", "migrate"):
        check(own.refused(verb), f"Keyspace {keyspace} has schema 99", "start the newer chat4all")
    cql(version % 0)
    check(own.refused("serve"), f"Keyspace {keyspace} has the older schema 0", "run `chat4all migrate`")
    own.migrate()
    cql(f"DROP KEYSPACE {keyspace}")


def test_a_newer_schema_of_postgres_is_refused(installation):
    sql("DROP DATABASE IF EXISTS newer")
    sql("CREATE DATABASE newer")
    newer = postgres(database="newer")
    installation.migrate(postgres__connection=newer)
    sql("INSERT INTO schema_migrations (version, applied_at) VALUES (999, 0)", database="newer")
    for verb in ("serve", "migrate"):
        check(installation.refused(verb, postgres__connection=newer), "newer version (schema 999", "use that version")
    sql("DROP DATABASE newer")
