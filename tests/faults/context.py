"""What a scenario is given, and what it leaves: numbers for the report, and every complaint."""

import gc
import random
import shutil
import sys
import time
import traceback
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import filesystem
import shim
import stacks
from checker import KINDS
from people import new_admin_key
from server_process import ServerProcess
from stage import Stage

COMPLAINTS_SHOWN = 12
REPOSITORY = f"{Path(__file__).resolve().parents[2]}/"


class Skipped(Exception):
    """This machine cannot do it; the text says why."""


@dataclass
class Options:
    binary: Path
    work: Path
    seed: int
    kills: int = 1000
    power_cuts: int = 200
    quick: bool = False


@dataclass
class Outcome:
    name: str
    title: str
    runs: int = 0
    acknowledged: int = 0
    counts: dict = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    recoveries_ms: list = field(default_factory=list)
    activity: Counter = field(default_factory=Counter)
    soak: dict = field(default_factory=dict)         # figures of `chat4all bench soak`, where it ran beside
    complaints: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    missed_aims: list = field(default_factory=list)
    refused: int = 0
    pictured: bool = False
    skipped: str = ""
    seconds: float = 0.0

    @property
    def verdict(self):
        return "skipped" if self.skipped else "failed" if self.complaints else "passed"


class Progress:
    """One line that is written over on a terminal, and one every ten seconds elsewhere."""

    def __init__(self):
        self.shown = 0.0

    def show(self, name, done, total, begun):
        now = time.monotonic()
        if now - self.shown < (0.5 if sys.stdout.isatty() else 10) and done < total:
            return
        self.shown = now
        left = f", {(now - begun) / done * (total - done):.0f} s left" if done else ""
        start = "\r\033[K" if sys.stdout.isatty() else ""
        end = "" if start and done < total else "\n"
        print(f"{start}  {name}: {done} of {total}{left}", end=end, flush=True)


class Context:
    """For one run of one scenario. What it opens is closed when it is left."""

    def __init__(self, options, name, title):
        self.options = options
        self.name = name
        self.random = random.Random(f"{options.seed} {name}")
        self.outcome = Outcome(name, title)
        self.folder = options.work / name
        filesystem.unmount_left_behind(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.stack = ExitStack()
        self.progress = Progress()
        self.begun = time.monotonic()
        self.servers = []
        self.images = 0
        self.stages = []

    # What scenarios need.

    def image(self, kind, mib):
        """A filesystem of its own, for a `with`."""
        if not self.images and (obstacle := filesystem.obstacle(self.folder)):
            raise Skipped(obstacle)
        self.images += 1
        return filesystem.Image(self.folder / f"{kind}-{self.images}", kind, mib)

    def shim(self):
        library = shim.build(self.folder)
        if not library:
            raise Skipped("there is no C compiler for the preloaded library")
        control = shim.Shim(library, self.folder / f"control-{len(self.servers)}")
        self.stack.callback(control.close)
        return control

    def server(self, data=None, shim=None):
        """A server, not started. `data`: its directory, by default a new one."""
        folder = self.folder / f"server-{len(self.servers) + 1}"
        folder.mkdir()
        server = ServerProcess(self.options.binary, data or folder / "data", folder / "server.log", new_admin_key(),
                               shim.environment() if shim else None)
        self.servers.append(server)
        self.stack.callback(self.inspect_log, server)
        self.stack.callback(server.close)
        return server

    async def stage(self, server, **options):
        """Starts the server and brings people onto it; there is no load yet."""
        self.stages.append(Stage(self, server))
        await self.stages[-1].open(**options)
        return self.stages[-1]

    def forget(self, stage):
        """A closed stage goes with all that was recorded on it: a million objects, through which every collection of
        garbage would have to go for as long as the scenario lasts."""
        if stage in self.stages:
            self.stages.remove(stage)
        gc.collect()

    def done(self, runs, total):
        self.outcome.runs = runs
        self.progress.show(self.name, runs, total, self.begun)

    def recovered(self, seconds):
        self.outcome.recoveries_ms.append(seconds * 1000)

    def complain(self, text):
        text = text.replace(REPOSITORY, "")      # reports are pages of the project
        self.outcome.complaints.append(text)
        if len(self.outcome.complaints) <= COMPLAINTS_SHOWN:
            print(f"  {self.name} (seed {self.options.seed}), run {self.outcome.runs + 1}: {text}"[:1500], flush=True)

    def require(self, holds, text):
        if not holds:
            self.complain(text)

    def note(self, text):
        if text not in self.outcome.notes:
            self.outcome.notes.append(text)

    def judge(self, violations):
        for violation in violations:
            self.outcome.counts[violation.kind] += 1
            self.complain(str(violation))

    def inspect_log(self, server):
        if complaint := server.sanitizer_complaint():
            self.complain(f"the server's sanitizer complained: {complaint}")

    def leave_stacks(self):
        """Of the servers that live: the scenario broke, perhaps because one does not answer."""
        for server in self.servers:
            if server.running:
                path = server.log.with_suffix(".stacks")
                path.write_text(stacks.look(server.process.pid, server.port), encoding="utf-8")
                print(f"  where its threads stand: {path}", flush=True)

    async def run(self, scenario):
        try:
            with self.stack:
                try:
                    await scenario.run(self)
                except Skipped:
                    raise
                except Exception:
                    self.leave_stacks()
                    raise
                finally:
                    for stage in list(self.stages):
                        await stage.close()
        except Skipped as skipped:
            self.outcome.skipped = str(skipped)
        except Exception as error:
            self.complain(f"{type(error).__name__}: {error}")
            traceback.print_exc(file=sys.stdout)
        self.outcome.seconds = time.monotonic() - self.begun
        if not self.outcome.complaints:
            shutil.rmtree(self.folder, ignore_errors=True)
        return self.outcome
