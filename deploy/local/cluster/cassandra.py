"""Cassandra: node N on 127.0.0.N. The first three are each other's seeds; later ones join one at a time."""

import contextlib
import os
import pathlib
import shutil
import time

from . import cassandra_query, jars, tls
from .process import answers, run
from .server import Server
from .settings import ENV, MAX_NODES, run_dir

SEEDS = tuple(range(1, len(ENV["CASSANDRA_CONTACT_POINTS"].split(",")) + 1))

YAML = """\
cluster_name: chat4all-local
num_tokens: 16
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
endpoint_snitch: SimpleSnitch
# The default, said aloud: without it coordinators go on asking a replica that hangs until gossip has it for dead (19 s).
dynamic_snitch: true
authenticator: {authenticator}
authorizer: AllowAllAuthorizer
# A seed with auto_bootstrap off never streams: right for the first nodes, which begin empty.
auto_bootstrap: {bootstrap}
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: "{seeds}"
listen_address: {host}
rpc_address: {host}
storage_port: {storage_port}
ssl_storage_port: {ssl_storage_port}
native_transport_port: {port}
start_native_transport: true
data_file_directories: ["{folder}/data"]
commitlog_directory: {folder}/commitlog
hints_directory: {folder}/hints
saved_caches_directory: {folder}/saved_caches
cdc_raw_directory: {folder}/cdc_raw
{commitlog_sync}
commitlog_segment_size: 8MiB
commitlog_total_space: 512MiB
memtable_heap_space: 96MiB
memtable_offheap_space: 64MiB
file_cache_size: 32MiB
networking_cache_size: 32MiB
concurrent_compactors: 1
hints_flush_period: 2000ms
auto_snapshot: false
# The product's batches hold the messages of one partition, up to the size of a large message.
batch_size_warn_threshold: 64KiB
batch_size_fail_threshold: 640KiB
"""

# The same port takes both, TLS and plain; with TLS on, both ask for the password.
TLS_YAML = """\
client_encryption_options:
  enabled: true
  optional: true
  keystore: {key_store}
  keystore_password: {key_store_password}
  store_type: PKCS12
  require_client_auth: false
"""

# Periodic, the default, acknowledges before the sync: what came in the last tenth of a second before a SIGKILL is not read
# again at the next start, and what came in the last ten before a power cut is gone. That matters where two nodes of three
# die at once. Batch acknowledges after it, and takes about three times the CPU here.
COMMITLOG_SYNC = {"periodic": "commitlog_sync: periodic\ncommitlog_sync_period: 10000ms", "batch": "commitlog_sync: batch"}

LOGBACK = """\
<configuration>
  <appender name="file" class="ch.qos.logback.core.FileAppender">
    <file>{log}</file>
    <encoder><pattern>%date %-5level %logger{{30}}: %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="file"/></root>
</configuration>
"""

EXPORTS = """java.base/jdk.internal.misc java.base/java.lang.ref java.management.rmi/com.sun.jmx.remote.internal.rmi
  java.rmi/sun.rmi.registry java.rmi/sun.rmi.server java.sql/java.sql jdk.unsupported/sun.misc
  jdk.compiler/com.sun.tools.javac.file jdk.attach/sun.tools.attach""".split()
OPENS = [f"java.base/{package}" for package in """java.lang.module jdk.internal.loader jdk.internal.ref
  jdk.internal.reflect jdk.internal.math jdk.internal.module jdk.internal.util.jar sun.nio.ch java.io java.lang.reflect
  java.lang java.util""".split()] + ["jdk.management/com.sun.management.internal", "jdk.compiler/com.sun.tools.javac"]
MODULES = ([f"--add-exports={name}=ALL-UNNAMED" for name in EXPORTS] +
           [f"--add-opens={name}=ALL-UNNAMED" for name in OPENS])


