# SPDX-License-Identifier: EUPL-1.2
"""A real Kafka on this machine, without Docker: resolved by Maven, KRaft, on loopback, on free ports.

``Cluster(folder)`` starts one node or three; a node can be stopped, killed, paused and started again on the same data. By
itself (``python demo/broker.py FOLDER``) it prints the bootstrap address and runs until it is told to stop.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

VERSION = os.environ.get("WISSEL_TEST_KAFKA_VERSION", "4.3.1")
MATRIX = ("4.3.1", "3.9.1")
POM = Path(__file__).resolve().parent / "kafka" / "pom.xml"
STAMPS = POM.parents[2] / ".stamps"
START_S = 90.0
STOP_S = 20.0
_JVM = (
    *("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError"),
    *("-Djava.awt.headless=true", "-Dlog4j2.disable.jmx=true"),
)
_LOG4J2 = """
rootLogger.level = warn
rootLogger.appenderRef.stdout.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d %p %m (%c)%n
"""
_LOG4J1 = """
log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %m (%c)%n
"""


class BrokerFailed(Exception):
    """The broker did not do what was asked; the end of its log is in the text."""


def missing_parts() -> str | None:
    """Return what this machine lacks to run Kafka, with the command that installs it; None when it can."""
    lacking = [name for name in ("java", "mvn") if shutil.which(name) is None]
    if lacking:
        return f"{' and '.join(lacking)} missing; install with: sudo apt-get install -y default-jre-headless maven"
    return None


def classpath(version: str = VERSION) -> str:
    """Return the class path of a Kafka version; fetched by Maven once, remembered while its jars are there."""
    known = STAMPS / f"kafka-{version}.classpath"
    if known.is_file() and all(Path(jar).is_file() for jar in known.read_text(encoding="utf-8").split(":")):
        return known.read_text(encoding="utf-8")
    known.parent.mkdir(exist_ok=True)
    fresh = known.with_suffix(f".{os.getpid()}")
    profile = [f"-Dkafka.version={version}", *(["-Pkafka-3"] if version.startswith("3.") else [])]
    goal = ["dependency:build-classpath", "-DincludeScope=runtime", f"-Dmdep.outputFile={fresh}"]
    run = subprocess.run(["mvn", "-q", "-B", "-f", str(POM), *profile, *goal], capture_output=True, text=True, check=False)
    if run.returncode:
        raise BrokerFailed(f"Maven could not resolve Kafka {version}:\n{(run.stdout + run.stderr)[-1500:]}")
    fresh.replace(known)
    return known.read_text(encoding="utf-8")


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on now."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in held]
    for server in held:
        server.close()
    return ports


def new_cluster_id() -> str:
    """Return 16 random bytes as Kafka writes them; none that begins with a dash, which its tools take for an option."""
    return next(text for text in iter(lambda: base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22], "") if text[0] != "-")


@dataclass
class Node:
    """One Kafka process, broker and controller in one."""

    number: int
    folder: Path
    port: int
    controller_port: int
    process: subprocess.Popen[bytes] | None = None
    _guard: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Return where clients reach it."""
        return f"127.0.0.1:{self.port}"

    @property
    def running(self) -> bool:
        """Return True while its process lives."""
        return self.process is not None and self.process.poll() is None

    def start(self, command: Sequence[str]) -> None:
        """Start the process; a guard ends it should this test session die without a word."""
        with (self.folder / "uitvoer.log").open("ab") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, start_new_session=True)
        watch = ["sh", "-c", 'trap "" INT TERM; read _ || kill -9 "$1"', "bewaker", str(self.process.pid)]
        self._guard = subprocess.Popen(watch, stdin=subprocess.PIPE, start_new_session=True)

    def stop(self) -> None:
        """Stop it as an operator does (SIGTERM); killed when that takes too long."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does (SIGKILL)."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Freeze it (SIGSTOP)."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on (SIGCONT)."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def tail(self) -> str:
        """Return the end of what it said."""
        log = self.folder / "uitvoer.log"
        return log.read_text(encoding="utf-8", errors="replace")[-2000:] if log.is_file() else ""

    def _end(self, number: int) -> None:
        if self.process is None:
            return
        if self.running:
            self.process.send_signal(number)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self._guard and self._guard.stdin:
            self._guard.communicate(b"klaar\n")
        self.process = self._guard = None


@dataclass
class Cluster:
    """A Kafka cluster in ``folder``. ``extra`` is added to every node's server.properties, ``format_args`` to formatting."""

    folder: Path
    nodes: int = 1
    version: str = VERSION
    extra: str = ""
    format_args: Sequence[str] = ()
    members: list[Node] = field(default_factory=list)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """Return ``host:port,...`` of all nodes."""
        return ",".join(node.address for node in self.members)

    def start(self) -> Self:
        """Format the storage and start all nodes; return when they answer."""
        ports = free_ports(2 * self.nodes)
        self.members = [Node(n, self.folder / f"node{n}", ports[2 * n - 2], ports[2 * n - 1]) for n in range(1, self.nodes + 1)]
        cluster_id = new_cluster_id()
        for node in self.members:
            self._prepare(node, cluster_id)
        try:
            for node in self.members:
                node.start(self._java("kafka.Kafka", str(node.folder / "server.properties")))
            for node in self.members:
                self.wait(node)
        except BaseException:
            self.stop()
            raise
        return self

    def restart(self, node: Node) -> None:
        """Start a stopped or killed node again on its own data; return when it answers."""
        node.start(self._java("kafka.Kafka", str(node.folder / "server.properties")))
        self.wait(node)

    def stop(self) -> None:
        """Stop all nodes; all at once, since a quorum that is gone makes the last one wait."""
        for node in self.members[1:]:
            node.kill()
        for node in self.members[:1]:
            node.stop() if self.nodes == 1 else node.kill()

    def wait(self, node: Node) -> None:
        """Wait until a node answers a client."""
        from kafka.admin import KafkaAdminClient  # noqa: PLC0415 - in an extra that the demo on files does without
        from kafka.errors import KafkaError  # noqa: PLC0415

        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if not node.running:
                raise BrokerFailed(f"node {node.number} ended by itself:\n{node.tail()}")
            try:
                with socket.create_connection(("127.0.0.1", node.port), timeout=1):
                    pass
                client = KafkaAdminClient(bootstrap_servers=node.address, bootstrap_timeout_ms=5000)
                live = len(client.describe_cluster()["brokers"])
                client.close()
                if live == self.nodes or any(not other.running for other in self.members):
                    return
            except (OSError, KafkaError):
                pass
            time.sleep(0.1)
        raise BrokerFailed(f"node {node.number} did not answer within {START_S:.0f} s:\n{node.tail()}")

    def _java(self, main: str, *args: str) -> list[str]:
        old = self.version.startswith("3.")
        config = self.folder / "log4j.properties"
        logging = f"-Dlog4j.configuration=file:{config}" if old else f"-Dlog4j2.configurationFile={config}"
        return ["java", *_JVM, logging, "-cp", classpath(self.version), main, *args]

    def _prepare(self, node: Node, cluster_id: str) -> None:
        node.folder.mkdir(parents=True)
        old = self.version.startswith("3.")
        (self.folder / "log4j.properties").write_text(_LOG4J1 if old else _LOG4J2, encoding="utf-8")
        properties = node.folder / "server.properties"
        properties.write_text(self._properties(node), encoding="utf-8")
        command = self._java("kafka.tools.StorageTool", "format", "-t", cluster_id, "-c", str(properties), *self.format_args)
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            raise BrokerFailed(f"formatting the storage failed:\n{(run.stdout + run.stderr)[-1500:]}")

    def _properties(self, node: Node) -> str:
        voters = ",".join(f"{n.number}@127.0.0.1:{n.controller_port}" for n in self.members)
        copies, minimum = min(3, self.nodes), min(2, self.nodes)
        lines = {
            "process.roles": "broker,controller",
            "node.id": node.number,
            "controller.quorum.voters": voters,
            "listeners": f"PLAINTEXT://{node.address},CONTROLLER://127.0.0.1:{node.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{node.address}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL",
            "log.dirs": node.folder / "data",
            "offsets.topic.replication.factor": copies,
            "offsets.topic.num.partitions": 1,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": minimum,
            "transaction.state.log.num.partitions": 1,
            "group.initial.rebalance.delay.ms": 0,
            "auto.create.topics.enable": "false",
            "num.network.threads": 2,
            "num.io.threads": 4,
            "log.cleaner.dedupe.buffer.size": 2 * 1024 * 1024,
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
        }
        text = "\n".join(f"{key}={value}" for key, value in lines.items())
        return f"{text}\n{self.extra.format(port=node.port, controller=node.controller_port)}\n"


def main(arguments: Sequence[str]) -> None:
    """Run a cluster in the folder named until SIGTERM or Ctrl-C; ``--nodes=3`` for three."""
    nodes = next((int(a.partition("=")[2]) for a in arguments if a.startswith("--nodes=")), 1)
    folder = Path(next(a for a in arguments if not a.startswith("--")))
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    with Cluster(folder, nodes=nodes) as cluster:
        sys.stdout.write(f"{cluster.bootstrap}\n")
        sys.stdout.flush()
        done.wait()


if __name__ == "__main__":
    if (lacks := missing_parts()) or not sys.argv[1:]:
        sys.exit(lacks or "usage: broker.py [--nodes=3] FOLDER")
    main(sys.argv[1:])
