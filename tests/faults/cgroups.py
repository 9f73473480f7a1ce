"""Control groups (version 1) for processes that run already: a class for their packets, a limit for their disk."""

import contextlib
import os
import secrets
import subprocess
import tempfile
from pathlib import Path


def hierarchy(controller):
    """Where it is mounted; None where it is not."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, kind, options = line.split()[:4]
        if kind == "cgroup" and controller in options.split(","):
            return Path(point)
    return None


@contextlib.contextmanager
def mounted(controller):
    """The hierarchy, mounted while the context lasts where nobody has mounted it."""
    if there := hierarchy(controller):
        yield there
        return
    with tempfile.TemporaryDirectory(prefix="chat4all-faults-") as folder:
        done = subprocess.run(["mount", "-t", "cgroup", "-o", controller, controller, folder], capture_output=True, text=True)
        if done.returncode:
            raise OSError(f"mounting the control groups of {controller}: {done.stderr.strip()}")
        try:
            yield Path(folder)
        finally:
            subprocess.run(["umount", "-l", folder], capture_output=True)


def obstacle(controller):
    """Why groups of this controller can't be made here, in words; None if they can."""
    if os.geteuid() != 0:
        return "control groups need root"
    try:
        with Group(controller, ()):
            return None
    except OSError as error:
        return f"there are no control groups (version 1) for {controller} here ({error})"


class Group:
    """These processes, with all their threads and sockets, in a group of their own; for a `with`."""

    def __init__(self, controller, pids, settings=()):
        self.controller = controller
        self.pids = pids
        self.settings = dict(settings)      # file → text

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.root = stack.enter_context(mounted(self.controller))
            self.folder = self.root / f"chat4all-faults-{secrets.token_hex(4)}"
            self.folder.mkdir()
            stack.callback(self.dissolve)
            for name, text in self.settings.items():
                (self.folder / name).write_text(text)
            for pid in self.pids:
                (self.folder / "cgroup.procs").write_text(str(pid))
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def dissolve(self):
        """Gives back who is still there."""
        for pid in (self.folder / "cgroup.procs").read_text().split():
            with contextlib.suppress(OSError):       # it ended
                (self.root / "cgroup.procs").write_text(pid)
        self.folder.rmdir()


class PacketClass(Group):
    """Packets of these processes can be told by `classid`; of sockets that were open already as well."""

    def __init__(self, pids):
        self.classid = 0x40000000 | secrets.randbits(30)
        super().__init__("net_cls", pids, {"net_cls.classid": str(self.classid)})
