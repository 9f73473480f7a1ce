"""`chat4all migrate --partitions`: the commands get more partitions while people talk through two gateways."""

import threading
import time

import pytest

import distributed
from chat import new_id
from checks import ok
from product_cluster import Cluster, through

pytestmark = [pytest.mark.skipif(not distributed.ON, reason="an embedded log has no partitions"),
              pytest.mark.timeout(300)]
PAIRS = 6
PATIENCE = 110     # seconds, as a machine may be busy with other tests


class Pair:
    """Two people who talk to each other in one conversation, each through a gateway of their own."""

    def __init__(self, cluster):
        world = cluster.worlds[0]
        alice, bob = world.users(2)
        self.conversation = world.private(alice, bob)
        self.reader = bob
        self.ends = [through(cluster, alice, 0), through(cluster, bob, 1)]
        self.answers = [[], []]
        self.refused = 0
        self.phone = self.ends[1].connect("phone")

    def talk(self, side, stop):
        user, number = self.ends[side], 0
        while not stop.is_set():
            number += 1
            message_id = new_id()
            body = {"message_id": message_id, "metadata": {"side": side, "number": number}}
            answer = self.send(user, f"{side}: {number}", body)
            self.answers[side].append((message_id, f"{side}: {number}", body, answer))
            time.sleep(0.02)

    def send(self, user, content, body):
        """Until it is taken, as a client does; a busy machine may keep brokers from answering in time."""
        for _ in range(10):
            answer = user.post_message(self.conversation, content, **body)
            if answer.status_code != 503:
                break
            self.refused += 1
            time.sleep(0.2)
        assert answer.status_code in (200, 202), answer.text
        return answer.json()


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path)
    try:
        yield cluster.start()
    finally:
        cluster.close()


def test_nothing_is_lost_repeated_or_out_of_order_while_partitions_are_added(cluster):
    pairs = [Pair(cluster) for _ in range(PAIRS)]
    stop = threading.Event()
    failures = []

    def talk(pair, side):
        try:
            pair.talk(side, stop)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=talk, args=(pair, side)) for pair in pairs for side in (0, 1)]
    for thread in threads:
        thread.start()
    time.sleep(2)
    for partitions in (6, 8):
        moved = cluster.routers[0].command("migrate", "--partitions", str(partitions), timeout=PATIENCE)
        assert moved.returncode == 0, moved.stdout + moved.stderr
        assert f"The commands have {partitions} partitions." in moved.stdout, moved.stdout
        time.sleep(2)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]
    for pair in pairs:
        everything_is_there_once_and_in_order(pair)
    for gateway in cluster.gateways:
        assert "chat4all_log_generation 3" in gateway.http.get(gateway.url + "/metrics").text
    same = cluster.routers[0].command("migrate", "--partitions", "8")
    assert same.returncode == 0, same.stderr
    a_new_process_finds_the_new_topic(cluster, pairs[0])


def everything_is_there_once_and_in_order(pair):
    history = pair.reader.walk(f"/v1/conversations/{pair.conversation}/messages", after_seq=0, limit=200)
    assert [message["seq"] for message in history] == list(range(1, len(history) + 1))
    assert len(history) == sum(map(len, pair.answers)), "a message is lost, or there twice"
    for side in (0, 1):
        mine = [message["metadata"]["number"] for message in history if message["metadata"]["side"] == side]
        assert mine == list(range(1, len(mine) + 1)), "one person's messages are out of order"
    by_id = {message["message_id"]: message["seq"] for message in history}
    for side, user in enumerate(pair.ends):
        for message_id, content, body, answer in pair.answers[side][::7]:
            assert answer.get("seq") in (None, by_id[message_id]), answer
            again = ok(user.post_message(pair.conversation, content, **body), 200)
            assert again["duplicate"] is True and again["seq"] == by_id[message_id], again
    # Bob's phone was connected all the time: everything came once, in order.
    live = [message["seq"] for message in pair.phone.messages(len(history))]
    assert live == list(range(1, len(history) + 1)), live


def a_new_process_finds_the_new_topic(cluster, pair):
    for server in (cluster.routers[1], cluster.gateways[1]):
        server.restart()
    before = ok(pair.ends[0].post_message(pair.conversation, "after a restart"), 202)
    after = ok(pair.ends[1].post_message(pair.conversation, "the answer"), 202)
    assert after["seq"] == before["seq"] + 1
