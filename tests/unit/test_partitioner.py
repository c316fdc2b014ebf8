# SPDX-License-Identifier: EUPL-1.2
"""murmur2 as Kafka's Java client has it, so that a log can move to Kafka with its order intact."""

from __future__ import annotations

import pytest

from hub.log.partitioner import murmur2, partition_of

# org.apache.kafka.common.utils.UtilsTest.testMurmur2
VECTORS = {
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}


@pytest.mark.parametrize(("text", "expected"), VECTORS.items())
def test_murmur2_agrees_with_kafka(text, expected):
    """The vectors of Kafka's own test."""
    found = murmur2(text.encode())
    assert (found - (1 << 32) if found >= 1 << 31 else found) == expected


@pytest.mark.parametrize(("text", "expected"), VECTORS.items())
def test_the_partition_is_kafkas(text, expected):
    """toPositive(murmur2(key)) % partitions, as the default partitioner does it."""
    for count in (1, 2, 4, 12, 256):
        assert partition_of(text, count) == (expected & 0x7FFFFFFF) % count


def test_keys_of_one_stream_stay_together_and_others_spread():
    """Every partition gets its share of many zaken."""
    counts = [0] * 4
    for number in range(4_000):
        counts[partition_of(f"zaak-{number}", 4)] += 1
    assert min(counts) > 800
