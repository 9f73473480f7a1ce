"""§4: sending, its limits, its recipients, and reading one message."""

import json

import pytest

from chat import new_id, text
from checks import invalid, is_time, is_uuid, ok, problem


@pytest.fixture
def pair(users, private):
    alice, bob = users(2)
    return alice, bob, private(alice, bob)


def test_a_send_is_accepted_with_a_place_in_the_conversation(pair):
    alice, bob, conversation = pair
    for expected in (1, 2, 3):
        receipt = ok(alice.post_message(conversation), 202)
        is_uuid(receipt["message_id"])
        is_time(receipt["created_at"])
        assert receipt["conversation_id"] == conversation
        assert receipt["seq"] == expected
        assert receipt["status"] == "SENT" and receipt["duplicate"] is False


def test_the_servers_ids_are_of_version_7_and_ascend(pair):
    alice, _, conversation = pair
    ids = [receipt["message_id"] for receipt in alice.send_many(conversation, 5)]
    assert all(message_id[14] == "7" for message_id in ids)
    assert len(set(ids)) == 5


@pytest.mark.parametrize("message_id", [
    "6fa459ea-ee8a-3ca4-894e-db77e160355e", "0190b5a1-7c1e-4d2a-9d0f-3f6a2b1c4d5e",
    "01890a5d-ac96-774b-bcce-b302099a8057",
    "00000000-0000-0000-0000-000000000001", "FFFFFFFF-FFFF-4FFF-8FFF-FFFFFFFFFFFF"])
def test_a_client_may_choose_the_id_in_any_version_and_case(pair, message_id):
    alice, bob, conversation = pair
    assert alice.send(conversation, message_id=message_id)["message_id"] == message_id.lower()
    assert bob.message(message_id, conversation_id=conversation)["message_id"] == message_id.lower()


@pytest.mark.parametrize("content", [
    "x", " leading and trailing \n", "e\u0301 is not \u00e9", "\u200b", "👩‍👩‍👧‍👦", "\u202egnirts", "\u0001\u001f\u007f",
    "a\tb\r\nc",
    '"\\/', "\ufeff", "\uffff", "x" * 10000, "😀" * 10000, "</script>", "{\"a\":1}"])
def test_text_comes_back_exactly_as_it_was_sent(pair, content):
    alice, bob, conversation = pair
    sent = alice.send(conversation, content)
    assert bob.message(sent["message_id"])["payload"] == text(content)
    assert bob.history(conversation)[-1]["payload"] == text(content)


@pytest.mark.parametrize("content", ["", "x" * 10001, "😀" * 10001, "a\u0000b", 5, None, ["x"], {"x": 1}, True])
def test_text_that_breaks_the_rules_is_refused(pair, content):
    alice, _, conversation = pair
    invalid(alice.post("/v1/messages", {"conversation_id": conversation, "payload": {"type": "text", "text": content}}),
            "/payload/text")
    assert alice.history(conversation) == []


@pytest.mark.parametrize("escaped", ["\\ud800", "\\udfff", "\\ud800\\ud800", "\\udc00\\ud800", "a\\u0000"])
def test_lone_surrogates_and_nul_are_refused_as_escapes_too(pair, escaped):
    alice, _, conversation = pair
    body = '{"conversation_id":"%s","payload":{"type":"text","text":"%s"}}' % (conversation, escaped)
    response = alice.request("POST", "/v1/messages", content=body, headers={"Content-Type": "application/json"})
    problem(response, 422)
    assert alice.history(conversation) == []


def test_a_surrogate_pair_is_one_character(pair):
    alice, bob, conversation = pair
    body = '{"conversation_id":"%s","payload":{"type":"text","text":"%s"}}' % (conversation, "\\ud83d\\ude00" * 10000)
    sent = ok(alice.request("POST", "/v1/messages", content=body, headers={"Content-Type": "application/json"}), 202)
    assert bob.message(sent["message_id"])["payload"]["text"] == "😀" * 10000


