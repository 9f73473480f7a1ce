"""Judges a recorded history. Knows the contract's promises, and nothing of the server or of the clients that recorded
it.

    LOST         something that was acknowledged, or shown to somebody, is no longer there
    TWICE        a message stands in two places, was accepted twice, or was sent twice where it must not be
    ORDER        seq or version with a hole or a step back; sends of one socket out of order
    STATUS_BACK  a receipt that was told is no longer there, or smaller
    CHANGED      another text, sender or time than was sent or told
"""

from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass

from history import Unread
from session_rules import DevicePast, SessionWatch

LOST, TWICE, ORDER, STATUS_BACK, CHANGED = "lost", "twice", "order", "status_back", "changed"
KINDS = (LOST, TWICE, ORDER, STATUS_BACK, CHANGED)
RANK = {"SENT": 0, "DELIVERED": 1, "READ": 2}


@dataclass(frozen=True)
class Violation:
    kind: str
    what: str

    def __str__(self):
        return f"{self.kind}: {self.what}"


class Places:
    """Where each message stands, from whatever source: answers, frames, history. All must agree for ever."""

    def __init__(self):
        self.message_at = {}                 # (conversation, seq) → message_id
        self.seq_of = {}                     # (conversation, message_id) → seq
        self.first_told = defaultdict(dict)  # conversation → seq → the tick at which somebody was first told
        self.highest = defaultdict(int)

    def put(self, conversation, seq, message_id, tick):
        known = self.seq_of.setdefault((conversation, message_id), seq)
        if known != seq:
            yield Violation(TWICE, f"message {message_id} stood at seq {known} of {conversation}, and now at {seq}")
        other = self.message_at.setdefault((conversation, seq), message_id)
        if other != message_id:
            yield Violation(LOST, f"seq {seq} of {conversation} was message {other}, and is now {message_id}")
        if tick is not None:
            self.first_told[conversation].setdefault(seq, tick)
            self.highest[conversation] = max(self.highest[conversation], seq)


class Floors:
    """The least that a member's horizon may be, as a function of the tick."""

    def __init__(self):
        self.steps = defaultdict(lambda: [(0, 0, 0)])    # (conversation, user) → (tick, delivered, read), only rising

    def raise_to(self, key, tick, delivered, read):
        _, old_delivered, old_read = self.steps[key][-1]
        delivered, read = max(delivered, read, old_delivered), max(read, old_read)
        if (delivered, read) != (old_delivered, old_read):
            self.steps[key].append((tick, delivered, read))

    def before(self, key, tick):
        steps = self.steps[key]
        _, delivered, read = steps[max(0, bisect_left(steps, (tick, 0, 0)) - 1)]
        return delivered, read


