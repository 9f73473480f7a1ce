"""The parts of deploy/local that can be tested without a server."""

import pathlib
import signal
import socket
import struct
import subprocess
import sys
import threading

import pytest

LOCAL = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "local"
sys.path.insert(0, str(LOCAL))

from cluster import cassandra_query, jars, kafka_metadata  # noqa: E402
from cluster.process import Process, require_free  # noqa: E402
from cluster.settings import ENV, Problem  # noqa: E402
from servers import Servers, silence  # noqa: E402

FIRST_EPHEMERAL_PORT = 32768


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    monkeypatch.setenv("CHAT4ALL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("CHAT4ALL_SERVERS_DIR", str(tmp_path / "servers"))
    return tmp_path


def all_addresses():
    servers = Servers(report=silence)
    for name in ("kafka-4", "cassandra-4"):
        servers.add(name)
    return [address for node in servers.nodes.values() for address in node.addresses()]


def answering(answer: bytes):
    """A server that reads one request and gives one answer; returns its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener, listener.accept()[0] as connection:
            connection.recv(4096)
            connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()


def test_no_two_servers_listen_on_the_same_address():
    assert len(all_addresses()) == len(set(all_addresses()))


def test_all_addresses_are_on_loopback_and_below_the_ephemeral_ports():
    assert all(host.startswith("127.") and 1024 < port < FIRST_EPHEMERAL_PORT for host, port in all_addresses())


def test_the_lists_of_the_address_file_are_where_the_nodes_listen():
    servers = Servers(report=silence)
    assert ENV["KAFKA_BROKERS"] == ",".join(node.address for node in servers.named("kafka"))
    assert ENV["CASSANDRA_CONTACT_POINTS"] == ",".join(node.host for node in servers.named("cassandra"))
    assert ENV["REDIS_SENTINELS"] == ",".join(node.address for node in servers.named("sentinel"))


def test_a_shell_reads_the_same_addresses():
    shown = subprocess.run(["bash", "-c", f". {LOCAL}/cluster.env; echo $KAFKA_BROKERS $REDIS_PASSWORD"],
                           capture_output=True, text=True, check=True).stdout
    assert shown.split() == [ENV["KAFKA_BROKERS"], ENV["REDIS_PASSWORD"]]


def test_a_pid_file_that_names_a_process_of_others_is_no_reason_to_signal_it(folders):
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (folders / "pid").write_text(str(stranger.pid))
        process = Process(folders / "pid", f"{folders}/")
        process.kill()
        assert process.pid() == 0 and stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_an_own_process_is_found_paused_and_killed(folders):
    process = Process(folders / "pid", f"{folders}/")
    process.start(["tail", "-f", folders / "output.log"], folders / "output.log", folders)
    assert process.pid() and process.rss_mib() > 0 and not process.paused()
    process.send(signal.SIGSTOP)
    while not process.paused():
        pass
    process.kill()
    assert process.pid() == 0 and not (folders / "pid").exists()


def test_a_port_in_use_is_one_sentence():
    with socket.create_server(("127.0.0.1", 0)) as other:
        with pytest.raises(Problem, match=f"redis-1 needs 127.0.0.1:{other.getsockname()[1]}, which another process"):
            require_free([other.getsockname()], "redis-1")


def test_a_jar_with_another_digest_is_refused_and_nothing_is_kept(monkeypatch):
    def resolve(_kind, target):
        target.mkdir(parents=True)
        (target / "kafka_2.13-4.3.1.jar").write_bytes(b"something else")

    monkeypatch.setattr(jars, "resolve", resolve)
    with pytest.raises(Problem, match="is not what kafka.sha256 asks for"):
        jars.fetch("kafka")
    assert not jars.home("kafka").exists()


@pytest.mark.parametrize("name", ["kafka-3", "kafka-9", "redis-3", "postgres-2", "cassandra", "x-4"])
def test_what_cannot_be_added_is_refused(name):
    with pytest.raises(Problem, match="cannot be added"):
        Servers(report=silence).add(name)


def test_kafka_metadata_names_brokers_leaders_and_copies_that_lag():
    def text(value):
        return struct.pack(">h", len(value)) + value

    broker = struct.pack(">i", 2) + text(b"127.0.0.1") + struct.pack(">i", 29092) + struct.pack(">h", -1)
    replicas, in_sync, offline = struct.pack(">iii", 2, 2, 3), struct.pack(">ii", 1, 2), struct.pack(">i", 0)
    partition = struct.pack(">hii", 0, 7, 2) + replicas + in_sync + offline
    body = (struct.pack(">iii", 1, 0, 1) + broker + text(b"cluster") + struct.pack(">ii", 2, 1) +
            struct.pack(">h", 0) + text(b"messages") + b"\0" + struct.pack(">i", 1) + partition)
    view = kafka_metadata.read(*answering(struct.pack(">i", len(body)) + body))
    assert view.brokers == {2: "127.0.0.1:29092"} and view.controller == 2
    assert view.under_replicated() == [kafka_metadata.Partition("messages", 7, 2, [2, 3], [2])]


def test_an_answer_that_is_not_kafkas_is_an_error():
    with pytest.raises(ValueError):
        kafka_metadata.read(*answering(struct.pack(">i", 6) + b"HTTP/1"))


def test_an_error_of_cassandra_is_refused_with_its_words():
    words = b"no such version"
    body = struct.pack(">iH", 10, len(words)) + words
    header = struct.pack(">BBhBi", 0x84, 0, 0, cassandra_query.ERROR, len(body))
    with pytest.raises(cassandra_query.Refused, match="no such version"):
        cassandra_query.Connection(*answering(header + body))


def test_a_server_that_nobody_started_is_down():
    assert {node.health() for node in Servers(report=silence).nodes.values()} == {"down"}
