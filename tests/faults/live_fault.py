"""What a fault on the distributed profile is."""

import threading
from dataclasses import dataclass
from typing import Callable

from live_cluster import servers


def nothing(*_):
    """Where a fault needs no preparation, or nothing stands in its way."""


@dataclass(frozen=True)
class Fault:
    """It holds for some seconds under load."""
    name: str
    what: str
    inject: Callable                # gets the cluster
    mend: Callable                  # the same; also called where `inject` failed half-way
    hold_seconds: float = 6
    aim_seconds: float = 15         # the longest time without any acknowledgement, from the fault on
    prepare: Callable = nothing     # gets the cluster, which has not been started, and the context; may raise Skipped
    aim_shown_ms: int | None = None  # the longest time until a message was decided and shown to somebody
    unseen: bool = False            # nobody may be refused anything


class Holding:
    """A fault that was injected is mended once, whatever happens."""

    def __init__(self, fault, cluster):
        self.fault, self.cluster = fault, cluster
        self.lock = threading.Lock()     # an interrupted run mends while the injection may still be on its way
        self.begun = False

    def inject(self):
        with self.lock:
            self.begun = True
            self.fault.inject(self.cluster)

    def mend(self):
        with self.lock:
            if self.begun:
                self.begun = False
                self.fault.mend(self.cluster)

    def close(self):
        """Mends where the run did not get so far. It ends for another reason already, so this raises nothing."""
        try:
            self.mend()
        except Exception as error:
            print(f"  {self.fault.name} is not mended: {type(error).__name__}: {error}", flush=True)


def must(*words, timeout=180):
    """A command of servers.py that has to succeed; answers what it printed."""
    code, output = servers(*words, timeout=timeout)
    if code != 0:
        raise RuntimeError(f"servers.py {' '.join(words)}: {output[-400:]}")
    return output


def both(first, second):
    def prepare(cluster, context):
        first.prepare(cluster, context)
        second.prepare(cluster, context)

    def inject(cluster):
        first.inject(cluster)
        second.inject(cluster)

    def mend(cluster):
        second.mend(cluster)
        first.mend(cluster)

    return Fault(f"{first.name} + {second.name}", f"{first.what}; at the same time {second.what}", inject, mend,
                 max(first.hold_seconds, second.hold_seconds), max(first.aim_seconds, second.aim_seconds), prepare)
