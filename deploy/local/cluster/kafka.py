"""Kafka: three brokers that are controllers too (KRaft); brokers 4 and later are brokers only."""

import pathlib
import shutil

from . import jars, kafka_metadata, tls
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
advertised.listeners={advertised}
inter.broker.listener.name=BROKER
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SASL_SSL
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

# A third listener for clients. Brokers talk to each other without TLS all the same.
TLS_PROPERTIES = """\
listener.name.tls.ssl.keystore.type=PKCS12
listener.name.tls.ssl.keystore.location={key_store}
listener.name.tls.ssl.keystore.password={key_store_password}
listener.name.tls.ssl.key.password={key_store_password}
listener.name.tls.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.tls.plain.sasl.jaas.config={security}.plain.PlainLoginModule required user_{user}="{password}";
listener.name.tls.scram-sha-256.sasl.jaas.config={security}.scram.ScramLoginModule required;
listener.name.tls.scram-sha-512.sasl.jaas.config={security}.scram.ScramLoginModule required;
"""

VOTERS = len(ENV["KAFKA_CONTROLLERS"].split(","))


def broker_address(number: int) -> tuple[str, int]:
    return "127.0.0.1", int(ENV["KAFKA_PORT"]) + number


def controller_address(number: int) -> tuple[str, int]:
    return "127.0.0.1", int(ENV["KAFKA_CONTROLLER_PORT"]) + number


def scram_users() -> list[str]:
    """Written into a new cluster whether TLS is on or not, so that it can be turned on later."""
    return [word for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512") for word in
            ("--add-scram", f"{mechanism}=[name={ENV['KAFKA_USER']},password={ENV['KAFKA_PASSWORD']}]")]


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
        return list(self.listeners().values())

    def listeners(self) -> dict[str, tuple[str, int]]:
        found = {"BROKER": broker_address(self.number)}
        if self.number in self.voters:
            found["CONTROLLER"] = controller_address(self.number)
        if tls.on():
            found["TLS"] = self.tls_address()
        return found

    def tls_address(self) -> tuple[str, int]:
        return "127.0.0.1", int(ENV["KAFKA_TLS_PORT"]) + self.number

    def configure(self) -> None:
        is_voter = self.number in self.voters
        listeners = [f"{name}://{host}:{port}" for name, (host, port) in self.listeners().items()]
        text = PROPERTIES.format(
            roles="broker,controller" if is_voter else "broker", number=self.number, folder=self.dir,
            voters=",".join("%d@%s:%d" % (voter, *controller_address(voter)) for voter in self.voters),
            listeners=",".join(listeners),
            advertised=",".join(one for one in listeners if not one.startswith("CONTROLLER")),
            replicas=len(self.voters), in_sync=len(self.voters) // 2 + 1)
        if tls.on():
            text += TLS_PROPERTIES.format(
                key_store=tls.key_store(), key_store_password=ENV["TLS_KEYSTORE_PASSWORD"],
                security="org.apache.kafka.common.security", user=ENV["KAFKA_USER"], password=ENV["KAFKA_PASSWORD"])
        (self.dir / "server.properties").write_text(text)
        (self.dir / "log4j2.properties").write_text(LOGGING)
        if not (self.dir / "data" / "meta.properties").exists():
            shutil.rmtree(self.dir / "data", ignore_errors=True)
            run(self.java("kafka.tools.StorageTool") +
                ["format", "-t", ENV["KAFKA_CLUSTER_ID"], "-c", self.dir / "server.properties",
                 *(scram_users() if is_voter else [])], cwd=self.dir)

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
