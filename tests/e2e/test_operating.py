"""§§10, 11: health, metrics, configuration, start and stop, TLS, audit."""

import datetime
import json
import os
import re
import signal
import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chat import Caller
from checks import eventually, is_time, ok, problem
from raw import Wire, bearer

LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\.)*"'
SAMPLE = re.compile(r"^[a-zA-Z_:][a-zA-Z0-9_:]*(\{(%s,?)*\})? [-+0-9.eEInfNa]+( \d+)?$" % LABEL)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/health"])
def test_health_needs_no_credentials(world, path):
    ok(world.nobody.get(path))


def test_health_tells_each_dependency(world):
    document = ok(world.nobody.get("/health"))
    assert document["status"] and document["dependencies"]
    for dependency in document["dependencies"].values():
        assert dependency["status"] and dependency["latency_ms"] >= 0


def test_metrics_are_prometheus_text(world, users, private):
    alice, bob = users(2)
    alice.send(private(alice, bob))
    response = world.nobody.get("/metrics")
    assert response.status_code == 200 and response.headers["content-type"].startswith("text/plain")
    kinds, samples = {}, []
    for line in response.text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds, f"{name} is declared twice"
            kinds[name] = kind
        elif line and not line.startswith("#"):
            assert SAMPLE.match(line), line
            samples.append(re.split(r"[{ ]", line)[0])
    assert samples and set(kinds.values()) <= {"counter", "gauge", "histogram", "summary", "untyped"}


PATHS = ["/auth/token", "/auth/revoke", "/v1/users", "/v1/users/{user_id}", "/v1/keys", "/v1/conversations",
         "/v1/messages",
         "/v1/search", "/v1/presence/heartbeat", "/v1/limits", "/v1/audit", "/health"]


def test_the_openapi_document_is_served_and_describes_the_operations(world):
    document = ok(world.nobody.get("/openapi.json"))
    assert document["openapi"].startswith("3.1")
    for path in PATHS:
        assert path in document["paths"], path
    assert any(path.startswith("/v1/messages/{") and path.endswith("/timeline") for path in document["paths"])


def test_the_audit_tells_who_did_what(world, users, group):
    alice, bob = users(2)
    conversation = group(alice)
    key = world.key("messages")
    ok(alice.post(f"/v1/conversations/{conversation}/members", {"user_id": bob.id}), 201)
    ok(world.admin.delete(f"/v1/keys/{key['key_id']}"), 204)
    entries = world.admin.walk("/v1/audit", limit=200)
    for entry in entries[:50]:
        is_time(entry["timestamp"])
        assert entry["audit_id"] and entry["actor"] and entry["action"] and entry["object_type"]
        assert "object_id" in entry and "details" in entry
    assert len({entry["audit_id"] for entry in entries}) == len(entries)
    told = json.dumps(entries)
    assert bob.id in told and key["key_id"] in told and conversation in told
    assert key["key"] not in told, "the audit gives a secret away"
    problem(alice.get("/v1/audit"), 403)
    problem(Caller(world.server, world.key("messages")["key"]).get("/v1/audit"), 403)


def test_the_first_start_prints_one_admin_key_and_keeps_only_its_hash(make_server):
    server = make_server(admin_key=None).start()
    # Told when all has started, a moment after it is ready.
    keys = eventually(lambda: set(re.findall(r"c4a_[A-Za-z0-9_-]{16,}", server.output())))
    assert len(keys) == 1, server.output()
    key = keys.pop()
    ok(Caller(server, key).post("/v1/users", {"user_id": "first"}), 201)
    printed = server.output()
    server.restart()
    ok(Caller(server, key).get("/v1/users/first"))
    assert "c4a_" not in server.output()[len(printed):], "a later start prints a key"
    for path in Path(server.data).rglob("*"):
        if path.is_file():
            assert key.encode() not in path.read_bytes(), f"{path} holds the key itself"


def test_an_admin_key_of_the_environment_replaces_the_earlier_one(make_server):
    server = make_server().start()
    old, new = server.admin_key, "c4a_another-admin-key-of-sufficient-length-0123456789"
    ok(Caller(server, old).get("/v1/keys"))
    assert old not in server.output()
    server.admin_key = new
    server.restart()
    ok(Caller(server, new).get("/v1/keys"))
    problem(Caller(server, old).get("/v1/keys"), 401)


def test_a_restart_keeps_everything(own_server):
    world = own_server()
    alice, bob = world.users(2)
    conversation = world.private(alice, bob, metadata={"kept": True})
    sent = alice.send_many(conversation, 5)
    bob.read(conversation, 3)
    alice.edit(sent[0]["message_id"], "edited")
    ok(bob.put(f"/v1/messages/{sent[1]['message_id']}/reactions/%F0%9F%91%8D"), 204)
    before = snapshot(alice, bob, conversation, sent)
    world.server.restart()
    assert snapshot(alice, bob, conversation, sent) == before
    assert ok(alice.post_message(conversation, "message 2", message_id=sent[1]["message_id"]), 200)["seq"] == 2
    assert alice.send(conversation, "next")["seq"] == 6
    assert bob.listed(conversation)["unread_count"] == 3


