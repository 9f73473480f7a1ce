"""Several gateways and routers of one installation: any gateway serves any client. Only on the distributed profile."""

from concurrent.futures import ThreadPoolExecutor

import pytest

import distributed
from chat import new_id, text
from checks import eventually, ok, problem
from product_cluster import Cluster, through

pytestmark = pytest.mark.skipif(not distributed.ON, reason="several gateways need the distributed profile")
# docs/guarantees.md promises it.
CREDENTIALS_WITHIN_SECONDS = 5


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        yield cluster.start()
    finally:
        cluster.close()


@pytest.fixture
def here(cluster):
    return cluster.worlds[0]


def body(conversation, message_id, content="hello"):
    return {"conversation_id": conversation, "message_id": message_id, "payload": text(content)}


def test_what_one_gateway_takes_the_other_delivers(cluster, here):
    alice, bob = here.users(2)
    conversation = here.private(alice, bob)
    there = through(cluster, bob, 1).connect("phone")
    for number in range(1, 21):
        sent = alice.send(conversation, f"message {number}")
        assert there.expect_message(sent["message_id"])["seq"] == number
    there.send({"type": "read", "conversation_id": conversation, "up_to_seq": 20})
    eventually(lambda: alice.message(sent["message_id"])["status"] == "READ")
    assert [entry["status"] for entry in alice.statuses(sent["message_id"])] == ["SENT", "DELIVERED", "READ"]


def test_a_session_resumes_on_another_gateway_without_hole_or_repeat(cluster, here):
    alice, bob = here.users(2)
    conversation = here.private(alice, bob)
    seen, acknowledged = [], 0
    for turn in range(6):
        phone = through(cluster, bob, turn % 2).connect("phone")
        alice.send_many(conversation, 5, f"turn {turn}")
        news = phone.messages(5 + len(seen) - acknowledged)
        assert [message["seq"] for message in news] == list(range(acknowledged + 1, acknowledged + 1 + len(news)))
        seen = [*range(1, news[-1]["seq"] + 1)]
        # All but the last two are taken over; those two come again on the other gateway.
        acknowledged = news[-1]["seq"] - 2
        ok(through(cluster, bob, turn % 2).post(f"/v1/conversations/{conversation}/delivered",
                                                {"up_to_seq": acknowledged}, X_Device_Id="phone"), 204)
        phone.close()
    assert [message["seq"] for message in bob.history(conversation, limit=100)] in ([*range(1, 31)], [*range(30, 0, -1)])


def test_a_repeat_through_the_other_gateway_is_answered_like_the_first(cluster, here):
    alice, bob = here.users(2)
    conversation = here.private(alice, bob)
    elsewhere = through(cluster, alice, 1)
    for _ in range(10):
        message_id = new_id()
        first = ok(alice.post("/v1/messages", body(conversation, message_id)), 202)
        again = ok(elsewhere.post("/v1/messages", body(conversation, message_id)), 200)
        assert again["duplicate"] is True and again["seq"] == first["seq"]
        problem(elsewhere.post("/v1/messages", body(conversation, message_id, "other")), 409, "message_id_conflict")
    assert len(bob.history(conversation, limit=100)) == 10


def test_of_two_sent_at_once_one_becomes_visible(cluster, here):
    alice, bob = here.users(2)
    conversation = here.private(alice, bob)
    senders = [alice, through(cluster, alice, 1)]
    with ThreadPoolExecutor(len(senders)) as pool:
        for _ in range(10):
            request = body(conversation, new_id())
            answers = list(pool.map(lambda sender: sender.post("/v1/messages", request), senders))
            assert all(answer.status_code in (200, 202) for answer in answers), answers
            assert len({answer.json()["seq"] for answer in answers}) == 1
    assert sorted(message["seq"] for message in bob.history(conversation, limit=100)) == [*range(1, 11)]


