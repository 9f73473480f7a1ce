"""The parts of deploy/local that can be tested without a server."""

import pathlib
import signal
import socket
import ssl
import struct
import subprocess
import sys
import threading

import pytest

LOCAL = pathlib.Path(__file__).resolve().parents[2] / "deploy" / "local"
sys.path.insert(0, str(LOCAL))

from cluster import cassandra_query, jars, kafka_metadata, kafka_tools, tls  # noqa: E402
from cluster.process import Process, require_free  # noqa: E402
from cluster.settings import ENV, Problem, address  # noqa: E402
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


def speaking_tls():
    """A server that makes one handshake with the certificate; returns its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.folder() / "server.crt", tls.folder() / "server.key")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with listener, listener.accept()[0] as connection:
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                pass

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()


@pytest.fixture(params=[False, True], ids=["plain", "tls"])
def with_tls(request):
    if request.param:
        tls.turn_on()


def test_no_two_servers_listen_on_the_same_address(with_tls):
    assert len(all_addresses()) == len(set(all_addresses()))


def test_all_addresses_are_on_loopback_and_below_the_ephemeral_ports(with_tls):
    assert all(host.startswith("127.") and 1024 < port < FIRST_EPHEMERAL_PORT for host, port in all_addresses())


def test_the_lists_of_the_address_file_are_where_the_nodes_listen():
    servers = Servers(report=silence)
    assert ENV["KAFKA_BROKERS"] == ",".join(node.address for node in servers.named("kafka"))
    assert ENV["CASSANDRA_CONTACT_POINTS"] == ",".join(node.host for node in servers.named("cassandra"))
    assert ENV["REDIS_SENTINELS"] == ",".join(node.address for node in servers.named("sentinel"))


def test_the_tls_lists_of_the_address_file_are_where_the_nodes_speak_it():
    servers = Servers(report=silence)
    lists = {"KAFKA_TLS_BROKERS": "kafka", "REDIS_TLS_NODES": "redis", "REDIS_TLS_SENTINELS": "sentinel"}
    for name, kind in lists.items():
        assert [address(one) for one in ENV[name].split(",")] == [node.tls_address() for node in servers.named(kind)]


def test_the_certificate_is_good_for_every_node_and_its_keys_are_closed():
    tls.turn_on()
    assert tls.problem(*speaking_tls()) == ""
    shown = subprocess.run(["openssl", "x509", "-in", tls.folder() / "server.crt", "-noout", "-ext", "subjectAltName"],
                           capture_output=True, text=True, check=True).stdout
    assert "127.0.0.1," in shown and "127.0.0.8," in shown
    for name in ("ca.key", "server.key", "server.p12"):
        assert (tls.folder() / name).stat().st_mode & 0o077 == 0


def test_a_certificate_of_another_authority_is_a_problem():
    tls.turn_on()
    other = speaking_tls()
    tls.turn_off()
    tls.turn_on()
    assert tls.problem(*other).startswith("no TLS on 127.0.0.1:")


def test_tls_that_is_on_keeps_its_certificates(folders):
    tls.turn_on()
    before = tls.ca_file().read_bytes()
    tls.turn_on()
    assert tls.ca_file().read_bytes() == before and [path.name for path in (folders / "servers").iterdir()] == ["tls"]


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


def test_a_jar_that_changed_after_it_was_fetched_is_refused():
    name = jars.lock_file("kafka").read_text().split()[1]
    (jars.home("kafka") / "lib").mkdir(parents=True)
    (jars.home("kafka") / "lib" / name).write_bytes(b"something else")
    with pytest.raises(Problem, match="have changed since they were fetched"):
        jars.fetch("kafka")


@pytest.mark.parametrize("name", ["kafka-3", "kafka-9", "redis-3", "postgres-2", "cassandra", "x-4"])
def test_what_cannot_be_added_is_refused(name):
    with pytest.raises(Problem, match="cannot be added"):
        Servers(report=silence).add(name)


@pytest.mark.parametrize("tool, words", [("kafka-topics", ["--list"]), ("kafka-metadata-quorum", ["describe"])])
def test_kafkas_tools_are_told_the_brokers_before_what_to_do(monkeypatch, tool, words):
    assert command_of(monkeypatch, tool, words)[-3:] == ["--bootstrap-server", ENV["KAFKA_BROKERS"], *words]


def test_kafka_cluster_is_told_what_to_do_first(monkeypatch):
    command = command_of(monkeypatch, "kafka-cluster", ["unregister", "--id", "4"])
    assert command[-5:] == ["unregister", "--id", "4", "--bootstrap-server", ENV["KAFKA_BROKERS"]]


def command_of(monkeypatch, tool, words):
    commands = []

    def run(command, **_):
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, stdout="", stderr="")

    # Not needed to see the words, and a machine that only builds has none.
    monkeypatch.setattr(kafka_tools.jars, "java", lambda: "java")
    monkeypatch.setattr(kafka_tools.subprocess, "run", run)
    kafka_tools.run(kafka_tools.SCRIPTS[tool], *words)
    return commands[-1]


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
    body = struct.pack(">iH", 10, len(words)) + words + b"\0\5"
    header = struct.pack(">BBhBi", 0x84, 0, 0, cassandra_query.ERROR, len(body))
    with pytest.raises(cassandra_query.Refused, match="^no such version$"):
        cassandra_query.Connection(*answering(header + body))


def test_cassandra_is_told_the_password_when_it_asks():
    listener = socket.create_server(("127.0.0.1", 0))
    heard = []

    def serve():
        with listener, listener.accept()[0] as connection:
            for answer in (cassandra_query.AUTHENTICATE, 0x10):  # 0x10: AUTH_SUCCESS
                heard.append(connection.recv(4096))
                connection.sendall(struct.pack(">BBhBi", 0x84, 0, 0, answer, 0))

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    cassandra_query.Connection(*listener.getsockname(), "somebody", "secret").socket.close()
    server.join()
    assert b"secret" not in heard[0] and heard[1].endswith(b"\0somebody\0secret")


def test_a_server_that_nobody_started_is_down():
    assert {node.health() for node in Servers(report=silence).nodes.values()} == {"down"}
