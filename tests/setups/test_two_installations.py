"""Two installations that share what must not be shared notice it at the start, before either has done harm."""

import pytest

from installation import Installation, cql, until
from test_right_setups import messages_go_through

OTHER_KEYSPACE = "chat4all_setups_other"


@pytest.fixture(scope="module")
def other(servers, tmp_path_factory):
    """With nothing in common but the servers."""
    made = Installation(tmp_path_factory.mktemp("other"), **{"cassandra.keyspace": OTHER_KEYSPACE})
    made.migrate()
    yield made
    cql(f"DROP KEYSPACE {OTHER_KEYSPACE}")


@pytest.mark.parametrize("verb", ["migrate", "serve"])
def test_the_same_topics_and_group_are_refused(installation, other, verb):
    refused = other.refused(verb, kafka__topic_prefix=installation.settings["kafka.topic_prefix"],
                            kafka__group=installation.settings["kafka.group"])
    assert "belongs to another installation" in refused.sentence and "kafka.topic_prefix" in refused.sentence


def test_the_same_topics_with_a_group_of_its_own_are_refused(installation, other):
    refused = other.refused("serve", kafka__topic_prefix=installation.settings["kafka.topic_prefix"])
    assert "belongs to another installation" in refused.sentence


@pytest.mark.parametrize("verb", ["migrate", "serve"])
def test_the_same_group_over_topics_of_its_own_is_refused(installation, other, started, verb):
    messages_go_through(started(installation))
    group = installation.settings["kafka.group"]

    def noticed():
        refused = other.refused(verb, kafka__group=group)
        assert f"The Kafka consumer group {group} also reads the topic" in refused.sentence
        assert "set kafka.group" in refused.sentence

    until(noticed)


def test_the_same_prefix_in_redis_is_refused(installation, other, started):
    started(installation)
    refused = other.refused("serve", redis__prefix=installation.settings["redis.prefix"])
    assert "another installation" in refused.sentence and "redis.prefix" in refused.sentence


def test_apart_they_do_not_disturb_each_other(installation, other, started):
    for one in (installation, other):
        messages_go_through(started(one))