def test_one_who_was_removed_elsewhere_is_no_member_here(cluster, here):
    alice, bob, carol = here.users(3)
    conversation = here.group(alice, bob, carol)
    elsewhere = through(cluster, carol, 1)
    socket = elsewhere.connect("phone")
    elsewhere.send(conversation, "still here")
    ok(alice.delete(f"/v1/conversations/{conversation}/members/{carol.id}"), 204)
    # A send is judged in the order of the log: not one gets through after the answer to the removal.
    problem(elsewhere.post_message(conversation, "too late"), 404)
    assert "left_at" in elsewhere.conversation(conversation)
    secret = alice.send(conversation, "without carol")
    assert bob.message(secret["message_id"])
    problem(elsewhere.get(f"/v1/messages/{secret['message_id']}"), 404)
    assert all(frame.get("message", {}).get("message_id") != secret["message_id"] for frame in socket.ping())


def test_a_new_member_takes_part_through_the_other_gateway(cluster, here):
    alice, bob, carol = here.users(3)
    conversation = here.group(alice, bob)
    elsewhere = through(cluster, carol, 1)
    problem(elsewhere.get(f"/v1/conversations/{conversation}"), 404)
    ok(alice.post(f"/v1/conversations/{conversation}/members", {"user_id": carol.id}), 201)
    assert elsewhere.conversation(conversation)
    assert elsewhere.send(conversation, "hello all")["seq"] == 1


def test_an_edit_made_elsewhere_is_read_here(cluster, here):
    alice, bob = here.users(2)
    conversation = here.private(alice, bob)
    sent = alice.send(conversation, "first")["message_id"]
    through(cluster, alice, 1).edit(sent, "second")
    assert bob.message(sent)["payload"] == text("second")
    renamed = here.group(alice, bob)
    ok(through(cluster, alice, 1).patch(f"/v1/conversations/{renamed}", {"metadata": {"title": "new"}}))
    assert bob.conversation(renamed)["metadata"] == {"title": "new"}


def test_a_deleted_user_is_refused_by_every_gateway(cluster, here):
    alice = here.user("alice")
    elsewhere = through(cluster, alice, 1)
    ok(elsewhere.get("/v1/conversations"))
    ok(here.admin.delete(f"/v1/users/{alice.id}"), 204)
    eventually(lambda: elsewhere.get("/v1/conversations").status_code == 401, CREDENTIALS_WITHIN_SECONDS)


def test_a_revoked_token_is_refused_by_every_gateway(cluster, here):
    alice = here.user("alice")
    elsewhere = through(cluster, alice, 1)
    ok(elsewhere.get("/v1/conversations"))
    ok(here.nobody.request("POST", "/auth/revoke", json={"token": alice.token}))
    eventually(lambda: elsewhere.get("/v1/conversations").status_code == 401, CREDENTIALS_WITHIN_SECONDS)


def test_presence_is_told_through_every_gateway(cluster, here):
    alice, bob = here.users(2)
    here.private(alice, bob)
    watch = through(cluster, alice, 1)
    phone = bob.connect("phone")
    eventually(lambda: ok(watch.get(f"/v1/presence/{bob.id}"))["status"] == "online")
    phone.close()
    eventually(lambda: ok(watch.get(f"/v1/presence/{bob.id}"))["status"] == "offline", 20)


def test_typing_crosses_gateways(cluster, here):
    alice, bob = here.users(2)
    conversation = here.private(alice, bob)
    watching = through(cluster, alice, 1).connect("laptop")
    writing = bob.connect("phone")
    writing.send({"type": "typing", "conversation_id": conversation})
    watching.expect("typing", conversation_id=conversation, user_id=bob.id)


def test_messages_of_many_conversations_are_decided_by_several_routers(cluster, here):
    alice, bob = here.users(2)
    socket = through(cluster, bob, 1).connect("phone")
    sent = set()
    for _ in range(12):
        sent.add(alice.send(here.group(alice, bob))["message_id"])
    assert {message["message_id"] for message in socket.messages(12, 20)} == sent
    owned = [router.http.get(router.url + "/metrics").text for router in cluster.routers]
    partitions = [int(float(line.split()[-1])) for page in owned for line in page.splitlines()
                  if line.startswith("chat4all_router_partitions ")]
    assert sum(partitions) == distributed.PARTITIONS and all(partitions), partitions
