"""Filesystems of our own in an image file: small, and able to lose their power."""

import os
import shutil
import subprocess
from pathlib import Path

SMALLEST_MIB = {"ext4": 64, "xfs": 320}
TOOLS = ("mount", "umount", "xfs_io", "mkfs.ext4", "mkfs.xfs")
ENVIRONMENT = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}


def command(*arguments):
    done = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, env=ENVIRONMENT)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, arguments))} failed: {done.stderr.strip()}")


def unmount_left_behind(folder):
    """What a run that was killed left mounted under this folder."""
    for line in Path("/proc/mounts").read_text().splitlines():
        point = line.split()[1]
        if point.startswith(f"{folder}/"):
            subprocess.run(["umount", "-l", point], capture_output=True, env=ENVIRONMENT)


def obstacle(folder):
    """Why images can't be mounted here, in words; None if they can."""
    if os.geteuid() != 0:
        return "mounting needs root"
    missing = [tool for tool in TOOLS if not shutil.which(tool, path=ENVIRONMENT["PATH"])]
    if missing:
        return f"{', '.join(missing)} is not installed (xfsprogs, e2fsprogs, mount)"
    try:
        with Image(Path(folder) / "probe", "ext4", 64):
            return None
    except AssertionError as error:
        return str(error)


class Image:
    """A filesystem in a sparse file, mounted while the context lasts."""

    def __init__(self, folder, kind, mib):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kind = kind
        self.image = self.folder / f"{kind}.image"
        self.point = self.folder / "mnt"
        self.mib = max(mib, SMALLEST_MIB[kind])
        self.mounted = False

    def __enter__(self):
        self.point.mkdir(exist_ok=True)
        with open(self.image, "wb") as file:
            file.truncate(self.mib << 20)
        options = ["-m", "0"] if self.kind == "ext4" else []
        command(f"mkfs.{self.kind}", "-q", *options, self.image)
        self.mount()
        return self

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.point)], capture_output=True, env=ENVIRONMENT)
        self.image.unlink(missing_ok=True)

    def mount(self, *options):
        command("mount", "-o", ",".join(("loop", *options)), self.image, self.point)
        self.mounted = True

    def unmount(self):
        command("umount", self.point)
        self.mounted = False

    def cut_power(self):
        """From here on nothing reaches the image, and what was not synced is gone."""
        command("xfs_io", "-x", "-c", "shutdown", self.point)

    def power_on(self):
        """Mounts again, which replays the filesystem's journal. Nothing may have a file open."""
        self.unmount()
        self.mount()

    def used_part(self):
        numbers = os.statvfs(self.point)
        return 1 - numbers.f_bavail / numbers.f_blocks

    def fill(self, balloon):
        """Takes what is left, to the last block."""
        with open(balloon, "ab", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while True:
                        file.write(b"\1" * size)
                        os.fsync(file.fileno())
                except OSError:
                    continue
