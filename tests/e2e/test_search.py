"""§4: search over the caller's conversations."""

import pytest

from checks import eventually, ok, problem


def found(user, query, **params):
    return [item["message_id"] for item in user.walk("/v1/search", q=query, **params)]


@pytest.fixture
def pair(users, private):
    alice, bob = users(2)
    return alice, bob, private(alice, bob)


def finds(user, query, *receipts):
    """Within a second the search answers exactly these messages, newest first."""
    expected = [receipt["message_id"] for receipt in receipts]
    eventually(lambda: found(user, query) == expected, seconds=1.5)


def test_words_are_found_newest_first(pair):
    alice, bob, conversation = pair
    first = alice.send(conversation, "the quick brown fox")
    alice.send(conversation, "a lazy dog")
    last = bob.send(conversation, "Quick, before it rains")
    for user in (alice, bob):
        finds(user, "quick", last, first)


@pytest.mark.parametrize("query", ["pão", "PAO", "pao", "Pão", "pã", "PA", "pa\u0303o"])
def test_case_and_accents_do_not_matter_and_a_prefix_is_enough(pair, query):
    alice, bob, conversation = pair
    sent = alice.send(conversation, "Um PÃO de queijo")
    finds(bob, query, sent)


def test_the_middle_of_a_word_is_no_prefix(pair):
    alice, bob, conversation = pair
    sent = alice.send(conversation, "strawberry")
    finds(bob, "straw", sent)
    assert found(bob, "berry") == []


def test_several_words_find_the_message_that_has_them(pair):
    alice, bob, conversation = pair
    sent = alice.send(conversation, "meet me at the harbour tomorrow")
    finds(bob, "harbour tomorrow", sent)
    finds(bob, "tomorrow harb", sent)


def test_items_are_messages(pair):
    alice, bob, conversation = pair
    sent = alice.send(conversation, "unicorn", metadata={"k": 1})
    item = eventually(lambda: bob.walk("/v1/search", q="unicorn"), seconds=1.5)[0]
    assert item["message_id"] == sent["message_id"] and item["conversation_id"] == conversation
    assert item["seq"] == 1 and item["from"] == alice.id
    assert item["payload"] == {"type": "text", "text": "unicorn"} and item["metadata"] == {"k": 1}


def test_only_ones_own_conversations_are_searched(pair, users, private):
    alice, bob, conversation = pair
    carol, = users(1)
    first = alice.send(conversation, "secret rendezvous")
    second = alice.send(private(alice, carol), "another rendezvous")
    finds(bob, "rendezvous", first)
    finds(carol, "rendezvous", second)
    finds(alice, "rendezvous", second, first)


def test_an_edited_message_is_found_by_its_new_words_only(pair):
    alice, bob, conversation = pair
    sent = alice.send(conversation, "caterpillar")
    alice.edit(sent["message_id"], "butterfly")
    finds(bob, "butterfly", sent)
    assert found(bob, "caterpillar") == []


def test_a_deleted_message_is_not_found(pair):
    alice, bob, conversation = pair
    sent = alice.send(conversation, "ephemeral")
    finds(bob, "ephemeral", sent)
    ok(alice.delete(f"/v1/messages/{sent['message_id']}"), 204)
    finds(bob, "ephemeral")


def test_one_who_left_finds_what_came_before(users, group):
    alice, bob = users(2)
    conversation = group(alice, bob)
    before = alice.send(conversation, "zeppelin before")
    ok(bob.delete(f"/v1/conversations/{conversation}/members/{bob.id}"), 204)
    after = alice.send(conversation, "zeppelin after")
    finds(alice, "zeppelin", after, before)
    assert after["message_id"] not in found(bob, "zeppelin")


def test_results_come_in_pages(world, users, private):
    alice, bob = users(2)
    conversation = private(alice, bob)
    back_end = world.acting(alice)
    sent = [back_end.send(conversation, f"needle {n}" if n % 10 == 0 else "hay") for n in range(200)]
    needles = [receipt["message_id"] for receipt in reversed(sent[::10])]
    eventually(lambda: found(bob, "needle", limit=3) == needles, seconds=3)


@pytest.mark.parametrize("params", [{}, {"q": ""}, {"q": "x", "limit": 0}, {"q": "x", "limit": 201},
                                    {"q": "x", "cursor": "x"}])
def test_a_bad_query_is_refused(users, params):
    problem(users(1)[0].get("/v1/search", **params), 422)


@pytest.mark.parametrize("query", ["%", "_", "*", "\"", "' OR 1=1 --", "(", "\\", "a:b", "日本", "👍", "x" * 500])
def test_no_query_is_an_error_of_the_server(pair, query):
    alice, bob, conversation = pair
    alice.send(conversation, "plain words")
    response = bob.get("/v1/search", q=query)
    assert response.status_code in (200, 422), response.text
    if response.status_code == 200:
        assert response.json()["items"] == []