class Cassandra(Server):
    kind = "cassandra"
    killed_on_down = True

    def __init__(self, number: int, folder: pathlib.Path | None = None, seeds: tuple[int, ...] = SEEDS):
        super().__init__(number, folder)
        self.seeds = seeds
        self.host = f"127.0.0.{number}"
        self.extra_options: list[str] = []
        # There where its data was wiped while the others still know it: it then comes back as its own replacement.
        self.replacement = self.dir / "replacement"

    @classmethod
    def fetch(cls, say) -> None:
        if jars.fetch(cls.kind):
            say("cassandra    jars fetched and verified")
        if not jars.archive(cls.kind).exists():
            say("cassandra    making the archive of its classes (once; starts are twice as fast with it)")
            jars.record_classes(cls(9, jars.home(cls.kind) / "first-run", seeds=(9,)))

    def addresses(self) -> list[tuple[str, int]]:
        return [(self.host, int(ENV["CASSANDRA_PORT"])), (self.host, int(ENV["CASSANDRA_STORAGE_PORT"])),
                ("127.0.0.1", self.jmx_port())]

    def jmx_port(self) -> int:
        return int(ENV["CASSANDRA_JMX_PORT"]) + self.number

    def configure(self) -> None:
        storage_port = int(ENV["CASSANDRA_STORAGE_PORT"])
        seeds = [seed for seed in self.seeds if seed != self.number or self.is_own_seed()]
        text = YAML.format(
            authenticator="PasswordAuthenticator" if tls.on() else "AllowAllAuthenticator",
            bootstrap="false" if self.number in seeds else "true", host=self.host, folder=self.dir,
            seeds=",".join(f"127.0.0.{seed}" for seed in seeds), port=ENV["CASSANDRA_PORT"],
            storage_port=storage_port, ssl_storage_port=storage_port + 1,
            commitlog_sync=COMMITLOG_SYNC[os.environ.get("CHAT4ALL_CASSANDRA_SYNC", "periodic")])
        if tls.on():
            text += TLS_YAML.format(key_store=tls.key_store(), key_store_password=ENV["TLS_KEYSTORE_PASSWORD"])
        (self.dir / "cassandra.yaml").write_text(text)
        (self.dir / "logback.xml").write_text(LOGBACK.format(log=self.log))
        (self.dir / "tmp").mkdir(exist_ok=True)

    def is_own_seed(self) -> bool:
        return self.number in self.seeds and not self.replacement.exists()

    def start(self) -> None:
        if not self.is_own_seed() and not self.pid():
            self.wait_for_seed()
        super().start()

    def wait_for_seed(self, timeout_s: float = 100) -> None:
        """Without a seed it would end after the ring delay. Where none is there it gives up: Cassandra says the rest."""
        seeds = [Cassandra(number) for number in self.seeds if number != self.number]
        begin = time.monotonic()
        while not any(answers(*seed.addresses()[0]) for seed in seeds):
            passed = time.monotonic() - begin
            # All may be started at the same moment: then there is no process yet.
            if passed > timeout_s or (passed > 5 and not any(seed.pid() for seed in seeds)):
                return
            time.sleep(0.2)

    def wait_healthy(self, timeout_s: float = 120, say=None) -> float:
        took = super().wait_healthy(timeout_s, say)
        self.replacement.unlink(missing_ok=True)
        return took

    def command(self) -> list:
        # A ring delay of 2 s asks for seeds that are up by then, which is why all of the first three are seeds.
        return [jars.java(), "-Xms96m", "-Xmx384m", "-Xss256k", *jars.quick_start_options(self.kind),
                *self.extra_options, "-XX:+PerfDisableSharedMem", "-XX:+ExitOnOutOfMemoryError",
                "-Djava.net.preferIPv4Stack=true", "-Djdk.attach.allowAttachSelf=true",
                "-Dio.netty.tryReflectionSetAccessible=true", *MODULES, f"-Djava.io.tmpdir={self.dir}/tmp",
                f"-Dcassandra.config=file://{self.dir}/cassandra.yaml", f"-Dcassandra.storagedir={self.dir}",
                f"-Dlogback.configurationFile=file://{self.dir}/logback.xml",
                f"-Dcassandra.jmx.local.port={self.jmx_port()}", "-Dcassandra-foreground=yes",
                "-Dcassandra.skip_wait_for_gossip_to_settle=0", "-Dcassandra.ring_delay_ms=2000",
                "-Dcassandra.memtable.row_overhead_size=180",
                # Of passwords (--tls): as many copies as there are nodes, there soon, and cheap to check.
                f"-Dcassandra.system_auth.default_rf={min(3, len(self.seeds))}",
                "-Dcassandra.superuser_setup_delay_ms=500", "-Dcassandra.auth_bcrypt_gensalt_log2_rounds=4",
                *([f"-Dcassandra.replace_address_first_boot={self.host}"] if self.replacement.exists() else []),
                "-cp", jars.class_path(self.kind), "org.apache.cassandra.service.CassandraDaemon"]

    def nodetool(self, *words: str) -> str:
        silent = self.dir / "silent.xml"
        silent.write_text('<configuration><root level="OFF"/></configuration>\n')
        return run([jars.java(), "-Xmx128m", "-XX:TieredStopAtLevel=1", *MODULES,
                    f"-Dlogback.configurationFile=file://{silent}", "-cp", jars.class_path(self.kind),
                    "org.apache.cassandra.tools.NodeTool", "-p", str(self.jmx_port()), *words])

    def problem(self) -> str:
        try:
            with self.connection() as connection:
                known = 1 + connection.count("SELECT peer FROM system.peers_v2")
                expected = max(len(self.seeds), len(self.ring()))
                if known < expected:
                    return f"knows {known} of {expected} nodes"
                # Fewer than three nodes have no three copies of anything.
                whole = len(self.seeds) >= 3 and self.seeds == SEEDS
                if whole and all(node.pid() and not node.process.paused() for node in self.ring()):
                    return connection.whole_ring()
        except cassandra_query.Refused as refused:
            return f"refuses: {refused}"
        except OSError:
            return f"no answer on {self.address}"
        return ""

    def connection(self) -> cassandra_query.Connection:
        return cassandra_query.Connection(*self.addresses()[0], ENV["CASSANDRA_USER"], ENV["CASSANDRA_PASSWORD"])

    def tls_address(self) -> tuple[str, int]:
        return self.addresses()[0]

    def settle(self) -> None:
        """The product's user, once there are passwords; made by the one that Cassandra itself makes first."""
        if tls.on():
            with contextlib.suppress(OSError), \
                    cassandra_query.Connection(*self.addresses()[0], "cassandra", "cassandra") as connection:
                connection.query(f"CREATE ROLE IF NOT EXISTS {ENV['CASSANDRA_USER']} WITH LOGIN = true "
                                 f"AND PASSWORD = '{ENV['CASSANDRA_PASSWORD']}'")

    def wipe(self) -> None:
        super().wipe()
        if self.number in SEEDS and self.ring_has_data():
            self.dir.mkdir(parents=True)
            self.replacement.touch()
        self.forget_replacements()

    def ring_has_data(self) -> bool:
        return any((node.dir / "data").exists() for node in self.ring())

    def forget_replacements(self) -> None:
        """Once the whole ring is wiped, nobody knows its nodes any more, and all are new."""
        if not self.ring_has_data():
            for node in self.ring():
                if node.replacement.exists():
                    shutil.rmtree(node.dir, ignore_errors=True)

    def ring(self) -> list["Cassandra"]:
        """The nodes beside it, itself included: the fixed ones, and those added, which have folders."""
        added = [number for number in range(len(SEEDS) + 1, MAX_NODES + 1)
                 if (run_dir() / f"{self.kind}-{number}").exists()]
        return [Cassandra(number) for number in (*self.seeds, *added)] if self.seeds == SEEDS else [self]

    def detail(self) -> str:
        try:
            with self.connection() as connection:
                return f"ring of {1 + connection.count('SELECT peer FROM system.peers_v2')} nodes"
        except OSError:
            return ""
