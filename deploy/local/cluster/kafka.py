"""Kafka: three brokers that are controllers too (KRaft); brokers 4 and later are brokers only."""

import pathlib
import shutil

from . import jars, kafka_metadata
from .process import run
from .server import Server
from .settings import ENV

LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
appender.file.type = File
appender.file.name = file
appender.file.fileName = ${sys:chat4all.log}
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %c: %m%n
logger.server.name = kafka.server
logger.server.level = info
"""

# The time-outs are short so that a test sees a failure through in seconds: broker.session.timeout.ms is how long writes
# with acks=all stall after a broker died. Everything about sizes is there to fit a small heap.
PROPERTIES = """\
process.roles={roles}
node.id={number}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners={listeners}
advertised.listeners=BROKER://{address}
inter.broker.listener.name=BROKER
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}/data
default.replication.factor={replicas}
min.insync.replicas={in_sync}
auto.create.topics.enable=false
offsets.topic.replication.factor={replicas}
offsets.topic.num.partitions=6
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync}
transaction.state.log.num.partitions=3
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=250
broker.session.timeout.ms=1500
controller.quorum.fetch.timeout.ms=1000
controller.quorum.election.timeout.ms=500
replica.lag.time.max.ms=4000
leader.imbalance.check.interval.seconds=10
group.consumer.session.timeout.ms=6000
group.consumer.min.session.timeout.ms=6000
group.consumer.heartbeat.interval.ms=1000
group.consumer.min.heartbeat.interval.ms=1000
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=8388608
"""

VOTERS = len(ENV["KAFKA_CONTROLLERS"].split(","))


def broker_address(number: int) -> tuple[str, int]:
    return "127.0.0.1", int(ENV["KAFKA_PORT"]) + number


def controller_address(number: int) -> tuple[str, int]:
    return "127.0.0.1", int(ENV["KAFKA_CONTROLLER_PORT"]) + number


class Kafka(Server):
    kind = "kafka"
    stop_timeout_s = 30.0
    killed_on_down = True

    def __init__(self, number: int, folder: pathlib.Path | None = None, voters: tuple[int, ...] = ()):
        super().__init__(number, folder)
        self.voters = voters or tuple(range(1, VOTERS + 1))
        self.extra_options: list[str] = []

    @classmethod
    def fetch(cls, say) -> None:
        if jars.fetch(cls.kind):
            say("kafka        jars fetched and verified")
        if not jars.archive(cls.kind).exists():
            say("kafka        making the archive of its classes (once; starts are twice as fast with it)")
            scratch = jars.home(cls.kind) / "first-run"
            jars.record_classes(cls(9, scratch, voters=(9,)))

    def addresses(self) -> list[tuple[str, int]]:
        own = [broker_address(self.number)]
        return own + [controller_address(self.number)] if self.number in self.voters else own

    def configure(self) -> None:
        is_voter = self.number in self.voters
        listeners = [f"{scheme}://{host}:{port}"
                     for scheme, (host, port) in zip(("BROKER", "CONTROLLER"), self.addresses())]
        (self.dir / "server.properties").write_text(PROPERTIES.format(
            roles="broker,controller" if is_voter else "broker", number=self.number, folder=self.dir,
            voters=",".join("%d@%s:%d" % (voter, *controller_address(voter)) for voter in self.voters),
            listeners=",".join(listeners), address=self.address,
            replicas=len(self.voters), in_sync=len(self.voters) // 2 + 1))
        (self.dir / "log4j2.properties").write_text(LOGGING)
        if not (self.dir / "data" / "meta.properties").exists():
            shutil.rmtree(self.dir / "data", ignore_errors=True)
            run(self.java("kafka.tools.StorageTool") +
                ["format", "-t", ENV["KAFKA_CLUSTER_ID"], "-c", self.dir / "server.properties"], cwd=self.dir)

    def command(self) -> list:
        return self.java("kafka.Kafka") + [self.dir / "server.properties"]

    def java(self, main: str) -> list:
        return [jars.java(), "-Xms96m", "-Xmx256m", "-Xss512k", "-XX:MaxDirectMemorySize=64m", "-XX:-UsePerfData",
                *jars.quick_start_options(self.kind), *self.extra_options, f"-Dchat4all.log={self.log}",
                f"-Dlog4j2.configurationFile={self.dir}/log4j2.properties", "-cp", jars.class_path(self.kind), main]

    def problem(self) -> str:
        try:
            view = kafka_metadata.read(*self.addresses()[0])
        except (OSError, ValueError):
            return f"no answer on {self.address}"
        if self.number not in view.brokers:
            return "not registered with the controller"
        if view.controller not in view.brokers:
            return "no controller"
        behind = sum(1 for partition in view.partitions
                     if self.number in partition.replicas and self.number not in partition.in_sync)
        return f"{behind} partitions catch up" if behind else ""

    def detail(self) -> str:
        try:
            view = kafka_metadata.read(*self.addresses()[0])
        except (OSError, ValueError):
            return ""
        led = sum(1 for partition in view.partitions if partition.leader == self.number)
        return f"leads {led} of {len(view.partitions)} partitions, sees {len(view.brokers)} brokers"
