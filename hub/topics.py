# SPDX-License-Identifier: EUPL-1.2
"""The topics on Kafka: declared here, compared with what is there, and made only when somebody says so.

A partition count is never changed: keys would go elsewhere than their streams are. Retention is unlimited and nothing is
compacted: an event topic that loses an event is no log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple

from kafka import TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, KafkaAdminClient, OffsetSpec, OffsetTimestamp
from kafka.errors import KafkaError

from hub.clock import to_microseconds
from hub.errors import LogUnavailable, Refused
from hub.log.access import MAX_MESSAGE_BYTES, Access

_ASK_MS: Final = 10_000
_UNLIMITED: Final = str((1 << 63) - 1)
_CONFIG: Final[Mapping[str, str]] = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
    "message.timestamp.type": "CreateTime",
    "message.timestamp.before.max.ms": _UNLIMITED,  # an event keeps the time it was logged, however late it is published
    "message.timestamp.after.max.ms": _UNLIMITED,
    "unclean.leader.election.enable": "false",
}
_REPLICAS_FOR_TWO: Final = 3
_UNKNOWN: Final = 3  # Kafka's error code of a topic that is not there


class Change(NamedTuple):
    """One thing that has to be done to a topic. ``config`` None: make it; else set these of its settings."""

    topic: str
    config: Mapping[str, str] | None
    text: str


class Plan(NamedTuple):
    """What ``apply`` would do, and what nobody does for you."""

    changes: Sequence[Change]
    problems: Sequence[str]


class Part(NamedTuple):
    """One partition as it is: its first offset, where it ends, on how many brokers it is and should be."""

    topic: str
    partition: int
    begin: int
    end: int
    in_sync: int
    replicas: int


class Topics:
    """The topics of one installation. ``counts``: topic -> number of partitions."""

    def __init__(self, access: Access, counts: Mapping[str, int]) -> None:
        self._access = access
        self._counts = {access.name(topic): count for topic, count in sorted(counts.items())}

    def config(self) -> dict[str, str]:
        """Return the settings every topic must have. A write is confirmed by two brokers as soon as there are three copies."""
        return {**_CONFIG, "min.insync.replicas": "2" if self._access.replicas >= _REPLICAS_FOR_TWO else "1"}

    def plan(self) -> Plan:
        """Compare what is there with what should be."""
        with self._client() as client:
            there = self._there(client)
            configs = self._configs(client, there)
        changes, problems = [], []
        for name, count in self._counts.items():
            found = there.get(name)
            if found is None:
                changes.append(Change(name, None, f"{name}: maken, {count} partities, {self._access.replicas} kopieën"))
                continue
            if len(found) != count:
                problems.append(
                    f"{name}: heeft {len(found)} partities, het logboek verwacht er {count}; een ander aantal breekt de"
                    f" volgorde van lopende zaken. Is het logboek nog leeg, zet dan [log] partities = {len(found)}"
                )
            other = {key: value for key, value in self.config().items() if configs[name].get(key) != value}
            for key, value in other.items():
                was = configs[name].get(key)
                changes.append(Change(name, {key: value}, f"{name}: {key} wordt {value} (is {was})"))
            fewest = min((len(part["replica_nodes"]) for part in found), default=0)
            if fewest < self._access.replicas:
                problems.append(
                    f"{name}: heeft {fewest} kopieën, [log] kopieen is {self._access.replicas}; verdeel het opnieuw"
                )
        return Plan(changes, problems)

    def apply(self, plan: Plan) -> None:
        """Do what a plan says. Nothing, when it has problems: those come first."""
        if plan.problems:
            raise Refused("er is niets gewijzigd, want dit moet eerst anders:\n" + "\n".join(plan.problems))
        with self._client() as client:
            new = {
                change.topic: {
                    "num_partitions": self._counts[change.topic],
                    "replication_factor": self._access.replicas,
                    "configs": self.config(),
                }
                for change in plan.changes
                if change.config is None
            }
            if new:
                client.create_topics(new, wait_for_metadata=True)
            for change in plan.changes:
                if change.config is not None:
                    client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, change.topic, dict(change.config))])

    def parts(self) -> list[Part]:
        """Return every partition that is there, with its first offset and its end."""
        with self._client() as client:
            there = self._there(client)
            at = [TopicPartition(name, part["partition_index"]) for name, parts in there.items() for part in parts]
            first = client.list_partition_offsets(dict.fromkeys(at, OffsetSpec.EARLIEST))
            last = client.list_partition_offsets(dict.fromkeys(at, OffsetSpec.LATEST))
        copies = {
            (name, part["partition_index"]): (len(part["isr_nodes"]), len(part["replica_nodes"]))
            for name, parts in there.items()
            for part in parts
        }
        return [Part(t, n, first[t, n].offset, last[t, n].offset, *copies[t, n]) for t, n in sorted(at)]

    def offsets_at(self, moment: datetime) -> dict[tuple[str, int], int | None]:
        """Return per partition the offset of the first event logged at or after a moment; None when all is older."""
        asked = OffsetTimestamp(to_microseconds(moment) // 1_000)
        with self._client() as client:
            there = self._there(client)
            at = [TopicPartition(name, part["partition_index"]) for name, parts in there.items() for part in parts]
            found = client.list_partition_offsets(dict.fromkeys(at, asked))
        return {(where.topic, where.partition): one.offset if one.offset >= 0 else None for where, one in found.items()}

    def _there(self, client: KafkaAdminClient) -> dict[str, list[dict[str, Any]]]:
        found = client.describe_topics(list(self._counts))
        return {one["name"]: one["partitions"] for one in found if one["error_code"] != _UNKNOWN}

    @staticmethod
    def _configs(client: KafkaAdminClient, there: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        if not there:
            return {}
        asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in there]
        found = client.describe_configs(asked, config_filter="all")["topic"]
        return {name: {key: one["value"] for key, one in config.items()} for name, config in found.items()}

    @contextmanager
    def _client(self) -> Iterator[KafkaAdminClient]:
        try:
            client = KafkaAdminClient(**self._access.kafka_python(), bootstrap_timeout_ms=_ASK_MS, request_timeout_ms=_ASK_MS)
            try:
                yield client
            finally:
                client.close()
        except KafkaError as error:
            raise LogUnavailable(
                f"Kafka doet dit niet ({type(error).__name__}); kijk of [log] adres klopt, of de brokers draaien en of"
                " deze gebruiker het mag (docs/how-to/kafka.md)"
            ) from error
