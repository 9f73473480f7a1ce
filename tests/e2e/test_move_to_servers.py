"""`chat4all migrate --from-data`: an embedded installation, with all that can be in one, goes on on the servers."""

import subprocess

import pytest

import distributed
import keyspace
from chat import Caller, User, World, new_id, text
from checks import eventually, ok
from server import BINARY, environment

pytestmark = [pytest.mark.skipif(not distributed.ON, reason="needs the servers of the distributed profile"),
              pytest.mark.timeout(300)]

EMBEDDED = {"log.engine": "embedded", "messages.engine": "embedded", "metadata.engine": "sqlite",
            "presence.engine": "memory", "limits.sends_per_second_per_user": 0}
KEYSPACE = distributed.KEYSPACE + "_moved"
SMALL_CONVERSATIONS = 300
QUIET_SECONDS = 2


@pytest.fixture
def embedded(make_server):
    """`world = embedded()`: a server on the embedded profile, although the others are not."""
    def make():
        server = make_server(EMBEDDED)
        server.migrated = True
        return World(server.start())

    return make


@pytest.fixture
def target(make_server):
    """`server = target(admin_key)`: one on servers where nothing is yet, not started."""
    keyspace.empty(KEYSPACE)

    def make(admin_key):
        server = make_server({"cassandra.keyspace": KEYSPACE}, admin_key=admin_key)
        server.migrated = True
        return server

    return make


