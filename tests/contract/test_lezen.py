# SPDX-License-Identifier: EUPL-1.2
"""Other systems read our topics with ordinary clients: the programs of the reader's guide, run as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import missing
from http_in_draad import serve
from hub_voor_tests import gemeente, plugins, zet
from logs import drop_topics, kafka_hub, make_topics, publisher_of
from motor import Verbinding
from webhulp import app

import schemas
from hub.api.schemaregister import PATH
from hub.events import OPDRACHTEN, PERSONEN, ZAKEN, NewEvent, fact_id

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "gebeurtenissen-lezen.md"
POM = Path(__file__).parent / "lezer" / "pom.xml"
ALL = list(schemas.load())
TOPICS = (ZAKEN, PERSONEN, OPDRACHTEN + "x")


def program(title: str) -> str:
    """The program under a heading of the guide."""
    found = re.search(rf"## {title}\n.*?```\w+\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert found, title
    return found[1]


def smallest(node: Any, named: dict[str, Any]) -> Any:
    """The smallest value that fits a schema."""
    simple = {"null": None, "string": "", "boolean": False, "int": 0, "long": 0, "double": 0.0, "bytes": b""}
    if isinstance(node, list):
        return smallest(node[0], named)
    if isinstance(node, str):
        return simple[node] if node in simple else smallest(named[node], named)
    if node["type"] == "record":
        named[f"{node.get('namespace', '')}.{node['name']}".strip(".")] = named[node["name"]] = node
        return {field["name"]: smallest(field["type"], named) for field in node["fields"]}
    return [] if node["type"] == "array" else {} if node["type"] == "map" else smallest(node["type"], named)


def topic_of(schema: schemas.Schema) -> str:
    return next(topic for topic in TOPICS if schema.allows(topic))


def one_of_each() -> list[NewEvent]:
    """One event of every type there is, about nobody."""
    found = []
    for schema in ALL:
        data = smallest(schema.raw, {})
        data.pop("besloten")
        key = "emmen:proef" if topic_of(schema) == PERSONEN else "proef"
        found.append(
            NewEvent(
                id=fact_id("proef", schema.type),
                type=schema.type,
                source=gemeente().source("proef"),
                gemeente="emmen",
                topic=topic_of(schema),
                key=key,
                data=data,
                besloten={"proef": {"naam": "Anna"}},
            )
        )
    return found


@pytest.fixture(scope="module")
def world(kafka, tmp_path_factory):
    """Topics that hold one event of every type, and the hub's registry beside them."""
    prefix = "lezen."
    make_topics(kafka, prefix, connectors=["x"])
    hub = kafka_hub(tmp_path_factory.mktemp("hub"), kafka, prefix, made=plugins(connectors={"x": Verbinding()})).open()
    zet(hub, *one_of_each())
    publisher = publisher_of(hub)
    publisher.catch_up()
    publisher.stop()
    hub.close()
    with serve(app()) as url:
        yield {"KAFKA": kafka, "SCHEMAREGISTER": url + PATH, "PREFIX": prefix}
    drop_topics(kafka, prefix)


def types_read(command: list[str], world: dict[str, str]) -> set[str]:
    """Run a reader on all topics and return the types it printed."""
    environment = {**os.environ, **world, "TOPICS": ",".join(world["PREFIX"] + topic for topic in TOPICS)}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return {line.split()[0] for line in ran.stdout.splitlines()}


@pytest.mark.parametrize("client", ["confluent-kafka", "kafka-python"])
def test_an_ordinary_python_client_reads_every_event_type(world, tmp_path, client) -> None:
    """Nothing of Wissel is on its path: a Kafka client, an Avro reader and the registry's address are enough."""
    script = tmp_path / "lezer.py"
    script.write_text(program(client), encoding="utf-8")
    assert types_read([sys.executable, "-P", str(script)], world) == {schema.type for schema in ALL}


def test_an_ordinary_java_client_reads_every_event_type(world, tmp_path) -> None:
    """The same from the other language of Kafka."""
    if shutil.which("mvn") is None or shutil.which("javac") is None:
        missing("Maven and a JDK are missing; install with: sudo apt-get install -y default-jdk-headless maven")
    listed = tmp_path / "classpath"
    subprocess.run(
        ["mvn", "-q", "-B", "-f", str(POM), "dependency:build-classpath", f"-Dmdep.outputFile={listed}"],
        check=True,
        timeout=100,
    )
    source = tmp_path / "Lezer.java"
    source.write_text(program("Java"), encoding="utf-8")
    path = listed.read_text(encoding="utf-8")
    subprocess.run(["javac", "-cp", path, "-d", str(tmp_path), str(source)], check=True, timeout=100)
    assert types_read(["java", "-Xmx128m", "-cp", f"{tmp_path}{os.pathsep}{path}", "Lezer"], world) == {s.type for s in ALL}