def snapshot(alice, bob, conversation, sent):
    return [alice.history(conversation), alice.changes(conversation), alice.conversation(conversation),
            bob.listed(conversation), [alice.statuses(receipt["message_id"]) for receipt in sent],
            [alice.message(receipt["message_id"]) for receipt in sent]]


def test_sigterm_finishes_what_was_accepted_and_ends_well(own_server):
    world = own_server()
    alice, bob = world.users(2)
    conversation = world.private(alice, bob)
    back_end = world.acting(alice)
    accepted, ended = [], threading.Event()

    def sender():
        while not ended.is_set():
            try:
                answer = back_end.post_message(conversation)
            except Exception:  # the listener closed: the drain has begun
                return
            if answer.status_code == 202:
                accepted.append(answer.json()["message_id"])

    with ThreadPoolExecutor(4) as pool:
        work = [pool.submit(sender) for _ in range(4)]
        eventually(lambda: len(accepted) > 50)
        start = time.monotonic()
        code = world.server.stop()
        took = time.monotonic() - start
        ended.set()
        [future.result() for future in work]
    assert code == 0 and took <= 10.5
    world.server.start()
    stored = [m["message_id"] for m in alice.walk(f"/v1/conversations/{conversation}/messages", after_seq=0, limit=200)]
    assert set(accepted) <= set(stored) and len(stored) == len(set(stored))


def test_an_idle_connection_does_not_delay_the_end(own_server):
    world = own_server()
    with Wire(world.server) as half:
        half.send("POST /v1/messages HTTP/1.1\r\nHost: x\r\n")
        assert world.server.stop(11) == 0


def certificate(folder, serial):
    """A self-signed certificate and its key in files that are replaced, not rewritten."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()) \
        .serial_number(serial).not_valid_before(now - day).not_valid_after(now + day).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for file, data in (("certificate.pem", made.public_bytes(pem)), ("key.pem", private)):
        (folder / f"{file}.new").write_bytes(data)
        os.replace(folder / f"{file}.new", folder / file)


def serial_of(server):
    pem = ssl.get_server_certificate(("127.0.0.1", server.port))
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def test_tls_is_spoken_and_reloaded_on_sighup(own_server, tmp_path):
    certificate(tmp_path, 1001)
    config = tmp_path / "chat4all.toml"
    config.write_text(f'[server.tls]\ncertificate = "{tmp_path}/certificate.pem"\nkey = "{tmp_path}/key.pem"\n')
    world = own_server(config=config, tls=True)
    alice, bob = world.users(2)
    conversation = world.private(alice, bob)
    his = bob.connect()
    assert his.expect_message(alice.send(conversation)["message_id"])["seq"] == 1
    assert serial_of(world.server) == 1001
    certificate(tmp_path, 1002)
    world.server.process.send_signal(signal.SIGHUP)
    eventually(lambda: serial_of(world.server) == 1002)
    assert his.expect_message(alice.send(conversation)["message_id"])["seq"] == 2
    with socket.create_connection(("127.0.0.1", world.server.port)) as plain:
        plain.settimeout(5)
        plain.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b" 200 " not in plain.recv(1000)


def test_a_trace_can_be_followed_in_the_timeline(world, users, private):
    alice, bob = users(2)
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = ok(alice.request("POST", "/v1/messages", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}, json={
        "conversation_id": private(alice, bob), "payload": {"type": "text", "text": "traced"}}), 202)
    items = alice.walk(f"/v1/messages/{answer['message_id']}/timeline")
    assert {item["trace_id"] for item in items if item.get("trace_id")} <= {trace}


def test_a_user_made_while_the_server_runs_needs_no_restart(own_server):
    world = own_server()
    made = world.server.command("user", "add", "grace", "--display-name", "Grace Hopper", "--password-stdin",
                                stdin="correct horse\n")
    assert made.returncode == 0, made.stderr
    body = {"grant_type": "password", "username": "grace", "password": "correct horse"}
    token = ok(world.nobody.post("/auth/token", body))["access_token"]
    assert ok(Caller(world.server, token).get("/v1/users/grace"))["display_name"] == "Grace Hopper"


def test_the_connection_of_a_scraper_is_served_beside_slow_ones(world):
    with Wire(world.server) as slow:
        slow.send("GET /metrics HTTP/1.1\r\nHost: x\r\n" + bearer("x")[:5])
        assert world.nobody.get("/metrics").status_code == 200
