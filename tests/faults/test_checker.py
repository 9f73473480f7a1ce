"""The checker catches what is planted, and finds nothing in a history where all is well. `tests/faults/run` runs this
first."""

import unittest

from checker import CHANGED, LOST, ORDER, STATUS_BACK, TWICE, Checker
from history import Edit, Frame, History, digest

C = "conversation"


class Story:
    """A small history, told in the order in which things happen. Alice (device a) sends, Bob (device b) receives."""

    def __init__(self):
        self.history = History()
        self.history.members[C] = {"alice", "bob"}
        self.checker = Checker(self.history)
        self.his = None

    def sent(self, seq, name=None, duplicate=False, session=None, device="a", created_at="12:00", conversation=C):
        name = name or f"m{seq}"
        if name not in self.history.attempts:
            self.history.attempt(name, C, "alice", device, f"text of {name}")
        self.history.answer(name, {"conversation_id": conversation, "seq": seq, "duplicate": duplicate,
                                   "created_at": created_at}, device, session)
        return self

    def connects(self, user="bob", device="b"):
        self.his = self.history.session(user, device, self.history.tick())
        return self

    def gets(self, *seqs, text=None):
        for seq in seqs:
            content = digest(text or f"text of m{seq}")
            self.his.frames.append(Frame(self.history.tick(), C, seq, f"m{seq}", digest=content))
        return self

    def acks(self, up_to, confirmed=False, device="b"):
        ack = self.history.ack("bob", device, C, up_to)
        if confirmed:
            ack.confirmed = self.history.tick()
            self.history.horizon(ack.tick, C, "bob", up_to, 0, at_least=True)
        return self

    def history_reads(self, *names, after=0, complete=True, texts=None):
        began = self.history.tick()
        items = [(after + place, name, "alice", digest((texts or {}).get(name, f"text of {name}")))
                 for place, name in enumerate(names, start=1)]
        self.history.reading(began, C, after, complete, items)
        return self

    def raw_reading(self, *places):
        self.history.reading(self.history.tick(), C, 0, True,
                             [(seq, name, "alice", digest(f"text of {name}")) for seq, name in places])
        return self

    def receipts_read(self, delivered, read=0):
        self.history.horizon(self.history.tick(), C, "bob", delivered, read)
        return self

    def statuses_read(self, seq, *entries):
        self.history.status_reading(self.history.tick(), f"m{seq}", C, seq, [("SENT", None, "12:00"), *entries])
        return self

    def found(self, end=False):
        return [violation.kind for violation in (self.checker.check_end() if end else self.checker.check())]


class CheckerTest(unittest.TestCase):
    def good(self, story, end=False):
        found = story.checker.check_end() if end else story.checker.check()
        self.assertEqual([str(violation) for violation in found], [])

    def bad(self, kind, story, end=False):
        found = story.found(end)
        self.assertIn(kind, found)
        self.assertEqual(set(found), {kind})


class HistoryTest(CheckerTest):
    def test_a_history_that_has_every_answered_message_is_good(self):
        self.good(Story().sent(1).sent(2).history_reads("m1", "m2").sent(3).history_reads("m1", "m2", "m3"))

    def test_a_message_that_was_never_answered_may_be_there_or_not(self):
        story = Story().sent(1)
        story.history.attempt("m2", C, "alice", "a", "text of m2")
        self.good(story.history_reads("m1").history_reads("m1", "m2"))

    def test_an_answered_message_missing_at_the_end_is_lost(self):
        self.bad(LOST, Story().sent(1).sent(2).history_reads("m1"))

    def test_an_answered_message_whose_place_another_has_taken_is_lost(self):
        story = Story().sent(1).sent(2)
        story.history.attempt("other", C, "alice", "a", "text of other")
        self.bad(LOST, story.history_reads("m1", "other"))

    def test_a_message_shown_to_a_recipient_and_gone_later_is_lost(self):
        story = Story().sent(1)
        story.history.attempt("m2", C, "alice", "a", "text of m2")
        self.bad(LOST, story.connects().gets(1, 2).history_reads("m1"))

    def test_a_message_answered_after_the_reading_began_need_not_be_in_it(self):
        story = Story().sent(1)
        began = story.history.tick()
        story.sent(2)
        story.history.reading(began, C, 0, True, [(1, "m1", "alice", digest("text of m1"))])
        self.good(story)

    def test_a_page_that_ends_early_says_nothing_about_what_follows(self):
        self.good(Story().sent(1).sent(2).history_reads("m1", complete=False))

    def test_a_hole_is_a_hole(self):
        story = Story().sent(1).sent(3)
        self.bad(ORDER, story.raw_reading((1, "m1"), (3, "m3")))

    def test_a_message_in_two_places_is_there_twice(self):
        story = Story().sent(1).sent(2)
        self.assertIn(TWICE, story.raw_reading((1, "m1"), (2, "m2"), (3, "m1")).found())

    def test_a_repeat_answered_with_another_seq_is_there_twice(self):
        self.bad(TWICE, Story().sent(1).sent(2, name="m1", duplicate=True))

    def test_a_repeat_accepted_as_new_is_there_twice(self):
        self.bad(TWICE, Story().sent(1).sent(1))

    def test_a_repeat_answered_as_the_first_is_good(self):
        self.good(Story().sent(1).sent(1, duplicate=True).history_reads("m1"))

    def test_two_messages_answered_with_one_seq_are_caught(self):
        self.bad(LOST, Story().sent(1).sent(1, name="other"))

    def test_another_time_in_the_answer_to_a_repeat_is_caught(self):
        self.bad(CHANGED, Story().sent(1).sent(1, duplicate=True, created_at="12:01"))

    def test_an_answer_for_another_conversation_is_caught(self):
        self.bad(CHANGED, Story().sent(1, conversation="other"))

    def test_another_text_is_caught(self):
        self.bad(CHANGED, Story().sent(1).history_reads("m1", texts={"m1": "nonsense"}))

    def test_a_message_that_nobody_sent_is_caught(self):
        self.bad(CHANGED, Story().sent(1).history_reads("m1", "stranger"))

    def test_an_acknowledged_edit_that_is_gone_is_lost(self):
        story = Story().sent(1)
        story.history.attempts["m1"].edits.append(Edit(digest("new"), story.history.tick()))
        self.good(story.history_reads("m1", texts={"m1": "new"}))
        self.bad(LOST, story.history_reads("m1"))

    def test_an_unanswered_edit_may_be_there_or_not(self):
        story = Story().sent(1)
        story.history.attempts["m1"].edits.append(Edit(digest("new")))
        self.good(story.history_reads("m1").history_reads("m1", texts={"m1": "new"}))

    def test_versions_with_a_hole_and_lost_versions_are_caught(self):
        story = Story()
        story.history.changes_reading(story.history.tick(), C, 0, [1, 3])
        self.bad(ORDER, story)
        story = Story().connects()
        story.his.changes.append((story.history.tick(), C, 2))
        story.history.changes_reading(story.history.tick(), C, 0, [1])
        self.bad(LOST, story)


