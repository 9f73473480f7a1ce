"""Builds `shim.c`, and steers one server that runs with it."""

import errno
import mmap
import shutil
import struct
import subprocess
from pathlib import Path

LAYOUT = struct.Struct("=iiq64s")        # as in shim.c


def build(folder):
    """The shared library, compiled into `folder`; None where there is no compiler."""
    compiler = next((name for name in ("clang-19", "cc", "gcc") if shutil.which(name)), None)
    if not compiler:
        return None
    library = Path(folder) / "faults-shim.so"
    subprocess.run([compiler, "-std=c11", "-O1", "-Wall", "-shared", "-fPIC", "-o", library,
                    Path(__file__).with_name("shim.c")], check=True)
    return library


class Shim:
    def __init__(self, library, control):
        self.library = library
        self.path = Path(control)
        self.path.write_bytes(bytes(LAYOUT.size))
        with open(self.path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), LAYOUT.size)

    def environment(self):
        return {"LD_PRELOAD": str(self.library), "CHAT4ALL_FAULTS_CONTROL": str(self.path)}

    def fail_syncs(self, only=""):
        """`only`: a part of the path of the files whose syncs fail; empty: all."""
        self.memory[16:80] = only.encode().ljust(64, b"\0")
        self.memory[0:4] = struct.pack("=i", errno.EIO)

    def let_syncs_pass(self):
        self.memory[0:4] = bytes(4)

    @property
    def syncs_failed(self):
        return struct.unpack("=i", self.memory[4:8])[0]

    def shift_clock(self, seconds):
        self.memory[8:16] = struct.pack("=q", int(seconds * 1e9))

    def close(self):
        self.memory.close()
