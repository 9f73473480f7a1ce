#!/usr/bin/env python3
"""Runs the real servers on this machine without Docker: Kafka, Cassandra, PostgreSQL, Redis and its Sentinels.

    servers.py up [--only kafka,redis] [--tls]    fetch what is missing, start all, wait until all are healthy;
                                              --tls adds ports with TLS and passwords, until all is wiped
    servers.py status [--only …]              the table; exit status 1 where something is not healthy
    servers.py down [--only …] [--wipe]       stop all; --wipe deletes their data too
    servers.py start|stop|kill|pause|resume|wipe NODE…    for example kafka-2; a kind names all its nodes
    servers.py add NODE…                      cassandra-4, kafka-4 and so on
    servers.py topics                         partitions with copies not in sync; exit status 1 where there are any
    servers.py nodetool NODE WORD…            Cassandra's own tool
    servers.py tool kafka-topics WORD…        Kafka's own tools, on these brokers (kafka-reassign-partitions and others)
    servers.py lock kafka|cassandra           write the lock file anew, after a change of the pom

Tests import it: `from servers import Servers` (see README.md).
"""

import argparse
import concurrent.futures
import contextlib
import fcntl
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from cluster import jars, kafka_metadata, kafka_tools, tls  # noqa: E402  (the folder has to be in the path first)
from cluster.cassandra import SEEDS, Cassandra  # noqa: E402
from cluster.kafka import VOTERS, Kafka  # noqa: E402
from cluster.postgres import Postgres  # noqa: E402
from cluster.redis import NODES, SENTINELS, Redis, Sentinel  # noqa: E402
from cluster.server import Server  # noqa: E402
from cluster.settings import MAX_NODES, Problem, run_dir  # noqa: E402

# In the order of starting. Sentinels come last and go first, so that they see no master die at the end.
KINDS = {Kafka: VOTERS, Cassandra: len(SEEDS), Postgres: 1, Redis: len(NODES), Sentinel: len(SENTINELS)}
GROWING = (Kafka, Cassandra)
KIND_OF = {kind.kind: kind for kind in KINDS}

printing = threading.Lock()


def say(line: str) -> None:
    with printing:
        print(line, flush=True)


def silence(_line: str) -> None:
    """For tests."""