class Installation:
    """People and what they did, and how to see it again through whatever server."""

    def __init__(self, world):
        self.world = world
        self.password = "correct horse battery"
        self.alice = world.user("alice", password=self.password, display_name="Alice")
        self.bob, self.carol, self.dave = world.users(4)[1:]
        self.people = [self.alice, self.bob, self.carol, self.dave]
        self.private = world.private(self.alice, self.bob)
        self.group = world.group(self.alice, self.bob, self.carol, metadata={"title": "Ilha"})
        self.sent = []
        self.conversations = [self.private, self.group]
        self.talk()
        self.acknowledge()
        self.change()
        self.begin_again()
        self.enter()

    def talk(self):
        for number in range(1, 11):
            sender = self.alice if number % 3 else self.bob
            fields = {"message_id": new_id(), "metadata": {"number": number}}
            if number == 5:
                fields["request_delivery_receipt"] = True
            for conversation in self.conversations:
                content = f"número {number} 🎣"
                receipt = sender.send(conversation, content, **{**fields, "message_id": new_id()})
                self.sent.append((sender, conversation, content, receipt, fields))

    def acknowledge(self):
        """Bob's phone has half of what is pending, his tablet none; Carol has read a little. Alice's screen is away."""
        self.alice.connect().close()
        for device in ("phone", "tablet"):
            self.bob.connect(device).close()
        self.bob.delivered(self.private, 6, device="phone")
        self.bob.read(self.group, 3)
        self.carol.delivered(self.group, 5)
        eventually(lambda: self.bob.listed(self.private)["delivered_up_to_seq"] == 6)

    def change(self):
        mine = [receipt["message_id"] for sender, conversation, _, receipt, _ in self.sent
                if sender is self.alice and conversation == self.group]
        self.alice.edit(mine[0], "edited")
        ok(self.alice.delete(f"/v1/messages/{mine[1]}"), 204)
        ok(self.bob.put(f"/v1/messages/{mine[2]}/reactions/👍"), 204)
        ok(self.carol.put(f"/v1/messages/{mine[2]}/reactions/👎"), 204)
        ok(self.carol.delete(f"/v1/messages/{mine[2]}/reactions/👎"), 204)
        self.reacted = mine[2]
        ok(self.alice.post(f"/v1/conversations/{self.group}/members", {"user_id": self.dave.id, "history": "none"}), 201)
        ok(self.alice.delete(f"/v1/conversations/{self.group}/members/{self.carol.id}"), 204)
        ok(self.alice.patch(f"/v1/conversations/{self.group}", {"metadata": {"topic": "mar"}}))
        self.alice.send(self.group, "after the changes")

    def begin_again(self):
        """A private conversation that was deleted, and its successor."""
        self.deleted = self.world.private(self.carol, self.dave)
        self.carol.send(self.deleted)
        ok(self.carol.delete(f"/v1/conversations/{self.deleted}"), 204)
        self.successor = self.world.private(self.carol, self.dave)
        assert self.successor != self.deleted
        self.conversations.append(self.successor)

    def enter(self):
        """Credentials of every kind, and an answer under an Idempotency-Key."""
        self.login = ok(self.world.nobody.post("/auth/token", {"grant_type": "password", "username": self.alice.id,
                                                               "password": self.password}))
        self.key = self.world.key("messages", "users")
        self.gone_key = self.world.key("users")
        ok(self.world.admin.delete(f"/v1/keys/{self.gone_key['key_id']}"), 204)
        self.gone = self.world.user("gone")
        ok(self.world.admin.delete(f"/v1/users/{self.gone.id}"), 204)
        self.idempotent = {"type": "group", "members": [self.dave.id]}
        self.made = ok(self.dave.post("/v1/conversations", self.idempotent, Idempotency_Key="once"), 201)
        self.conversations.append(self.made["conversation_id"])

    def small(self, count):
        """Many conversations of others, so that copying takes a while."""
        erin, frank = self.world.users(2)
        boss = self.world.acting(erin)
        for number in range(count):
            boss.send(self.world.group(boss, frank, metadata={"number": number}), f"small {number}")

    def on(self, server):
        """The same people with the same tokens, elsewhere."""
        return [User(server, person.id, person.token) for person in self.people]

    def seen_on(self, server):
        """Everything that people can read of it."""
        return {person.id: self.seen_by(person) for person in self.on(server)}

    def pending_on(self, server):
        """What each of Bob's devices is sent when it connects, by conversation; nothing of it is acknowledged."""
        return {device: self.pending_of(self.on(server)[1].connect(device)) for device in ("phone", "tablet")}

    def pending_of(self, socket):
        pending = {conversation: [] for conversation in self.conversations}
        try:
            while True:
                frame = socket.receive(QUIET_SECONDS)
                conversation = frame.get("conversation_id") or frame.get("message", {}).get("conversation_id")
                if conversation in pending:
                    pending[conversation].append(frame)
        except TimeoutError:
            socket.close()
        return pending

    def seen_by(self, person):
        seen = {"user": ok(person.get(f"/v1/users/{person.id}")), "list": person.walk("/v1/conversations"),
                "search": person.walk("/v1/search", q="número")}
        for conversation in self.conversations:
            answer = person.get(f"/v1/conversations/{conversation}")
            if answer.status_code != 200:
                seen[conversation] = answer.status_code
                continue
            history = person.history(conversation, after_seq=0, limit=200)
            path = f"/v1/conversations/{conversation}"
            seen[conversation] = {
                "conversation": answer.json(), "history": history,
                "changes": person.changes(conversation, after_version=0, limit=200),
                "members": person.walk(f"{path}/members"),
                "messages": [person.message(message["message_id"]) for message in history],
                "statuses": [person.statuses(message["message_id"]) for message in history],
            }
        return seen


def move(server, data):
    return server.command("migrate", "--from-data", str(data))


def kill_in_the_middle(server, data):
    """Begins the move, and kills it while conversations are copied."""
    process = subprocess.Popen([str(BINARY), "migrate", "--from-data", str(data), "--data", str(server.data)],
                               stdout=subprocess.PIPE, text=True, cwd=server.folder,
                               env=environment(server.settings))
    for line in process.stdout:
        if "users, keys and tokens are copied" in line:
            break
    eventually(lambda: keyspace.conversations(KEYSPACE) > 0, QUIET_SECONDS)
    process.kill()
    rest = process.stdout.read()
    process.wait()
    assert "The conversations are copied" not in rest, "it was too fast to be killed"


