"""What one WebSocket, and one device over all its WebSockets, may be sent. Rules yield (kind, what)."""

from collections import defaultdict

from history import Unread

RANK = {"SENT": 0, "DELIVERED": 1, "READ": 2}


class SessionWatch:
    """One session, judged frame by frame."""

    def __init__(self, session):
        self.session = session
        self.name = f"session {session.index} ({session.user}, {session.device})"
        self.seen = defaultdict(set)             # conversation → seqs, as a message or as the own `sent`
        self.last = defaultdict(int)
        self.last_version = {}
        self.ranks = defaultdict(lambda: -1)     # (message_id, user) → rank
        self.frames = Unread(session.frames)
        self.changes = Unread(session.changes)
        self.statuses = Unread(session.statuses)

    def judge_frame(self, frame):
        seen, where = self.seen[frame.conversation], f"seq {frame.seq} of {frame.conversation}"
        if frame.seq in seen:
            yield "twice", f"{self.name} got {where} twice"
        elif not frame.own and frame.seq < self.last[frame.conversation]:
            yield "order", f"{self.name} got {where} after seq {self.last[frame.conversation]}"
        seen.add(frame.seq)
        if not frame.own:
            self.last[frame.conversation] = max(self.last[frame.conversation], frame.seq)

    def judge_change(self, conversation, version):
        last = self.last_version.get(conversation)
        if last is not None and version <= last:
            yield "twice", f"{self.name} got version {version} of {conversation} after {last}"
        elif last is not None and version != last + 1:
            yield "order", f"{self.name} got version {version} of {conversation} right after {last}"
        self.last_version[conversation] = max(version, last or 0)

    def judge_status(self, conversation, message_id, user, status):
        rank = RANK.get(status, 3)
        if rank < self.ranks[message_id, user]:
            yield "status_back", f"{self.name} was told {status} of {user} for {message_id} of {conversation}, after " \
                                 "a higher one"
        elif rank == self.ranks[message_id, user]:
            yield "twice", f"{self.name} was told {status} of {user} for {message_id} of {conversation} twice"
        self.ranks[message_id, user] = max(rank, self.ranks[message_id, user])

    def order_of_sends(self, answers):
        """What one socket sends takes its seq in the order sent. `answers`: message_id → seq, as they came by it."""
        last = defaultdict(int)
        for conversation, message_id in self.session.sends:
            seq = answers.get(message_id)
            if seq is not None and seq < last[conversation]:
                yield "order", f"{self.name} sent {message_id} to {conversation} after one that got seq " \
                               f"{last[conversation]}, and it got {seq}"
            last[conversation] = max(last[conversation], seq or 0)


class DevicePast:
    """All sessions of a device: pending until acknowledged, then never again, and nothing left out."""

    def __init__(self, history, seq_of):
        self.acks = defaultdict(list)        # (user, conversation) → acks of all devices
        for ack in history.acks:
            self.acks[ack.user, ack.conversation].append(ack)
        # What the device sent itself was delivered by the answer, whenever that came: pending may leave it out.
        self.own = defaultdict(set)
        for attempt in history.attempts.values():
            seq = seq_of.get((attempt.conversation, attempt.message_id))
            if seq is not None and attempt.device is not None:
                self.own[attempt.sender, attempt.device, attempt.conversation].add(seq)

    def judge(self, user, device, sessions, conversation, last_seq):
        own = self.own[user, device, conversation]
        name = f"device {device} of {user} in {conversation}"
        got, start = set(own), None
        for session in sorted(sessions, key=lambda session: session.began):
            frames = [frame for frame in session.frames if frame.conversation == conversation]
            pending = [frame for frame in frames if not frame.own]
            got.update(frame.seq for frame in frames)
            if start is None:
                start = self.said(user, None, conversation, session.ready)
            if not pending:
                continue
            said = max(start, self.said(user, device, conversation, pending[0].tick))
            confirmed = self.confirmed(user, device, conversation, session.began)
            if pending[0].seq <= confirmed:
                yield "twice", f"{name}: session {session.index} began with seq {pending[0].seq}, and the " \
                               f"acknowledgement up to {confirmed} was confirmed before"
            here = {frame.seq for frame in frames}
            gap = [seq for seq in range(said + 1, pending[-1].seq) if seq not in here and seq not in own]
            if gap:
                yield "lost", f"{name}: session {session.index} ended at seq {pending[-1].seq} and left out " \
                              f"{shown(gap)}; acknowledged was {said}"
        missing = [seq for seq in range((start or 0) + 1, last_seq + 1) if seq not in got]
        if missing:
            yield "lost", f"{name}: no session brought {shown(missing)} of {last_seq}"

    def said(self, user, device, conversation, tick):
        """The most that the device can have acknowledged by then; any device of the user, without one: where a device
        that was not known before starts."""
        return max((ack.up_to_seq for ack in self.acks[user, conversation]
                    if ack.tick < tick and device in (None, ack.device)), default=0)

    def confirmed(self, user, device, conversation, tick):
        return max((ack.up_to_seq for ack in self.acks[user, conversation]
                    if ack.device == device and ack.confirmed is not None and ack.confirmed < tick), default=0)


def shown(seqs):
    return f"seq {', '.join(map(str, seqs[:5]))}{f' and {len(seqs) - 5} more' if len(seqs) > 5 else ''}"
