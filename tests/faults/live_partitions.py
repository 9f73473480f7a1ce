"""More partitions for the commands while everything runs, and while something breaks."""

import threading
import time

from live_fault import Fault


def more_partitions():
    return Fault("more partitions", "no fault: the commands get 6 partitions more while everything runs",
                 lambda cluster: cluster.repartition(), lambda cluster: None, 6, 5)


def more_partitions_during(fault, after_seconds):
    """The fault comes while the old partitions are closed and drained, or just before."""
    running = {}

    def repartition(cluster):
        try:
            cluster.repartition()
        except Exception as error:
            running["error"] = error

    def inject(cluster):
        running["thread"] = threading.Thread(target=repartition, args=(cluster,))
        running["thread"].start()
        time.sleep(after_seconds)
        fault.inject(cluster)

    def mend(cluster):
        fault.mend(cluster)
        running["thread"].join()
        if "error" in running:
            raise running["error"]

    return Fault(f"more partitions + {fault.name}", f"the commands get 6 partitions more; meanwhile {fault.what}", inject,
                 mend, fault.hold_seconds, fault.aim_seconds)
