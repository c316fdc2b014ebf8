# SPDX-License-Identifier: EUPL-1.2
"""librdkafka's mock cluster, reached by ctypes in the wheel that is installed: for protocol errors a real broker never gives
on request. It knows no administration, keeps little and forgets everything."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import confluent_kafka

PRODUCE, METADATA = 0, 3
NOT_LEADER, TIMED_OUT, TOO_FEW_COPIES, NOT_ALLOWED, OUT_OF_ORDER = 6, 7, 19, 29, 45


class Nagemaakt:
    """A mock cluster of three brokers."""

    def __init__(self) -> None:
        folder = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
        self._lib = ctypes.CDLL(str(next(folder.glob("librdkafka*.so*"))))
        for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_mock_cluster_new"):
            getattr(self._lib, name).restype = ctypes.c_void_p
        self._lib.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
        error = ctypes.create_string_buffer(256)
        self._handle = self._lib.rd_kafka_new(0, self._pointer(self._lib.rd_kafka_conf_new()), error, 256)
        assert self._handle, error.value
        self._cluster = self._lib.rd_kafka_mock_cluster_new(self._pointer(self._handle), 3)
        self.bootstrap = self._lib.rd_kafka_mock_cluster_bootstraps(self._pointer(self._cluster)).decode()

    def topic(self, name: str, partitions: int) -> None:
        self._lib.rd_kafka_mock_topic_create(self._pointer(self._cluster), name.encode(), partitions, 3)

    def answer(self, api: int, errors: Sequence[int]) -> None:
        """Answer the next requests of one kind with these errors, one each."""
        codes = (ctypes.c_int * len(errors))(*errors)
        self._lib.rd_kafka_mock_push_request_errors_array(
            self._pointer(self._cluster), ctypes.c_int16(api), ctypes.c_size_t(len(errors)), codes
        )

    def down(self, broker: int) -> None:
        self._lib.rd_kafka_mock_broker_set_down(self._pointer(self._cluster), broker)

    def up(self, broker: int) -> None:
        self._lib.rd_kafka_mock_broker_set_up(self._pointer(self._cluster), broker)

    def close(self) -> None:
        self._lib.rd_kafka_mock_cluster_destroy(self._pointer(self._cluster))
        self._lib.rd_kafka_destroy(self._pointer(self._handle))

    @staticmethod
    def _pointer(value: Any) -> ctypes.c_void_p:
        return ctypes.c_void_p(value)
