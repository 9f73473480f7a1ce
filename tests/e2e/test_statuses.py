"""§§3, 4: statuses, their history, and the horizons they come from."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from checks import invalid, is_time, ok, problem


@pytest.fixture
def pair(users, private):
    alice, bob = users(2)
    return alice, bob, private(alice, bob)


def steps(entries):
    return [(entry["status"], entry.get("user_id"), entry["source"]) for entry in entries]


def test_a_message_goes_from_sent_to_delivered_to_read(pair):
    alice, bob, conversation = pair
    sent = alice.send(conversation)["message_id"]
    assert alice.message(sent)["status"] == "SENT"
    bob.delivered(conversation, 1)
    assert alice.message(sent)["status"] == "DELIVERED"
    bob.read(conversation, 1)
    message = alice.message(sent)
    assert message["status"] == "READ"
    assert [(item["user_id"], item["channel"], item["status"]) for item in message["recipients"]] == [
        (bob.id, "in_app", "READ")]


def test_the_history_tells_each_step_its_time_and_who_reported_it(pair):
    alice, bob, conversation = pair
    sent = alice.send(conversation)
    bob.delivered(conversation, 1)
    bob.read(conversation, 1)
    history = alice.statuses(sent["message_id"])
    assert steps(history) == [("SENT", None, "server"), ("DELIVERED", bob.id, "client"), ("READ", bob.id, "client")]
    assert history[0]["timestamp"] == sent["created_at"]
    assert [entry["channel"] for entry in history[1:]] == ["in_app", "in_app"]
    times = [is_time(entry["timestamp"]) for entry in history]
    assert times == sorted(times)
    assert bob.statuses(sent["message_id"]) == history


def test_a_read_that_comes_first_implies_delivered_at_the_same_time(pair):
    alice, bob, conversation = pair
    sent = alice.send(conversation)["message_id"]
    bob.read(conversation, 1)
    history = alice.statuses(sent)
    assert [entry["status"] for entry in history] == ["SENT", "DELIVERED", "READ"]
    assert history[1]["timestamp"] == history[2]["timestamp"]


def test_a_late_or_repeated_report_changes_nothing(pair):
    alice, bob, conversation = pair
    messages = [receipt["message_id"] for receipt in alice.send_many(conversation, 3)]
    bob.read(conversation, 3)
    before = [alice.statuses(message) for message in messages]
    for seq in (3, 1, 2):
        bob.delivered(conversation, seq)
        bob.read(conversation, seq)
    assert [alice.statuses(message) for message in messages] == before
    assert [alice.message(message)["status"] for message in messages] == ["READ"] * 3
    mine = bob.listed(conversation)
    assert (mine["delivered_up_to_seq"], mine["read_up_to_seq"]) == (3, 3)


def test_the_time_of_each_message_is_that_of_the_report_which_covered_it(pair):
    alice, bob, conversation = pair
    messages = [receipt["message_id"] for receipt in alice.send_many(conversation, 4)]
    bob.delivered(conversation, 1)
    bob.delivered(conversation, 3)
    bob.read(conversation, 2)
    bob.delivered(conversation, 4)
    times = [{entry["status"]: entry["timestamp"] for entry in alice.statuses(message)} for message in messages]
    assert times[1]["DELIVERED"] == times[2]["DELIVERED"]
    assert times[0]["DELIVERED"] <= times[1]["DELIVERED"] <= times[3]["DELIVERED"]
    assert times[0]["READ"] == times[1]["READ"] and "READ" not in times[2] and "READ" not in times[3]


def test_beyond_the_end_means_the_end_of_that_moment(pair):
    alice, bob, conversation = pair
    alice.send_many(conversation, 2)
    bob.read(conversation, 1_000_000)
    later = alice.send(conversation)["message_id"]
    mine = bob.listed(conversation)
    assert (mine["delivered_up_to_seq"], mine["read_up_to_seq"], mine["unread_count"]) == (2, 2, 1)
    assert alice.message(later)["status"] == "SENT"


@pytest.mark.parametrize("action", ["delivered", "read"])
@pytest.mark.parametrize("value", [-1, "1", 1.5, True, None, [], 2 ** 64, -2 ** 63, 10 ** 30])
def test_a_bad_position_is_refused(pair, action, value):
    alice, bob, conversation = pair
    alice.send(conversation)
    response = bob.post(f"/v1/conversations/{conversation}/{action}", {"up_to_seq": value})
    if isinstance(value, int) and not isinstance(value, bool) and value > 2 ** 63 and response.status_code == 204:
        return  # clamped to the end is a fair reading of so large a number
    invalid(response, "/up_to_seq")
    assert bob.listed(conversation)["delivered_up_to_seq"] == 0


@pytest.mark.parametrize("action", ["delivered", "read"])
def test_only_members_report(pair, users, action):
    alice, bob, conversation = pair
    stranger, = users(1)
    alice.send(conversation)
    invalid(bob.post(f"/v1/conversations/{conversation}/{action}", {}), "/up_to_seq")
    problem(stranger.post(f"/v1/conversations/{conversation}/{action}", {"up_to_seq": 1}), 404)


def test_the_whole_message_has_reached_what_every_recipient_reached(users, group):
    alice, bob, carol = users(3)
    conversation = group(alice, bob, carol)
    sent = alice.send(conversation)["message_id"]
    expected = [(bob.delivered, "SENT"), (carol.delivered, "DELIVERED"), (bob.read, "DELIVERED"), (carol.read, "READ")]
    for report, status in expected:
        report(conversation, 1)
        assert alice.message(sent)["status"] == status
    recipients = {item["user_id"]: item["status"] for item in alice.message(sent)["recipients"]}
    assert recipients == {bob.id: "READ", carol.id: "READ"}
    assert steps(alice.statuses(sent)) == [
        ("SENT", None, "server"), ("DELIVERED", bob.id, "client"), ("DELIVERED", carol.id, "client"),
        ("READ", bob.id, "client"), ("READ", carol.id, "client")]


def test_the_senders_own_reports_are_not_a_recipients(pair):
    alice, bob, conversation = pair
    sent = alice.send(conversation)["message_id"]
    alice.read(conversation, 1)
    assert alice.message(sent)["status"] == "SENT"
    assert len(alice.statuses(sent)) == 1


def test_reports_of_one_conversation_do_not_touch_another(users, private, group):
    alice, bob = users(2)
    first, second = private(alice, bob), group(alice, bob)
    alice.send(first)
    untouched = alice.send(second)["message_id"]
    bob.read(first, 1)
    assert alice.message(untouched)["status"] == "SENT"


def test_reports_at_once_never_take_a_status_back(world, users, group):
    alice, *others = users(4)
    conversation = group(alice, *others)
    back_end = world.acting(alice)
    messages = [back_end.send(conversation)["message_id"] for _ in range(10)]

    def report(number):
        member = others[number % 3]
        (member.read if number % 2 else member.delivered)(conversation, number % 10 + 1)

    with ThreadPoolExecutor(12) as pool:
        work = pool.map(report, range(120))
        ranks = [("SENT", "DELIVERED", "READ").index(alice.message(messages[0])["status"]) for _ in range(30)]
        list(work)
    assert ranks == sorted(ranks)
    for member in others:
        member.read(conversation, 10)
    for message in messages:
        entries = steps(alice.statuses(message))
        assert len(entries) == len(set(entries)) == 7, entries
        assert alice.message(message)["status"] == "READ"


def test_a_receipt_asked_for_changes_nothing_in_the_record(pair):
    alice, bob, conversation = pair
    sent = alice.send(conversation, request_delivery_receipt=True)["message_id"]
    bob.read(conversation, 1)
    assert [entry["status"] for entry in alice.statuses(sent)] == ["SENT", "DELIVERED", "READ"]


def test_a_report_is_seen_by_the_next_read(pair):
    alice, bob, conversation = pair
    for seq in range(1, 21):
        sent = alice.send(conversation)["message_id"]
        bob.read(conversation, seq)
        assert alice.message(sent)["status"] == "READ"
        assert bob.listed(conversation)["unread_count"] == 0
        assert ok(alice.get(f"/v1/conversations/{conversation}"))["last_seq"] == seq
