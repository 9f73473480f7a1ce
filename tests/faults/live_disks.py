"""A server's disk that is full, or slow."""

import contextlib
import os
import shutil
import subprocess

import cgroups
from cluster.process import family
from context import Skipped
from filesystem import command
from live_cluster import KEYSPACE, servers
from live_fault import Fault, must
from servers import Servers, silence

FREE_MIB = 128                  # beside what the data takes when it moves in
SLOW_WRITES_PER_SECOND = 20
REPAIR_SECONDS = 300
FOLDERS = {"kafka": ("data",), "cassandra": ("data", "commitlog")}


def server(name):
    return Servers(report=silence)[name]


def mib(folder):
    return int(subprocess.run(["du", "-sm", folder], check=True, capture_output=True, text=True).stdout.split()[0])


def copy(source, target):
    command("cp", "-a", "--sparse=always", source, target)


class OwnDisk:
    """A server's data on a small filesystem of its own; moves back at the end of the `with`."""

    def __init__(self, name, context):
        self.node = server(name)
        self.folders = FOLDERS[self.node.kind]
        self.image = context.image("ext4", 2 * sum(mib(self.node.dir / folder) for folder in self.folders) + FREE_MIB)

    def __enter__(self):
        for folder in self.folders:
            if (self.aside(folder)).exists():
                raise Skipped(f"{self.aside(folder)} was left by a run that was killed: `servers.py wipe {self.node.name}`")
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.image)
            must("stop", self.node.name)
            stack.callback(must, "start", self.node.name)
            for folder in self.folders:
                stack.callback(self.move_back, folder)
                self.move_out(folder)
            stack.callback(must, "kill", self.node.name)
            must("start", self.node.name)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def aside(self, folder):
        return self.node.dir / f"{folder}.aside"

    def move_out(self, folder):
        copy(self.node.dir / folder, self.image.point / folder)
        (self.node.dir / folder).rename(self.aside(folder))
        (self.node.dir / folder).symlink_to(self.image.point / folder)

    def move_back(self, folder):
        """What stands aside is old: the copies elsewhere count on all that the server has acknowledged since."""
        place = self.node.dir / folder
        if place.is_symlink():
            copy(self.image.point / folder, self.node.dir / f"{folder}.new")
            place.unlink()
            (self.node.dir / f"{folder}.new").rename(place)
        shutil.rmtree(self.aside(folder), ignore_errors=True)


def start_with_room_again(name):
    """A Cassandra node whose disk was full may refuse to start with the end of its commit log, which is torn: then as
    docs/guide/operations.md says."""
    code, output = servers("start", name, timeout=180)
    if code == 0:
        return
    node = server(name)
    if node.kind != "cassandra":
        raise RuntimeError(f"{name} does not start: {output[-400:]}")
    for segment in (node.dir / "commitlog").iterdir():
        segment.unlink()
    must("start", name)
    must("nodetool", name, "repair", "-full", KEYSPACE, timeout=REPAIR_SECONDS)


class FullDisk:
    def __init__(self, name):
        self.name = name
        self.disk = None

    def prepare(self, _cluster, context):
        self.disk = context.stack.enter_context(OwnDisk(self.name, context))

    @property
    def balloon(self):
        return self.disk.image.point / "balloon"

    def inject(self, _cluster):
        self.disk.image.fill(self.balloon)

    def mend(self, _cluster):
        """Both servers end, or end their service, when they can't write; so somebody has to start them again."""
        self.balloon.unlink(missing_ok=True)
        must("kill", self.name)
        start_with_room_again(self.name)


class SlowDisk:
    """Each write waits for the disk, and the disk takes few of them."""

    def __init__(self, name):
        self.name = name
        self.disk = None
        self.stack = contextlib.ExitStack()

    def prepare(self, _cluster, context):
        if why := cgroups.obstacle("blkio"):
            raise Skipped(why)
        self.disk = context.stack.enter_context(OwnDisk(self.name, context))

    def inject(self, _cluster):
        point = self.disk.image.point
        # Limits of version 1 know nothing of pages that are written later, by the kernel.
        command("mount", "-o", "remount,sync", point)
        self.stack.callback(command, "mount", "-o", "remount,async", point)
        device = os.stat(point).st_dev
        limit = f"{os.major(device)}:{os.minor(device)} {SLOW_WRITES_PER_SECOND}"
        self.stack.enter_context(cgroups.Group("blkio", family(server(self.name).pid()),
                                               {"blkio.throttle.write_iops_device": limit}))

    def mend(self, _cluster):
        self.stack.close()


def full_disk(name, aim, unseen=False):
    it = FullDisk(name)
    return Fault(f"full disk {name}", f"the disk of {name} full, freed after a while", it.inject, it.mend, 12, aim,
                 it.prepare, unseen=unseen)


def slow_disk(name, aim, unseen=False):
    it = SlowDisk(name)
    return Fault(f"slow disk {name}", f"the disk of {name} takes {SLOW_WRITES_PER_SECOND} writes a second", it.inject,
                 it.mend, 15, aim, it.prepare, unseen=unseen)


DISK_FAULTS = [
    full_disk("kafka-2", 15),
    full_disk("cassandra-2", 1, unseen=True),
    slow_disk("kafka-3", 15),
    slow_disk("cassandra-3", 1, unseen=True),
]
