# SPDX-License-Identifier: EUPL-1.2
"""murmur2, the partitioner of Kafka's Java client, used by every engine so that a log can move with its order intact."""

from __future__ import annotations

from typing import Final

_M: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF
_SEED: Final = 0x9747B28C


def murmur2(key: bytes) -> int:
    """Return Kafka's 32-bit murmur2 of ``key`` as an unsigned number (org.apache.kafka.common.utils.Utils.murmur2)."""
    length = len(key)
    h = (_SEED ^ length) & _MASK
    whole = length - length % 4
    for i in range(0, whole, 4):
        k = int.from_bytes(key[i : i + 4], "little") * _M & _MASK
        k = (k ^ (k >> 24)) * _M & _MASK
        h = (h * _M & _MASK) ^ k
    if whole < length:
        h = (h ^ int.from_bytes(key[whole:], "little")) * _M & _MASK
    h = (h ^ (h >> 13)) * _M & _MASK
    return h ^ (h >> 15)


def partition_of(key: str, partitions: int) -> int:
    """Return the partition that every Kafka client with murmur2 picks for ``key`` (UTF-8)."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions
