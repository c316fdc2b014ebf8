# SPDX-License-Identifier: EUPL-1.2
"""What the hub of a run stands on: its own files, or a Kafka broker and a PostgreSQL server of this run alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from demo import broker
from hub.errors import Refused

Motor = Literal["ingebed", "kafka", "kafka-bestanden"]
MOTOREN: Final[tuple[Motor, ...]] = ("ingebed", "kafka", "kafka-bestanden")


@dataclass(frozen=True, slots=True)
class Grond:
    """Where log and store are; empty: in the hub's own files. ``werkers`` 0: one process does everything."""

    kafka: str = ""
    database: str = ""
    werkers: int = 0


@contextmanager
def started(motor: Motor, folder: Path, *, werkers: int) -> Iterator[Grond]:
    """Start what a motor needs, and stop it at the end. Refused where a part is missing, with the command that installs it."""
    with ExitStack() as running:
        if motor == "ingebed":
            yield Grond()
            return
        if lacks := broker.missing_parts():
            raise Refused(lacks)
        kafka = running.enter_context(broker.Cluster(folder / "kafka")).bootstrap
        if motor == "kafka-bestanden":
            yield Grond(kafka)
            return
        from demo.postgres import Server, private_server  # noqa: PLC0415 - one motor of three needs it

        yield Grond(kafka, running.enter_context(private_server(Server)).dsn, werkers)
