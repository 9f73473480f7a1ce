"""What the clients were told, as it was told. This only records; `checker.py` judges.

Everything carries a tick of one counter, so that "before" has a meaning: what ended at a lower tick than another thing
began had been told before that was asked.
"""

import hashlib
from dataclasses import dataclass, field


def digest(text):
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


@dataclass(slots=True)
class Attempt:
    """A message that some client decided to send, with all tries of it."""
    message_id: str
    conversation: str
    sender: str
    device: str | None
    digest: str
    receipt: bool = False
    tries: int = 0
    refused: list = field(default_factory=list)      # what answers said that were neither 200 nor 202
    answered: bool = False
    edits: list = field(default_factory=list)


@dataclass(slots=True)
class Edit:
    """`acknowledged_at`: the tick of its 200, or None."""
    digest: str
    acknowledged_at: int | None = None


@dataclass(slots=True)
class Told:
    """An answer to a send: by it the message can no longer be lost."""
    tick: int
    message_id: str
    conversation: str
    seq: int
    duplicate: bool
    created_at: str
    device: str | None
    session: int | None      # index of the session that it came by; None: REST


@dataclass(slots=True)
class Frame:
    """A `message` frame, or the `sent` that is the delivery of an own one (`own`)."""
    tick: int
    conversation: str
    seq: int
    message_id: str
    own: bool = False
    digest: str = ""


@dataclass(slots=True)
class Session:
    """One WebSocket of one device, from `ready` on."""
    index: int
    user: str
    device: str
    began: int               # the tick before the connection was asked for
    ready: int               # the tick of `ready`: from then on the device is known
    frames: list = field(default_factory=list)       # Frame
    changes: list = field(default_factory=list)      # (tick, conversation, version)
    statuses: list = field(default_factory=list)     # (conversation, message_id, user, status)
    sends: list = field(default_factory=list)        # (conversation, message_id) first tried here, in order
    ended: int | None = None
    close_code: int | None = None


@dataclass(slots=True)
class DeviceAck:
    """A device said that it has everything up to there. `confirmed`: the tick of the 204 (a frame has no answer)."""
    tick: int
    user: str
    device: str | None
    conversation: str
    up_to_seq: int
    confirmed: int | None = None


@dataclass(slots=True)
class Reading:
    """Part of a conversation's history as the server answered it: all after `after`, up to the end if `complete`."""
    began: int
    conversation: str
    after: int
    complete: bool
    items: list              # (seq, message_id, sender, digest)


@dataclass(slots=True)
class ChangesReading:
    began: int
    conversation: str
    after: int
    items: list              # versions


@dataclass(slots=True)
class Horizon:
    """How far a member has got. `at_least`: told in passing (a 204, a status frame); else it was read and is exact."""
    began: int
    ended: int
    conversation: str
    user: str
    delivered: int
    read: int
    at_least: bool


@dataclass(slots=True)
class StatusReading:
    """GET /v1/messages/{id}/status/history."""
    began: int
    ended: int
    message_id: str
    conversation: str
    seq: int
    entries: list            # (status, user or None, timestamp)


class Unread:
    """A list of which each iteration brings what was added since the last one."""

    def __init__(self, source):
        self.source = source
        self.at = 0

    def __iter__(self):
        while self.at < len(self.source):
            self.at += 1
            yield self.source[self.at - 1]


class History:
    def __init__(self):
        self.ticks = 0
        self.members = {}        # conversation → its members
        self.attempts = {}
        self.told = []
        self.sessions = []
        self.acks = []
        self.readings = []
        self.change_readings = []
        self.horizons = []
        self.status_readings = []
        self.undecided = []      # (message_id, conversation) of answers without a seq: the log had it, and no more was known
        self.surprises = []      # answers that no client should get, in words

    def tick(self):
        self.ticks += 1
        return self.ticks

    def attempt(self, message_id, conversation, sender, device, text, receipt=False):
        found = Attempt(message_id, conversation, sender, device, digest(text), receipt)
        self.attempts[message_id] = found
        return found

    def answer(self, message_id, document, device=None, session=None):
        """A 202, a 200 or a `sent`."""
        self.attempts[message_id].answered = True
        if "seq" not in document:
            self.undecided.append((message_id, document["conversation_id"]))
            return
        self.told.append(Told(self.tick(), message_id, document["conversation_id"], document["seq"],
                              document["duplicate"], document["created_at"], device, session))

    def refusal(self, message_id, problem):
        self.attempts[message_id].refused.append(f"{problem['status']}: {problem['detail']}")

    def session(self, user, device, began):
        """The frame `ready` came."""
        self.sessions.append(Session(len(self.sessions), user, device, began, self.tick()))
        return self.sessions[-1]

    def ack(self, user, device, conversation, up_to_seq):
        found = DeviceAck(self.tick(), user, device, conversation, up_to_seq)
        self.acks.append(found)
        return found

    def reading(self, began, conversation, after, complete, items):
        self.readings.append(Reading(began, conversation, after, complete, items))

    def changes_reading(self, began, conversation, after, versions):
        self.change_readings.append(ChangesReading(began, conversation, after, versions))

    def horizon(self, began, conversation, user, delivered, read, at_least=False):
        self.horizons.append(Horizon(began, self.tick(), conversation, user, delivered, read, at_least))

    def status_reading(self, began, message_id, conversation, seq, entries):
        self.status_readings.append(StatusReading(began, self.tick(), message_id, conversation, seq, entries))

    @property
    def acknowledged(self):
        return sum(attempt.answered for attempt in self.attempts.values())

    def activity(self):
        """How much the judgement rests on."""
        return {"sessions": len(self.sessions), "frames": sum(len(session.frames) for session in self.sessions),
                "repeats": sum(attempt.tries - 1 for attempt in self.attempts.values() if attempt.tries > 1),
                "duplicates": sum(told.duplicate for told in self.told), "acknowledgements": len(self.acks),
                "status histories": len(self.status_readings), "readings": len(self.readings)}
