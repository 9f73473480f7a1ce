"""What clients saw, second by second: acknowledgements, refusals and how long they took; as a picture."""

import time
from collections import Counter, defaultdict

from history import History

WIDTH, ROW, LEFT = 900, 90, 70


class TimedHistory(History):
    """Also knows when."""

    def __init__(self):
        super().__init__()
        self.begun = time.monotonic()
        self.sent_at = {}
        self.first_sent_at = {}
        self.tick_times = []             # the moment of each tick
        self.acknowledged_at = []        # (seconds, latency in ms)
        self.refused_at = []
        self.refused_why = Counter()
        self.marks = []                  # (from, to, text)

    def now(self):
        return time.monotonic() - self.begun

    def tick(self):
        self.tick_times.append(self.now())
        return super().tick()

    def attempt(self, message_id, *args, **named):
        self.sent_at[message_id] = self.first_sent_at[message_id] = self.now()
        return super().attempt(message_id, *args, **named)

    def answer(self, message_id, *args, **named):
        now = self.now()
        self.acknowledged_at.append((now, (now - self.sent_at.pop(message_id, now)) * 1000))
        super().answer(message_id, *args, **named)

    def refusal(self, message_id, problem):
        self.refused_at.append(self.now())
        self.refused_why[problem["detail"]] += 1
        super().refusal(message_id, problem)

    def longest_silence(self, since, until):
        """The longest time without any acknowledgement between two moments."""
        times = [since, *(at for at, _ in self.acknowledged_at if since <= at <= until), until]
        return max(later - earlier for earlier, later in zip(times, times[1:]))

    def longest_until_shown(self, since, until):
        """In ms: of what was sent between two moments, how long it took at most until somebody saw its place in the
        conversation. An answer without a place does not count: the log had the message, and no router had decided."""
        waits = [self.tick_times[tick - 1] - self.first_sent_at[message_id]
                 for message_id, tick in self.first_shown().items() if since <= self.first_sent_at[message_id] <= until]
        return 1000 * max(waits, default=0)

    def first_shown(self):
        """message → the tick at which somebody first saw its place."""
        found = {}
        for message_id, tick in ((told.message_id, told.tick) for told in self.told):
            found[message_id] = min(tick, found.get(message_id, tick))
        for frame in (frame for session in self.sessions for frame in session.frames):
            found[frame.message_id] = min(frame.tick, found.get(frame.message_id, frame.tick))
        return found

    def unshown(self):
        """Messages that were acknowledged, and that nobody has seen yet."""
        shown = self.first_shown()
        return [attempt.message_id for attempt in self.attempts.values()
                if attempt.answered and attempt.message_id not in shown]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


def by_second(history):
    latencies, refused = defaultdict(list), defaultdict(int)
    for at, latency in history.acknowledged_at:
        latencies[int(at)].append(latency)
    for at in history.refused_at:
        refused[int(at)] += 1
    end = int(history.now()) + 1
    return ([len(latencies[second]) for second in range(end)],
            [percentile(latencies[second], 0.99) for second in range(end)], [refused[second] for second in range(end)])


def svg(history, title):
    """Three rows over the same seconds; the time of the fault is shaded."""
    rates, slow, refused = by_second(history)
    rows = (("acknowledged/s", rates, "#2563eb"), ("p99 ms", slow, "#b45309"), ("refused/s", refused, "#dc2626"))
    scale = (WIDTH - LEFT - 10) / max(1, len(rates))
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{len(rows) * ROW + 40}" '
           f'font-family="sans-serif" font-size="11"><rect width="100%" height="100%" fill="white"/>'
           f'<text x="10" y="16" font-size="13">{title}</text>']
    for since, until, text in history.marks:
        out.append(f'<rect x="{LEFT + since * scale:.0f}" y="24" width="{max(1, (until - since) * scale):.0f}" '
                   f'height="{len(rows) * ROW}" fill="#fde68a" opacity="0.6"><title>{text}</title></rect>')
    for row, (name, values, color) in enumerate(rows):
        top, highest = 30 + row * ROW, max(values, default=0) or 1
        points = " ".join(f"{LEFT + (second + 0.5) * scale:.1f},{top + (ROW - 20) * (1 - value / highest):.1f}"
                          for second, value in enumerate(values))
        out.append(f'<text x="8" y="{top + 12}">{name}</text><text x="8" y="{top + 26}" fill="#666">max '
                   f'{highest:.0f}</text><polyline points="{points}" fill="none" stroke="{color}" stroke-width="1.5"/>')
    out.append(f'<text x="{LEFT}" y="{34 + len(rows) * ROW}" fill="#666">0 s</text><text x="{WIDTH - 50}" '
               f'y="{34 + len(rows) * ROW}" fill="#666">{len(rates)} s</text></svg>')
    return "".join(out)
