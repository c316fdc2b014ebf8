# SPDX-License-Identifier: EUPL-1.2
"""The feed between agents and runner: bounded, without holes, and never a reason for an agent to stand still for long."""

from __future__ import annotations

import asyncio
import time

import pytest

from hub.feed import Feed, Message

HERE = ("wissel.zaken", 0)


def brought(feed, *offsets, where=HERE):
    for offset in offsets:
        feed.add(*where, Message(offset, b"k", b"%d" % offset, ()))


def offsets(feed, after, limit=1_000):
    return [message.offset for message in feed.after(*HERE, after, limit)]


@pytest.fixture
def feed():
    made = Feed(most=5)
    made.assign([HERE])
    return made


def test_what_follows_the_checkpoint_is_taken_from_the_feed(feed):
    brought(feed, 3, 4, 5)
    assert offsets(feed, 2) == [3, 4, 5]
    assert offsets(feed, 3, limit=1) == [4]
    assert feed.end(*HERE) == 6


def test_what_does_not_connect_to_the_checkpoint_is_read_from_the_log(feed):
    """Before it, after it, or with a hole: the feed has nothing, so the direct reader fills."""
    brought(feed, 3, 4, 5)
    assert offsets(feed, 1) == []
    assert offsets(feed, 5) == []
    assert offsets(feed, 9) == []
    brought(feed, 8)
    assert offsets(feed, 5) == []
    assert offsets(feed, 7) == [8]


def test_a_record_that_comes_again_starts_anew_and_repeats_nothing_below_the_checkpoint(feed):
    """A rebalance delivers again from the last commit."""
    brought(feed, 3, 4, 5, 2, 3, 4)
    assert offsets(feed, 4) == []
    brought(feed, 5, 6)
    assert offsets(feed, 4) == [5, 6]


def test_a_partition_that_was_taken_away_is_fed_no_more(feed):
    brought(feed, 3)
    feed.assign([])
    brought(feed, 4)
    assert offsets(feed, 2) == []
    feed.assign([HERE])
    assert offsets(feed, 2) == [], "what was kept before it was given back may lie beside the checkpoint of another worker"


def test_the_feed_holds_no_more_than_its_bound(feed):
    brought(feed, *range(20))
    assert offsets(feed, 14) == [15, 16, 17, 18, 19]
    assert offsets(feed, 3) == []


def test_an_agent_waits_while_nobody_takes_and_goes_on_when_somebody_does(feed):
    async def scenario():
        brought(feed, *range(5))
        waiting = asyncio.create_task(feed.room(*HERE))
        await asyncio.sleep(0.1)
        assert not waiting.done()
        feed.after(*HERE, 3, 10)
        await asyncio.wait_for(waiting, 0.5)

    asyncio.run(scenario())


def test_an_agent_never_waits_longer_than_a_second_for_a_runner_that_stands_still(feed):
    """And for the next record not at all: a stuck partition must not hold the others up."""

    async def scenario():
        brought(feed, *range(5))
        begun = time.monotonic()
        await asyncio.wait_for(feed.room(*HERE), 5)
        assert time.monotonic() - begun > 0.9
        brought(feed, 5)
        await asyncio.wait_for(feed.room(*HERE), 0.5)

    asyncio.run(scenario())
