"""The wall clock of one process of the product jumps."""

import time

from live_fault import Fault

HOUR = 3600
EACH_SECONDS = 6


class Clock:
    def __init__(self, node):
        self.node = node
        self.shim = None

    def prepare(self, cluster, context):
        self.shim = context.shim()
        cluster.nodes[self.node].extra_environment |= self.shim.environment()

    def inject(self, _cluster):
        self.shim.shift_clock(HOUR)
        time.sleep(EACH_SECONDS)
        self.shim.shift_clock(-HOUR)

    def mend(self, _cluster):
        self.shim.shift_clock(0)


def jump(node, aim):
    it = Clock(node)
    return Fault(f"clock {node}", f"the clock of {node} an hour ahead, then an hour behind, then right", it.inject, it.mend,
                 EACH_SECONDS, aim, it.prepare, unseen=True)


CLOCK_FAULTS = [jump("router1", 1), jump("gateway1", 1)]