class Servers:
    """All nodes, by name. Usable from a test:

        servers = Servers(only=["kafka"]); servers.up(); servers["kafka-2"].kill(); servers["kafka-2"].start()
    """

    def __init__(self, only=None, report=say):
        self.report = report
        names = list(only or KIND_OF)
        # The Sentinels watch over Redis and mean nothing without it.
        if "redis" in names and "sentinel" not in names:
            names.append("sentinel")
        for name in names:
            if name not in KIND_OF:
                raise Problem(f"There is no kind of server called {name}; there are: {', '.join(KIND_OF)}.")
        self.kinds = [kind for kind in KINDS if kind.kind in names]
        self.nodes = {node.name: node for kind in self.kinds for node in nodes_of(kind)}

    def __getitem__(self, name: str) -> Server:
        if name not in self.nodes:
            raise Problem(f"There is no server called {name}; there are: {', '.join(self.nodes)}.")
        return self.nodes[name]

    def named(self, name: str) -> list[Server]:
        """The node of this name, or all nodes of the kind of this name."""
        return [node for node in self.nodes.values() if node.kind == name] or [self[name]]

    def fetch(self) -> None:
        with working_folder():
            for kind in self.kinds:
                kind.fetch(self.report)

    def start(self, nodes: list[Server], timeout_s: float = 120) -> None:
        """Starts these together and returns when all are healthy."""
        # Redis before the rest: a Sentinel that comes before the replica hears of it ten seconds later only.
        redis = [node for node in nodes if isinstance(node, Redis)]
        with working_folder():
            self.each(lambda node: self.start_one(node, timeout_s), redis)
            self.each(lambda node: self.start_one(node, timeout_s), [node for node in nodes if node not in redis])
            for node in redis:  # Sentinels may have given them other roles.
                node.wait_healthy(timeout_s, self.report)

    def start_one(self, node: Server, timeout_s: float) -> None:
        begin = time.monotonic()
        was_there = bool(node.pid())
        node.start()
        node.wait_healthy(timeout_s, self.report)
        took = "was running" if was_there else f"healthy after {time.monotonic() - begin:.1f} s"
        self.report(f"{node.name:<12} {took:<22} {node.address}")

    def up(self, timeout_s: float = 120, with_tls: bool = False) -> None:
        """Fetches what is missing, starts all, and returns when all are healthy."""
        begin = time.monotonic()
        if with_tls and not tls.on():
            if running := [node.name for node in Servers().nodes.values() if node.pid()]:
                raise Problem(f"{', '.join(running)}: running without TLS; stop them first (`make servers-down`).")
            tls.turn_on()
        self.fetch()
        fetched = time.monotonic()
        self.start(list(self.nodes.values()), timeout_s)
        self.report(f"\nReady: fetching took {fetched - begin:.1f} s, starting {time.monotonic() - fetched:.1f} s.")

    def down(self, wipe: bool = False) -> None:
        """Stops all; what loses nothing by it is killed, which is quicker."""
        def end(node: Server) -> None:
            node.kill() if node.killed_on_down else node.stop()

        with working_folder():
            nodes = list(self.nodes.values())
            self.each(end, [node for node in nodes if isinstance(node, Sentinel)])
            self.each(end, [node for node in nodes if not isinstance(node, Sentinel)])
        if wipe:
            self.wipe(nodes)
            if len(self.kinds) == len(KINDS):
                tls.turn_off()

    def wipe(self, nodes: list[Server]) -> None:
        """Kills these and deletes their data."""
        self.each(lambda node: node.wipe(), nodes)
        # Nodes that are wiped at the same moment may each have seen the other's data.
        for node in nodes:
            if isinstance(node, Cassandra):
                node.forget_replacements()

    def add(self, name: str) -> Server:
        """Makes a further node known; start() then starts it."""
        match = re.fullmatch(r"([a-z]+)-(\d+)", name)
        kind = KIND_OF.get(match[1]) if match else None
        if kind not in GROWING or not KINDS[kind] < int(match[2]) <= MAX_NODES:
            raise Problem(f"{name} cannot be added: kafka-N and cassandra-N can, with N from 4 to {MAX_NODES}.")
        self.nodes[name] = kind(int(match[2]))
        return self.nodes[name]

    def under_replicated(self) -> list[kafka_metadata.Partition]:
        for node in self.named("kafka"):
            try:
                if node.pid() and not node.process.paused():
                    return kafka_metadata.read(*node.addresses()[0]).under_replicated()
            except (OSError, ValueError):
                continue
        raise Problem("No Kafka broker answers: start them with `make servers`.")

    @staticmethod
    def each(action, nodes: list[Server]) -> None:
        """In parallel; all are finished before the first failure is raised."""
        if not nodes:
            return
        with concurrent.futures.ThreadPoolExecutor(len(nodes)) as pool:
            doing = [pool.submit(action, node) for node in nodes]
        for one in doing:
            one.result()


def nodes_of(kind) -> list[Server]:
    """The fixed nodes of a kind, and the added ones, which are known by their folders."""
    added = [number for number in range(KINDS[kind] + 1, MAX_NODES + 1)
             if kind in GROWING and (run_dir() / f"{kind.kind}-{number}").exists()]
    return [kind(number) for number in [*range(1, KINDS[kind] + 1), *added]]