@pytest.mark.parametrize("payload, pointer", [
    (None, "/payload"), ("x", "/payload"), ([], "/payload"), ({}, "/payload/type"), ({"type": "song"}, "/payload/type"),
    ({"type": 5}, "/payload/type"), ({"type": "text"}, "/payload/text"), ({"type": "file"}, "/payload"),
    ({"type": "file", "file_id": "x"}, "/payload"), ({"type": "TEXT", "text": "x"}, "/payload/type")])
def test_a_bad_payload_is_refused_by_field(pair, payload, pointer):
    alice, _, conversation = pair
    invalid(alice.post("/v1/messages", {"conversation_id": conversation, "payload": payload}), pointer)


@pytest.mark.parametrize("field, value", [
    ("message_id", "x"), ("message_id", 5), ("message_id", "6fa459eaee8a3ca4894edb77e160355e"), ("message_id", ""),
    ("message_id", "{6fa459ea-ee8a-3ca4-894e-db77e160355e}"), ("to", 5), ("to", {"a": 1}), ("to", [5]),
    ("channels", "whatsapp"), ("channels", [5]), ("channels", {"a": 1}), ("request_delivery_receipt", "yes"),
    ("request_delivery_receipt", 1), ("reply_to", "x"), ("reply_to", 5), ("metadata", []), ("metadata", "x"),
    ("metadata", 5), ("from", 5), ("conversation_id", "x"), ("conversation_id", 5)])
def test_a_bad_field_is_named_and_nothing_is_sent(pair, field, value):
    alice, _, conversation = pair
    invalid(alice.post_message(conversation, **{"conversation_id": conversation, field: value})
            if field != "conversation_id" else alice.post_message(value), f"/{field}")
    assert alice.history(conversation) == []


def test_unknown_fields_are_ignored(pair):
    alice, _, conversation = pair
    alice.send(conversation, colour="blue", seq=99, status="READ", created_at="x")
    assert [message["seq"] for message in alice.history(conversation)] == [1]


def metadata_of(size):
    metadata = {"k": ""}
    metadata["k"] = "x" * (size - len(json.dumps(metadata, separators=(",", ":"))))
    return metadata


def test_metadata_of_16_kib_is_kept_and_a_byte_more_is_refused(pair):
    alice, bob, conversation = pair
    sent = alice.send(conversation, metadata=metadata_of(16384))
    assert bob.message(sent["message_id"])["metadata"] == metadata_of(16384)
    invalid(alice.post_message(conversation, metadata=metadata_of(16385)), "/metadata")


def test_metadata_comes_back_as_it_was_sent(pair):
    alice, bob, conversation = pair
    metadata = {"a": [1, -2.5, 1e3, True, False, None, "ü\n", {}], "": {"b": {"c": []}}, "big": 9007199254740993}
    sent = alice.send(conversation, metadata=metadata)
    assert bob.message(sent["message_id"])["metadata"] == metadata


def test_a_strangers_and_an_unknown_conversation_are_not_found(pair, users):
    alice, _, conversation = pair
    stranger, = users(1)
    problem(stranger.post_message(conversation), 404, "conversation_not_found")
    problem(stranger.post_message(new_id()), 404, "conversation_not_found")
    assert alice.history(conversation) == []


def test_the_default_recipients_are_all_the_others(users, group):
    alice, bob, carol = users(3)
    conversation = group(alice, bob, carol)
    message = alice.message(alice.send(conversation)["message_id"])
    assert sorted(item["user_id"] for item in message["recipients"]) == sorted([bob.id, carol.id])
    for item in message["recipients"]:
        assert item["channel"] == "in_app" and item["status"] == "SENT"
        is_time(item["timestamp"])


@pytest.mark.parametrize("as_list", [True, False])
def test_to_limits_the_recipients_and_hides_nothing(users, group, as_list):
    alice, bob, carol = users(3)
    conversation = group(alice, bob, carol)
    sent = alice.send(conversation, to=[bob.id] if as_list else bob.id)
    assert [item["user_id"] for item in alice.message(sent["message_id"])["recipients"]] == [bob.id]
    assert [message["seq"] for message in carol.history(conversation)] == [1]
    assert carol.message(sent["message_id"])["seq"] == 1
    assert bob.listed(conversation)["unread_count"] == 1 and carol.listed(conversation)["unread_count"] == 0
    carol.read(conversation, 1)
    assert alice.message(sent["message_id"])["status"] == "SENT"
    bob.delivered(conversation, 1)
    assert alice.message(sent["message_id"])["status"] == "DELIVERED"