class SessionTest(CheckerTest):
    def three(self):
        return Story().sent(1).sent(2).sent(3)

    def test_pending_then_live_and_nothing_again_after_the_acknowledgement_is_good(self):
        story = self.three().connects().gets(1, 2).acks(2, confirmed=True).connects().gets(3).acks(3)
        self.good(story.history_reads("m1", "m2", "m3"), end=True)

    def test_what_was_not_acknowledged_comes_again_in_the_next_session(self):
        story = self.three().connects().gets(1, 2).acks(1).connects().gets(2, 3)
        self.good(story.history_reads("m1", "m2", "m3"), end=True)

    def test_an_acknowledgement_without_an_answer_may_have_been_lost(self):
        story = self.three().connects().gets(1, 2).acks(2).connects().gets(1, 2, 3)
        self.good(story.history_reads("m1", "m2", "m3"), end=True)

    def test_a_message_twice_in_a_session_is_caught(self):
        self.bad(TWICE, self.three().connects().gets(1, 2, 2, 3))

    def test_a_step_back_in_a_session_is_caught(self):
        self.bad(ORDER, self.three().connects().gets(1, 3, 2))

    def test_a_message_left_out_of_a_session_is_caught(self):
        story = self.three().connects().gets(1, 3).connects().gets(1, 2, 3).history_reads("m1", "m2", "m3")
        self.bad(LOST, story, end=True)

    def test_a_message_acknowledged_by_nobody_and_skipped_by_the_next_session_is_caught(self):
        story = self.three().connects().gets(1, 2).acks(1).connects().gets(3).history_reads("m1", "m2", "m3")
        self.bad(LOST, story, end=True)

    def test_a_message_that_no_session_brought_is_caught(self):
        self.bad(LOST, self.three().connects().gets(1, 2).history_reads("m1", "m2", "m3"), end=True)

    def test_a_message_again_after_the_confirmed_acknowledgement_is_caught(self):
        story = self.three().connects().gets(1, 2).acks(2, confirmed=True).connects().gets(2, 3)
        self.bad(TWICE, story.history_reads("m1", "m2", "m3"), end=True)

    def test_the_acknowledgement_of_another_device_excuses_nothing(self):
        story = self.three().connects().gets(1).connects(device="b2").gets(1, 2, 3).acks(3, device="b2")
        story.connects().gets(3).history_reads("m1", "m2", "m3")
        self.bad(LOST, story, end=True)

    def test_a_device_never_seen_before_starts_where_the_user_is(self):
        story = self.three().connects().gets(1, 2).acks(2).connects(device="new").gets(3).connects().gets(3)
        self.good(story.history_reads("m1", "m2", "m3"), end=True)

    def test_it_starts_there_in_its_later_sessions_too(self):
        story = self.three().connects().gets(1, 2).acks(2).connects(device="new").gets(3).connects(device="new").gets(3)
        self.good(story.connects().gets(3).history_reads("m1", "m2", "m3"), end=True)

    def test_it_starts_where_the_user_was_when_it_was_ready(self):
        story = self.three().connects().gets(1, 2)
        began = story.history.tick()
        story.acks(2)
        story.his = story.history.session("bob", "new", began)
        self.good(story.gets(3).connects().gets(3).history_reads("m1", "m2", "m3"), end=True)

    def test_what_another_device_acknowledged_after_it_was_ready_excuses_nothing(self):
        story = self.three().connects(device="new").connects().gets(1, 2).acks(2).connects(device="new").gets(3)
        self.bad(LOST, story.connects().gets(3).history_reads("m1", "m2", "m3"), end=True)

    def test_an_own_message_is_delivered_by_its_answer(self):
        story = Story().connects("alice", "a").sent(1, session=0)
        story.his.frames.append(Frame(story.history.tick(), C, 1, "m1", own=True))
        self.good(story.connects().gets(1).history_reads("m1"), end=True)

    def test_an_own_message_delivered_again_in_the_session_is_caught(self):
        story = Story().connects("alice", "a").sent(1, session=0)
        story.his.frames.append(Frame(story.history.tick(), C, 1, "m1", own=True))
        self.bad(TWICE, story.gets(1))

    def test_sends_of_one_socket_out_of_order_are_caught(self):
        story = Story().connects("alice", "a").sent(2, session=0).sent(1, session=0)
        story.his.sends += [(C, "m2"), (C, "m1")]
        story.connects().gets(1, 2).history_reads("m1", "m2")
        self.bad(ORDER, story, end=True)

    def test_a_version_twice_or_left_out_in_a_session_is_caught(self):
        for versions, kind in (((1, 2, 2), TWICE), ((1, 3), ORDER)):
            story = Story().connects()
            story.his.changes += [(story.history.tick(), C, version) for version in versions]
            self.bad(kind, story)

    def test_another_text_in_a_frame_is_caught(self):
        self.bad(CHANGED, Story().sent(1).connects().gets(1, text="nonsense"))