class Checker:
    """`check()` judges what was recorded since the last call; `check_end()` also what only the end can tell."""

    def __init__(self, history):
        self.history = history
        self.places = Places()
        self.floors = Floors()
        self.told = Unread(history.told)
        self.readings = Unread(history.readings)
        self.change_readings = Unread(history.change_readings)
        self.horizons = Unread(history.horizons)
        self.status_readings = Unread(history.status_readings)
        self.watches = []
        self.accepted = set()                        # message ids answered as new
        self.created_at = {}
        self.last_seq = defaultdict(int)             # of the latest complete reading
        self.highest_version = defaultdict(list)     # conversation → (tick, version) as seen by anybody, rising
        self.entries_told = defaultdict(list)        # message_id → (tick, {(status, user): timestamp})

    def check(self):
        found = []
        for told in self.told:
            found += self.judge_answer(told)
        found += self.judge_sessions()
        for reading in self.readings:
            found += self.judge_reading(reading)
        for reading in self.change_readings:
            found += self.judge_changes(reading)
        for horizon in self.horizons:
            found += self.judge_horizon(horizon)
        for reading in self.status_readings:
            found += self.judge_statuses(reading)
        return found

    def check_end(self):
        """Every client is silent by now and has had time to receive everything; each history was read to its end."""
        found = self.check()
        by_device = defaultdict(list)
        for session in self.history.sessions:
            by_device[session.user, session.device].append(session)
        past = DevicePast(self.history, self.places.seq_of)
        for (user, device), sessions in sorted(by_device.items()):
            for conversation, members in self.history.members.items():
                if user in members:
                    for kind, what in past.judge(user, device, sessions, conversation, self.last_seq[conversation]):
                        found.append(Violation(kind, what))
        answers = defaultdict(dict)
        for told in self.history.told:
            # One that was refused was sent again later, and that is where it belongs.
            if told.session is not None and not told.duplicate and not self.history.attempts[told.message_id].refused:
                answers[told.session][told.message_id] = told.seq
        for message_id, conversation in self.history.undecided:
            if (conversation, message_id) not in self.places.seq_of:
                found.append(Violation(LOST, f"message {message_id} was accepted for {conversation}, and is not there"))
        for watch in self.watches:
            found += [Violation(kind, what) for kind, what in watch.order_of_sends(answers[watch.session.index])]
        return found

    def judge_answer(self, told):
        attempt = self.history.attempts[told.message_id]
        if told.conversation != attempt.conversation:
            yield Violation(CHANGED, f"message {told.message_id} was sent to {attempt.conversation}, and answered for "
                                     f"{told.conversation}")
            return
        if not told.duplicate:
            if told.message_id in self.accepted:
                answers = [f"seq {other.seq} created {other.created_at} to {other.device} session {other.session}"
                           for other in self.history.told if other.message_id == told.message_id and not other.duplicate]
                yield Violation(TWICE, f"message {told.message_id} was accepted as new twice: {'; '.join(answers)}; tries "
                                       f"{attempt.tries}, refused {attempt.refused}")
            self.accepted.add(told.message_id)
        first = self.created_at.setdefault(told.message_id, told.created_at)
        if first != told.created_at:
            yield Violation(CHANGED, f"message {told.message_id} was answered with created_at {first}, then with "
                                     f"{told.created_at}")
        yield from self.places.put(told.conversation, told.seq, told.message_id, told.tick)

    def judge_sessions(self):
        for session in self.history.sessions[len(self.watches):]:
            self.watches.append(SessionWatch(session))
        for watch in self.watches:
            for frame in watch.frames:
                yield from self.places.put(frame.conversation, frame.seq, frame.message_id, frame.tick)
                yield from self.judge_content(frame.message_id, None, frame.digest, None)
                yield from (Violation(kind, what) for kind, what in watch.judge_frame(frame))
            for tick, conversation, version in watch.changes:
                yield from (Violation(kind, what) for kind, what in watch.judge_change(conversation, version))
                seen = self.highest_version[conversation]
                if not seen or version > seen[-1][1]:
                    seen.append((tick, version))
            for status in watch.statuses:
                yield from (Violation(kind, what) for kind, what in watch.judge_status(*status))

    def judge_content(self, message_id, sender, content, began):
        """`began`: of the reading, for which edits acknowledged before are binding; None: any version will do."""
        attempt = self.history.attempts.get(message_id)
        if attempt is None:
            yield Violation(CHANGED, f"message {message_id} was sent by nobody")
            return
        if sender is not None and sender != attempt.sender:
            yield Violation(CHANGED, f"message {message_id} is from {sender}, and was sent by {attempt.sender}")
        allowed = [attempt.digest]
        for edit in attempt.edits:
            if began is not None and edit.acknowledged_at is not None and edit.acknowledged_at < began:
                allowed = []
            allowed.append(edit.digest)
        if content and content not in allowed:
            kind = LOST if content in [attempt.digest, *(edit.digest for edit in attempt.edits)] else CHANGED
            yield Violation(kind, f"message {message_id} has not the text that was last acknowledged")

    def judge_reading(self, reading):
        expected, where = reading.after, reading.conversation
        present = set()
        for seq, message_id, sender, content in reading.items:
            expected += 1
            if seq != expected:
                yield Violation(ORDER, f"the history of {where} has seq {seq} where {expected} belongs")
                expected = seq
            present.add(seq)
            yield from self.places.put(where, seq, message_id, None)
            yield from self.judge_content(message_id, sender, content, reading.began)
        if reading.complete:
            self.last_seq[where] = max(reading.after, expected)
        told = self.places.first_told[where]
        end = self.places.highest[where] if reading.complete else expected
        for seq in range(reading.after + 1, end + 1):
            if seq not in present and told.get(seq, reading.began) < reading.began:
                message_id = self.places.message_at[where, seq]
                yield Violation(LOST, f"seq {seq} of {where}, message {message_id}, was told at tick {told[seq]} and "
                                      f"is not in the history read at tick {reading.began}")

    def judge_changes(self, reading):
        expected, where = reading.after, reading.conversation
        for version in reading.items:
            expected += 1
            if version != expected:
                yield Violation(ORDER, f"the changes of {where} have version {version} where {expected} belongs")
                expected = version
        seen = [version for tick, version in self.highest_version[where] if tick < reading.began]
        if seen and seen[-1] > expected:
            yield Violation(LOST, f"version {seen[-1]} of {where} was seen, and the changes end at {expected}")

    def judge_horizon(self, horizon):
        key = horizon.conversation, horizon.user
        if not horizon.at_least:
            delivered, read = self.floors.before(key, horizon.began)
            if horizon.delivered < delivered or horizon.read < read:
                yield Violation(STATUS_BACK, f"{horizon.user} in {horizon.conversation} had delivered {delivered} and "
                                             f"read {read}, then {horizon.delivered} and {horizon.read}")
        self.floors.raise_to(key, horizon.ended, horizon.delivered, horizon.read)

    def judge_statuses(self, reading):
        entries, ranks, name = {}, defaultdict(lambda: -1), f"the status history of {reading.message_id}"
        for status, user, timestamp in reading.entries:
            if (status, user) in entries:
                yield Violation(TWICE, f"{name} has {status} of {user} twice")
            entries[status, user] = timestamp
            if RANK.get(status, 3) <= ranks[user]:
                yield Violation(STATUS_BACK, f"{name} goes back to {status} for {user}")
            ranks[user] = max(ranks[user], RANK.get(status, 3))
        if ("SENT", None) not in entries:
            yield Violation(STATUS_BACK, f"{name} has no SENT")
        for tick, earlier in self.entries_told[reading.message_id]:
            for key, timestamp in earlier.items() if tick < reading.began else ():
                if key not in entries:
                    yield Violation(STATUS_BACK, f"{name} had {key[0]} of {key[1]}, and has it no longer")
                elif entries[key] != timestamp:
                    yield Violation(CHANGED, f"{name} had {key[0]} of {key[1]} at {timestamp}, now {entries[key]}")
        self.entries_told[reading.message_id].append((reading.ended, entries))
        sender = self.history.attempts[reading.message_id].sender
        for user in self.history.members.get(reading.conversation, ()):
            delivered, read = self.floors.before((reading.conversation, user), reading.began)
            for status, horizon in (("DELIVERED", delivered), ("READ", read)):
                if user != sender and horizon >= reading.seq and (status, user) not in entries:
                    yield Violation(STATUS_BACK, f"{name} (seq {reading.seq}) lacks {status} of {user}, whose horizon "
                                                 f"was told to be at {horizon}")
