# SPDX-License-Identifier: EUPL-1.2
"""What the guide says about backing up PostgreSQL does what it says: its commands are run as they stand there."""

from __future__ import annotations

from hub_voor_tests import Klok, VolgFlow, feit, loaded, plugins, zet
from postgres_voor_tests import volgens_de_handleiding, with_database

from hub.app import EmbeddedHub
from hub.store.server import OnServer

PERSOON = "a" * 32
NAAM = {"naam": "Zonneschijn"}


def opened(folder, address, **more):
    return EmbeddedHub(
        with_database(loaded(folder), address), clock=Klok(), plugins=plugins(flows={"volg": VolgFlow()}), **more
    )


def seen(hub):
    hub.projector.catch_up()
    state, sequence = hub.flow_state("volg", gemeente="emmen", key="a")
    return [(event.id, event.besloten) for event in state], sequence, hub.read_model("teller").get("emmen", "a")


def test_what_the_guide_backs_up_is_put_back_in_an_empty_database(postgres, tmp_path):
    """Log, bookkeeping and keys as they were; the read models are built again, and the hub goes on from there."""
    with postgres.database() as here, postgres.database(empty=True) as there:
        hub = opened(tmp_path / "hub", here).open()
        zet(hub, *(feit("a", number, besloten={PERSOON: NAAM}) for number in range(5)))
        before = seen(hub)
        volgens_de_handleiding("Back up", "pg_dump", address=here, folder=tmp_path)
        zet(hub, feit("a", 99))
        hub.close()

        volgens_de_handleiding("Back up", "pg_restore", address=there, folder=tmp_path)
        OnServer(with_database(loaded(tmp_path), there)).migrate("pre", {})
        back = opened(tmp_path / "terug", there, forget_read_models=True).open()
        back.projector.rebuild()
        assert seen(back) == before
        assert before[0][0][1] == {PERSOON: NAAM}
        zet(back, feit("a", 99))
        assert seen(back)[1] == 6
        back.close()
