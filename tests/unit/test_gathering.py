# SPDX-License-Identifier: EUPL-1.2
"""What is asked at about the same time is done together, and each still gets what came of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from hub.errors import LostRace
from hub.gathering import Gathering
from hub.store.base import StoreUnavailable


class Works:
    """Doubles numbers; keeps what it was given; refuses the numbers named."""

    def __init__(self, **refused: Exception) -> None:
        self.rounds: list[list[int]] = []
        self._refused = {int(name[1:]): error for name, error in refused.items()}

    async def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.rounds.append(list(numbers))
        await asyncio.sleep(0.01)
        for number in numbers:
            if number in self._refused:
                raise self._refused[number]
        return [2 * number for number in numbers]


def gathered(works: Works, numbers: Sequence[int], *, most: int = 64) -> list[int | BaseException]:
    async def main() -> list[int | BaseException]:
        gathering = Gathering(works, most=most)
        return await asyncio.gather(*(gathering.do(number) for number in numbers), return_exceptions=True)

    return asyncio.run(main())


def test_what_comes_while_work_is_under_way_goes_together():
    """The rounds follow each other, and everybody gets the answer to their own question."""
    works = Works()

    async def main() -> None:
        gathering = Gathering(works)
        first = asyncio.create_task(gathering.do(1))
        await asyncio.sleep(0.001)
        others = [asyncio.create_task(gathering.do(number)) for number in (2, 3)]
        assert [await first, *[await other for other in others]] == [2, 4, 6]
        assert await gathering.do(4) == 8

    asyncio.run(main())
    assert works.rounds == [[1], [2, 3], [4]]


def test_a_round_is_bounded():
    """However many wait, one transaction does not grow without end."""
    works = Works()
    assert gathered(works, range(5), most=2) == [0, 2, 4, 6, 8]
    assert works.rounds == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize("error", [ValueError("wrong"), LostRace("somebody was first")])
def test_what_is_wrong_with_one_touches_no_other(error):
    """The round is done again one by one; only the one that fails alone hears of it."""
    works = Works(n2=error)
    assert gathered(works, [1, 2, 3]) == [2, error, 6]
    assert works.rounds == [[1, 2, 3], [1], [2], [3]]


def test_a_store_that_is_away_is_asked_once():
    """It is away for all of them: asking again for each would only make it busier."""
    error = StoreUnavailable("disk full")
    works = Works(n2=error)
    assert gathered(works, [1, 2, 3]) == [error, error, error]
    assert len(works.rounds) == 1


def test_who_cancels_before_it_began_has_not_asked_for_it():
    """And nobody else waits for them."""
    works = Works()

    async def main() -> None:
        gathering = Gathering(works)
        first = asyncio.create_task(gathering.do(1))
        await asyncio.sleep(0.001)
        gone, other = asyncio.create_task(gathering.do(2)), asyncio.create_task(gathering.do(3))
        await asyncio.sleep(0.001)
        gone.cancel()
        assert await other == 6
        assert await first == 2
        assert gone.cancelled()

    asyncio.run(main())
    assert works.rounds == [[1], [3]]