def test_an_installation_goes_on_where_it_stood(embedded, target):
    installation = Installation(embedded())
    installation.small(SMALL_CONVERSATIONS)
    source = installation.world.server
    before = installation.seen_on(source)
    pending = installation.pending_on(source)
    assert [frame["message"]["seq"] for frame in pending["phone"][installation.private]] == [7, 8, 9, 10]
    held = move(target(source.admin_key), source.data)
    assert held.returncode == 1 and "in use by another chat4all" in held.stderr, held.stderr
    assert source.stop() == 0

    server = target(source.admin_key)
    with distributed.one_at_a_time():
        kill_in_the_middle(server, source.data)
    refused = server.command("serve", "--listen", "127.0.0.1:0")
    assert refused.returncode == 1 and "not all of it is there" in refused.stderr, refused.stderr
    with distributed.one_at_a_time():
        moved = move(server, source.data)
    assert moved.returncode == 0, moved.stdout + moved.stderr
    assert "The move goes on." in moved.stdout and "Both sides hold the same." in moved.stdout, moved.stdout
    again = move(server, source.data)
    assert again.returncode == 0 and "nothing is changed" in again.stdout, again.stdout + again.stderr

    server.start()
    assert installation.seen_on(server) == before
    assert installation.pending_on(server) == pending
    credentials_work(installation, server)
    repeats_are_known(installation, server)
    receipts_wait(installation, server)
    life_goes_on(installation, server)


def credentials_work(installation, server):
    nobody = Caller(server)
    ok(nobody.post("/auth/token", {"grant_type": "password", "username": installation.alice.id,
                                   "password": installation.password}))
    fresh = ok(nobody.post("/auth/token", {"grant_type": "refresh_token",
                                           "refresh_token": installation.login["refresh_token"]}))
    ok(Caller(server, fresh["access_token"]).get("/v1/conversations"))
    ok(Caller(server, installation.key["key"], X_Act_As=installation.bob.id).get("/v1/conversations"))
    assert Caller(server, installation.gone_key["key"]).get("/v1/users/x").status_code == 401
    assert Caller(server, installation.gone.token).get("/v1/conversations").status_code == 401
    admin = Caller(server, server.admin_key)
    assert admin.post("/v1/users", {"user_id": installation.gone.id}).status_code == 409
    dave = installation.on(server)[3]
    repeated = ok(dave.post("/v1/conversations", installation.idempotent, Idempotency_Key="once"), 201)
    assert repeated == installation.made


def repeats_are_known(installation, server):
    by_id = {person.id: person for person in installation.on(server)}
    for sender, conversation, content, receipt, fields in installation.sent:
        again = {**fields, "message_id": receipt["message_id"]}
        answer = ok(by_id[sender.id].post_message(conversation, content, **again), 200)
        assert answer["duplicate"] is True and answer["seq"] == receipt["seq"], answer
    other = by_id[sender.id].post_message(conversation, "other content", message_id=receipt["message_id"])
    assert other.status_code == 409, other.text


def receipts_wait(installation, server):
    """The receipt of a message that asked for one is Alice's to get, once."""
    screen = installation.on(server)[0].connect()
    screen.expect("status", conversation_id=installation.private, seq=5, status="DELIVERED")


def life_goes_on(installation, server):
    alice, bob, carol, dave = installation.on(server)
    assert alice.send(installation.private, "the next")["seq"] == 11
    group = alice.conversation(installation.group)
    assert alice.send(installation.group, "the next")["seq"] == group["last_seq"] + 1
    ok(bob.delete(f"/v1/messages/{installation.reacted}/reactions/👍"), 204)
    assert "reactions" not in bob.message(installation.reacted) or not bob.message(installation.reacted)["reactions"]
    ok(alice.post(f"/v1/conversations/{installation.group}/members", {"user_id": carol.id}), 201)
    ok(carol.delete(f"/v1/conversations/{installation.successor}"), 204)
    third = World(server).private(carol, dave)
    assert third not in (installation.deleted, installation.successor)
    assert carol.get(f"/v1/conversations/{installation.successor}").status_code == 404


def test_what_is_there_is_not_written_over(embedded, target):
    first, second = embedded(), embedded()
    for world in (first, second):
        alice, bob = world.users(2)
        alice.send(world.private(alice, bob))
        assert world.server.stop() == 0
    server = target(first.server.admin_key)
    with distributed.one_at_a_time():
        assert move(server, first.server.data).returncode == 0
    other = move(server, second.server.data)
    assert other.returncode == 1 and "Another installation was moved" in other.stderr, other.stderr
    nothing = move(server, server.folder)
    assert nothing.returncode == 1 and "no data directory" in nothing.stderr, nothing.stderr