def test_to_must_be_members(world, users, group):
    alice, bob, stranger = users(3)
    conversation = group(alice, bob)
    for to in (stranger.id, [bob.id, stranger.id], [world.fresh_name()]):
        invalid(alice.post_message(conversation, to=to), "/to")
    assert alice.history(conversation) == []


def test_a_reply_names_what_it_answers(pair):
    alice, bob, conversation = pair
    question = alice.send(conversation, "?")
    answer = bob.send(conversation, "!", reply_to=question["message_id"].upper())
    assert alice.message(answer["message_id"])["reply_to"] == question["message_id"]
    assert alice.history(conversation)[-1]["reply_to"] == question["message_id"]


@pytest.mark.parametrize("channels", [[], ["all"]])
def test_every_active_channel_or_none_is_a_choice(pair, channels):
    alice, bob, conversation = pair
    sent = alice.send(conversation, channels=channels)
    assert [item["channel"] for item in alice.message(sent["message_id"])["recipients"]] == ["in_app"]


@pytest.mark.parametrize("channels", [["carrier_pigeon"], ["all", "carrier_pigeon"], [""], ["ALL"]])
def test_an_unknown_channel_is_refused(pair, channels):
    alice, _, conversation = pair
    invalid(alice.post_message(conversation, channels=channels), "/channels")
    assert alice.history(conversation) == []


def test_one_message_shows_everything_about_it(pair):
    alice, bob, conversation = pair
    first = alice.send(conversation, "first")
    receipt = alice.send(conversation, "second", metadata={"k": [1]}, reply_to=first["message_id"])
    for reader in (alice, bob):
        message = reader.message(receipt["message_id"])
        for field in ("message_id", "conversation_id", "seq", "status", "created_at"):
            assert message[field] == receipt[field], field
        assert message["from"] == alice.id and message["payload"] == text("second")
        assert message["metadata"] == {"k": [1]} and message["reply_to"] == first["message_id"]
        assert message["reactions"] == []
        assert not message.get("edited_at") and not message.get("deleted_at")


def test_a_message_is_seen_by_members_only(pair, users):
    alice, _, conversation = pair
    stranger, = users(1)
    sent = alice.send(conversation)
    for path in ("", "/status/history", "/timeline"):
        problem(stranger.get(f"/v1/messages/{sent['message_id']}{path}"), 404)
        problem(alice.get(f"/v1/messages/{new_id()}{path}"), 404)
        problem(alice.get(f"/v1/messages/not-a-uuid{path}"), 404)


def test_an_id_in_two_conversations_is_chosen_by_conversation(users, private):
    alice, bob, carol = users(3)
    with_bob, with_carol = private(alice, bob), private(alice, carol)
    message_id = new_id()
    alice.send(with_bob, "to bob", message_id=message_id)
    alice.send(with_carol, "to carol", message_id=message_id)
    assert alice.message(message_id, conversation_id=with_bob)["payload"]["text"] == "to bob"
    assert alice.message(message_id, conversation_id=with_carol)["payload"]["text"] == "to carol"
    assert bob.message(message_id)["payload"]["text"] == "to bob"
    assert carol.message(message_id)["payload"]["text"] == "to carol"
    problem(bob.get(f"/v1/messages/{message_id}", conversation_id=with_carol), 404)


def test_the_timeline_tells_each_step_in_order(pair):
    alice, bob, conversation = pair
    sent = alice.send(conversation)
    bob.delivered(conversation, 1)
    bob.read(conversation, 1)
    items = alice.walk(f"/v1/messages/{sent['message_id']}/timeline")
    steps = [item["step"] for item in items]
    for step in ("accepted", "logged", "routed", "delivered", "read"):
        assert step in steps, steps
    times = [is_time(item["timestamp"]) for item in items]
    assert times == sorted(times)
    assert all(item["source"] for item in items)
    assert {item.get("user_id") for item in items if item["step"] in ("delivered", "read")} == {bob.id}
