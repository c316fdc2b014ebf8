# SPDX-License-Identifier: EUPL-1.2
"""One partition of a topic, read from any offset. Reading on where the last read ended costs no new request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from confluent_kafka import OFFSET_END, Consumer, KafkaError, KafkaException, TopicPartition

from hub.errors import LogUnavailable
from hub.feed import Message
from hub.log.access import Access

T = TypeVar("T")
_WAIT_S: Final = 10.0
_STEP_S: Final = 0.5


def said(error: KafkaException) -> str:
    """Return the name of what Kafka answered."""
    return str(error.args[0].name()) if error.args and isinstance(error.args[0], KafkaError) else type(error).__name__


def known(ask: Callable[[], T]) -> T:
    """Ask Kafka something. LogUnavailable when it does not answer."""
    try:
        return ask()
    except KafkaException as error:
        raise LogUnavailable(f"Kafka does not answer ({said(error)}); what is put down waits in the store") from error
    except TimeoutError as error:
        raise LogUnavailable("Kafka does not answer in time; what is put down waits in the store") from error


class Cursor:
    """Reads one partition. Safe to use from every thread, one at a time."""

    def __init__(self, access: Access, topic: str, partition: int) -> None:
        self._topic, self._partition = topic, partition
        self._gate = threading.Lock()
        self._next: int | None = None
        self._consumer = Consumer(
            access.confluent(
                **{
                    "group.id": "wissel-leest-direct",  # never joined: the client wants a name
                    "enable.auto.commit": False,
                    "enable.auto.offset.store": False,
                    "enable.partition.eof": True,
                    "auto.offset.reset": "earliest",  # what retention removed is passed over
                    "fetch.wait.max.ms": 50,  # a read from elsewhere waits for the fetch that is under way
                    "queued.max.messages.kbytes": 16_384,
                    "fetch.error.backoff.ms": 100,
                    "reconnect.backoff.max.ms": 1_000,
                }
            )
        )

    def close(self) -> None:
        """Let go of the connection."""
        with self._gate:
            self._consumer.close()

    def read(self, after: int, end: int, limit: int) -> Sequence[Message]:
        """Return up to ``limit`` messages after an offset and before ``end``, up to where the partition is known to go."""
        with self._gate:
            if self._next != after + 1:
                known(lambda: self._consumer.assign([self._at(after + 1)]))
            self._next = None  # until this read has ended well
            found = self._until(after + 1, end, limit)
            self._next = found[-1].offset + 1 if found else None
            return found

    def _until(self, start: int, end: int, limit: int) -> list[Message]:
        """Take messages until there are enough or the partition ends; it may hold fewer than its offsets count."""
        found: list[Message] = []
        give_up = time.monotonic() + _WAIT_S
        last = start - 1
        while len(found) < limit and last < end - 1:
            taken = self._consumer.consume(min(limit - len(found), end - 1 - last), _STEP_S)
            for message in taken:
                error = message.error()
                if error is None:
                    found.append(_message(message))
                    last = found[-1].offset
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                    last = max(last, (message.offset() or 0) - 1)  # it may be of an earlier read, with more behind it now
                elif not error.retriable() and error.code() not in _PASSING:
                    raise LogUnavailable(f"{self._topic}, partition {self._partition} does not read ({error.name()})")
            if not taken and time.monotonic() > give_up:
                raise LogUnavailable(f"{self._topic}, partition {self._partition} does not answer in time")
        return found

    def _at(self, offset: int = OFFSET_END) -> Any:
        return TopicPartition(self._topic, self._partition, offset)


def _message(message: Any) -> Message:
    return Message(message.offset(), message.key(), message.value(), message.headers())


# What passes by itself; and that we may not see a group, which librdkafka asks after although nothing is read in one.
_PASSING: Final = frozenset(
    {
        KafkaError._TRANSPORT,  # noqa: SLF001 - its public name
        KafkaError._ALL_BROKERS_DOWN,  # noqa: SLF001
        KafkaError._TIMED_OUT,  # noqa: SLF001
        KafkaError.GROUP_AUTHORIZATION_FAILED,
    }
)