@contextlib.contextmanager
def working_folder():
    """Only one start or stop at a time works on a folder of servers."""
    run_dir().mkdir(parents=True, exist_ok=True)
    with open(run_dir() / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def print_table(nodes: list[Server]) -> bool:
    """Says whether all are healthy."""
    with concurrent.futures.ThreadPoolExecutor(len(nodes)) as pool:
        rows = list(pool.map(lambda node: (node, node.health(), node.process.rss_mib()), nodes))
        details = list(pool.map(lambda row: row[0].detail() if row[1] == "healthy" else "", rows))
    print(f"{'node':<12} {'address':<18} {'pid':>7} {'RSS MiB':>8}  state")
    for (node, health, rss), detail in zip(rows, details):
        print(f"{node.name:<12} {node.address:<18} {node.pid() or '-':>7} {rss:8.0f}  {health}"
              f"{': ' + detail if detail else ''}")
    print(f"{'all':<12} {'':<18} {'':>7} {sum(row[2] for row in rows):8.0f}")
    if tls.on():
        secured = ", ".join("%s %s:%d" % (node.name, *where) for node in nodes if (where := node.tls_address()))
        print(f"TLS, authority {tls.ca_file()}: {secured}")
    return all(row[1] == "healthy" for row in rows)


def only(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for name in ("up", "status", "down", "topics"):
        actions.add_parser(name).add_argument("--only", type=only, metavar="KIND,KIND")
    actions.choices["down"].add_argument("--wipe", action="store_true")
    actions.choices["up"].add_argument("--tls", action="store_true")
    for name in ("start", "stop", "kill", "pause", "resume", "wipe", "add"):
        actions.add_parser(name).add_argument("nodes", nargs="+", metavar="NODE")
    nodetool = actions.add_parser("nodetool", prefix_chars="\0")
    nodetool.add_argument("node", metavar="NODE")
    nodetool.add_argument("words", nargs="+", metavar="WORD")
    tool = actions.add_parser("tool", prefix_chars="\0")
    tool.add_argument("tool", choices=kafka_tools.SCRIPTS)
    tool.add_argument("words", nargs="+", metavar="WORD")
    actions.add_parser("lock").add_argument("kind", choices=("kafka", "cassandra"))
    return parser.parse_args(words)


def act(options: argparse.Namespace) -> int:
    """Returns the exit status."""
    if options.action == "lock":
        print(f"{jars.lock_file(options.kind)}: {jars.write_lock(options.kind)} jars")
        return 0
    if options.action == "tool":
        return run_tool(options)
    servers = Servers(getattr(options, "only", None))
    if options.action == "up":
        servers.up(with_tls=options.tls)
    if options.action in ("up", "status"):
        return 0 if print_table(list(servers.nodes.values())) else 1
    if options.action == "down":
        servers.down(options.wipe)
    elif options.action == "topics":
        behind = servers.under_replicated()
        for one in behind:
            print(f"{one.topic}-{one.number}: leader {one.leader}, replicas {one.replicas}, in sync {one.in_sync}")
        return 1 if behind else 0
    elif options.action == "nodetool":
        node = servers[options.node]
        if not isinstance(node, Cassandra):
            raise Problem(f"{node.name} is no Cassandra node.")
        print(node.nodetool(*options.words), end="")
    else:
        act_on_nodes(servers, options.action, options.nodes)
    return 0


def run_tool(options: argparse.Namespace) -> int:
    try:
        print(kafka_tools.run(kafka_tools.SCRIPTS[options.tool], *options.words), end="")
        return 0
    except subprocess.CalledProcessError as failed:
        print(failed.stdout + failed.stderr, file=sys.stderr, end="")
        return 1


def act_on_nodes(servers: Servers, action: str, names: list[str]) -> None:
    if action == "add":
        # One after the other: two nodes that join Cassandra's ring at once would choose overlapping shares.
        for node in [servers.add(name) for name in names]:
            node.fetch(say)
            servers.start([node], timeout_s=300)
            # The others hear of it a moment later.
            for other in servers.named(node.kind):
                if other.health() not in ("down", "paused"):
                    other.wait_healthy(say=say)
        return
    nodes = [node for name in names for node in servers.named(name)]
    if action == "start":
        servers.start(nodes)
        return
    if action == "wipe":
        servers.wipe(nodes)
    else:
        servers.each(lambda node: getattr(node, action)(), nodes)
    for node in nodes:
        say(f"{node.name:<12} {node.health() if action != 'wipe' else 'wiped'}")


def main() -> int:
    os.umask(0o022)
    try:
        return act(parse(sys.argv[1:]))
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; what was started runs on (`make servers-down` stops it).", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