class StatusTest(CheckerTest):
    def test_horizons_that_grow_are_good(self):
        self.good(Story().sent(1).sent(2).receipts_read(1).receipts_read(2, 1).receipts_read(2, 2))

    def test_a_horizon_that_shrinks_is_caught(self):
        self.bad(STATUS_BACK, Story().receipts_read(2, 1).receipts_read(1, 1))
        self.bad(STATUS_BACK, Story().receipts_read(2, 2).receipts_read(2, 1))

    def test_a_confirmed_acknowledgement_that_is_not_in_the_horizon_is_caught(self):
        self.bad(STATUS_BACK, Story().acks(3, confirmed=True).receipts_read(2))

    def test_readings_that_overlap_prove_nothing(self):
        story = Story()
        began = story.history.tick()
        story.receipts_read(2)
        story.history.horizon(began, C, "bob", 1, 0)
        self.good(story)

    def test_a_status_told_live_and_lower_later_is_caught(self):
        story = Story().sent(1).connects("alice", "a")
        story.his.statuses += [(C, "m1", "bob", "READ"), (C, "m1", "bob", "DELIVERED")]
        self.bad(STATUS_BACK, story)

    def test_a_status_told_twice_in_a_session_is_caught(self):
        story = Story().sent(1).connects("alice", "a")
        story.his.statuses += [(C, "m1", "bob", "DELIVERED"), (C, "m1", "bob", "DELIVERED")]
        self.bad(TWICE, story)

    def test_a_status_told_again_in_the_next_session_is_good(self):
        story = Story().sent(1)
        for _ in range(2):
            story.connects("alice", "a").his.statuses.append((C, "m1", "bob", "DELIVERED"))
        self.good(story)

    def test_an_entry_of_the_status_history_stays(self):
        delivered, read = ("DELIVERED", "bob", "12:01"), ("READ", "bob", "12:02")
        self.good(Story().sent(1).statuses_read(1).statuses_read(1, delivered).statuses_read(1, delivered, read))
        self.bad(STATUS_BACK, Story().sent(1).statuses_read(1, delivered, read).statuses_read(1, delivered))

    def test_an_entry_with_another_time_is_caught(self):
        story = Story().sent(1).statuses_read(1, ("DELIVERED", "bob", "12:01"))
        self.bad(CHANGED, story.statuses_read(1, ("DELIVERED", "bob", "12:02")))

    def test_an_entry_that_stands_twice_is_caught(self):
        story = Story().sent(1).statuses_read(1, ("DELIVERED", "bob", "12:01"), ("DELIVERED", "bob", "12:01"))
        self.assertIn(TWICE, story.found())

    def test_a_step_back_inside_the_status_history_is_caught(self):
        self.bad(STATUS_BACK, Story().sent(1).statuses_read(1, ("READ", "bob", "12:01"), ("DELIVERED", "bob", "12:01")))

    def test_a_status_history_without_what_the_horizon_covers_is_caught(self):
        self.bad(STATUS_BACK, Story().sent(1).acks(1, confirmed=True).statuses_read(1))


if __name__ == "__main__":
    unittest.main()
