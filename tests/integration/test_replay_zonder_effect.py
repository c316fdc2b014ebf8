# SPDX-License-Identifier: EUPL-1.2
"""A replay causes no effect and decides nothing: counted at the other side, in its books and in the log."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest
from hub_voor_tests import TELLER, feit, loaded, plugins, zet
from motor import Verbinding, draait, opened, tot

from hub.replay.beheer import Beheer, Besluit
from hub.replay.bouwer import Bouwer
from hub.replay.lezen import Lezer
from hub.replay.stroom import herbouw_stroom
from hub.tijdreis import toen_en_nu

WHY = Besluit("proef", "test")
ZAKEN = 6
BOOKS = ("opdracht", "termijn", "gebeurtenis")


@pytest.mark.usefixtures("store")
def test_no_opdracht_is_given_or_carried_out_again(tmp_path):
    """Six opdrachten were carried out. Filling, switching, going back, one zaak alone, and looking back add nothing to that."""
    verbinding = Verbinding()
    hub = opened(tmp_path, verbinding)

    def counted():
        with hub.database.reader() as db:
            books = [db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in BOOKS]
        return books, len(verbinding.doener.keren), list(verbinding.doener.boeken)

    async def story():
        async with draait(hub):
            zet(hub, *(feit(f"zaak-{n}", n) for n in range(ZAKEN)))
            hub.flow_runner.wake()
            done = "SELECT count(*) FROM opdracht WHERE toestand = 'uitgevoerd'"
            await tot(lambda: hub.read_now(lambda tx: tx.one(done)) == (ZAKEN,))
            await tot(lambda: not any((hub.flow_runner.catch_up(), hub.projector.behind())))
            before = counted()
            assert before[1] == ZAKEN
            beheer = Beheer(hub)
            number = await beheer.claim(["teller"], WHY)
            await asyncio.to_thread(fill, number)
            await beheer.filled(number)
            await beheer.switch(["teller"], WHY)
            await beheer.rollback(["teller"], WHY)
            await beheer.switch(["teller"], WHY)
            await herbouw_stroom(hub, "zaak-1", WHY)
            toen_en_nu(hub, "zaak-1", 1)
            hub.flow_runner.wake()
            await asyncio.sleep(0.7)  # longer than the idle tick: whoever had something to do has begun
            assert counted() == before

    def fill(number):
        with Lezer(loaded(tmp_path, partities=1), plugins()) as lezer, closing(lezer.fill(number)) as database:
            Bouwer(lezer, number=number, projections=[TELLER], database=database).run()

    asyncio.run(story())
