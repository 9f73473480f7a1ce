"""Redis: redis-1 begins as master, redis-2 as its replica; three Sentinels move the role when the master dies."""

import shutil

from . import tls
from .process import run
from .server import Server
from .settings import ENV, Problem, address

NODES = [address(one) for one in ENV["REDIS_NODES"].split(",")]
SENTINELS = [address(one) for one in ENV["REDIS_SENTINELS"].split(",")]
TLS_NODES = [address(one) for one in ENV["REDIS_TLS_NODES"].split(",")]
TLS_SENTINELS = [address(one) for one in ENV["REDIS_TLS_SENTINELS"].split(",")]

# Without set-proc-title a server renames its process, and nothing would show any more that it is ours.
COMMON = """\
bind {host}
port {port}
dir "{folder}"
logfile "{folder}/server.log"
daemonize no
set-proc-title no
"""

NODE = COMMON + """\
requirepass {password}
masterauth {password}
repl-diskless-sync-delay 0
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""

SENTINEL = COMMON + """\
requirepass {sentinel_password}
sentinel sentinel-pass {sentinel_password}
sentinel monitor {master} {master_host} {master_port} 2
sentinel auth-pass {master} {password}
sentinel down-after-milliseconds {master} 2000
sentinel failover-timeout {master} 10000
"""


def require(tool: str) -> str:
    if not (path := shutil.which(tool)):
        raise Problem(f"There is no {tool}: run scripts/install-packages --servers.")
    return path


class RedisServer(Server):
    """What nodes and Sentinels share."""

    program = ""
    template = ""
    where: list[tuple[str, int]] = []
    where_tls: list[tuple[str, int]] = []
    password = ""

    @classmethod
    def fetch(cls, say) -> None:
        require(cls.program)
        require("redis-cli")

    def addresses(self) -> list[tuple[str, int]]:
        return [self.where[self.number - 1]] + ([self.tls_address()] if tls.on() else [])

    def tls_address(self) -> tuple[str, int]:
        return self.where_tls[self.number - 1]

    def configure(self) -> None:
        # Written once: Sentinels rewrite their own file and those of the nodes; so they remember a failover.
        path = self.dir / "redis.conf"
        if path.exists():
            return
        (host, port), (master_host, master_port) = self.addresses()[0], NODES[0]
        text = self.template.format(host=host, port=port, folder=self.dir, password=ENV["REDIS_PASSWORD"],
                                    sentinel_password=ENV["REDIS_SENTINEL_PASSWORD"], master=ENV["REDIS_MASTER_NAME"],
                                    master_host=master_host, master_port=master_port)
        if self.kind == "redis" and self.number > 1:
            text += f"replicaof {master_host} {master_port}\n"
        path.touch(mode=0o600)
        path.write_text(text)

    def command(self) -> list:
        # Not in the file, which is written only once.
        extra = ["--tls-port", self.tls_address()[1], "--tls-cert-file", tls.folder() / "server.crt", "--tls-key-file",
                 tls.folder() / "server.key", "--tls-ca-cert-file", tls.ca_file(), "--tls-auth-clients", "no"]
        return [require(self.program), self.dir / "redis.conf", *(extra if tls.on() else [])]

    def ask(self, *words: str) -> str:
        host, port = self.addresses()[0]
        return run([require("redis-cli"), "-h", host, "-p", str(port), "--no-auth-warning", *words],
                   env={"REDISCLI_AUTH": self.password}, timeout=2)

    def info(self, section: str) -> dict[str, str]:
        try:
            answer = self.ask("INFO", section)
        except (Problem, OSError):
            return {}
        return dict(line.split(":", 1) for line in answer.split() if ":" in line)


def named_master() -> str:
    """The address of the master as the first Sentinel that answers names it; empty where none does."""
    for sentinel in (Sentinel(number) for number in range(1, len(SENTINELS) + 1)):
        if sentinel.pid() and not sentinel.process.paused() and (address_of_master := sentinel.master().get("address")):
            return address_of_master
    return ""


class Redis(RedisServer):
    kind = "redis"
    program = "redis-server"
    template = NODE
    where = NODES
    where_tls = TLS_NODES
    password = ENV["REDIS_PASSWORD"]

    def problem(self) -> str:
        state = self.info("replication")
        if not state:
            return f"no answer on {self.address}"
        if state["role"] == "slave" and state["master_link_status"] != "up":
            return "its link to the master is down"
        if state["role"] == "master" and (named := named_master()) not in ("", self.address):
            return f"the Sentinels name {named} as master, and have not made this one its replica yet"
        return "" if self.info("persistence").get("loading") == "0" else "loading its data"

    def detail(self) -> str:
        state = self.info("replication")
        if state.get("role") == "slave":
            return f"replica of {state['master_host']}:{state['master_port']}"
        return f"master of {state['connected_slaves']} replica(s)" if state else ""


class Sentinel(RedisServer):
    kind = "sentinel"
    program = "redis-sentinel"
    template = SENTINEL
    where = SENTINELS
    where_tls = TLS_SENTINELS
    password = ENV["REDIS_SENTINEL_PASSWORD"]

    def master(self) -> dict[str, str]:
        """What it knows of the master and those around it; empty where it does not answer."""
        known = self.info("sentinel").get("master0", "")
        return dict(pair.split("=", 1) for pair in known.split(",")) if known else {}

    def problem(self) -> str:
        state = self.master()
        if not state:
            return f"no answer on {self.address}"
        if state["status"] != "ok":
            return f"the master is {state['status']} in its eyes"
        if int(state["sentinels"]) < len(SENTINELS):
            return f"knows {state['sentinels']} of {len(SENTINELS)} Sentinels"
        return "" if int(state["slaves"]) >= len(NODES) - 1 else "knows no replica yet"

    def detail(self) -> str:
        return f"master is {self.master().get('address', '?')}"
