# SPDX-License-Identifier: EUPL-1.2
"""R10 at the zaaksysteem: whatever crashes, whatever is asked twice, at rest no effect stands twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hub_voor_tests import Klok
from zaak_voor_tests import Formulier, Opgenomen, bron_en_zaaksysteem, opdracht

from connectors.zaak.fetch import Bron
from connectors.zaak.outbound import HANDELINGEN, schrijvers
from connectors.zaak.simulator import SimulatorConfig
from connectors.zaak.zoeken import ZoekZaken
from hub.errors import Poison, SourceContractBroken, SourceUnavailable
from hub.events import outcome_id

AT = "2026-03-11T09:00:00.123456Z"
WRITES = {
    "zet-behandelaar": {"medewerker": "jdevries", "omschrijving": "behandelaar"},
    "verwijder-behandelaar": {"medewerker": "adamas"},
    "zet-status": {"volgnummer": "eerste", "datumStatusGezet": AT},
    "zet-resultaat": {"sleutel": "verwerkt"},
    "sluit-zaak": {"datumStatusGezet": AT},
    "schort-op": {"reden": "wachten op een reactie"},
    "hervat": {},
    "zet-einddatum-gepland": {"datum": "2026-04-01"},
    "zet-toelichting": {"toelichting": "Zie de besluitbrief."},
}


def run(main: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(main())


class Wereld:
    """A zaak ready for each soort opdracht, and what stands there."""

    def __init__(self, bron: Bron, form: Formulier, transport: Opgenomen) -> None:
        self.bron, self.form, self.transport = bron, form, transport
        self.executors = schrijvers({"emmen": bron})

    async def ready_for(self, soort: str) -> dict[str, Any]:
        zaak = await (self.form.zaak() if soort == "zet-status" else self.form.aangifte())
        if soort == "sluit-zaak":
            await self.form.resultaat(zaak)
        if soort == "hervat":
            await self.form.call("PATCH", zaak["url"], {"opschorting": {"indicatie": True, "reden": "x"}})
        if soort in {"verwijder-behandelaar", "zet-behandelaar"}:
            await self.behandelaar(zaak, "adamas")
        return zaak

    async def behandelaar(self, zaak: dict[str, Any], who: str) -> None:
        await self.form.rol(
            zaak,
            betrokkeneType="medewerker",
            roltype=await self.form.type("roltypen", "Uitvoerende"),
            betrokkeneIdentificatie={"identificatie": who},
        )

    async def do(self, soort: str, zaak: dict[str, Any], **gegevens: Any) -> dict[str, Any]:
        asked = opdracht(soort, zaak["uuid"], **(gegevens or WRITES[soort]))
        outcome = await self.executors[soort].voer_uit(asked)
        (event,) = outcome.events
        assert event.id == outcome_id(asked.id)
        return event.data | {"type": event.type}

    async def stands(self, zaak: dict[str, Any]) -> Any:
        """Return everything about the zaak that an opdracht can change."""
        now = await self.form.call("GET", zaak["url"])
        rollen = (await self.form.call("GET", "/zaken/api/v1/rollen", zaak=zaak["url"]))["results"]
        statussen = (await self.form.call("GET", "/zaken/api/v1/statussen", zaak=zaak["url"]))["results"]
        resultaten = (await self.form.call("GET", "/zaken/api/v1/resultaten", zaak=zaak["url"]))["results"]
        fields = ("einddatum", "einddatumGepland", "toelichting", "opschorting")
        return {
            "behandelaren": [
                (r["betrokkeneIdentificatie"] or {}).get("identificatie")
                for r in rollen
                if r["omschrijvingGeneriek"] == "behandelaar"
            ],
            "statussen": [s["statustype"] for s in statussen],
            "resultaten": [r["resultaattype"] for r in resultaten],
            **{name: now[name] for name in fields},
        }


def test_every_soort_of_the_contract_has_an_executor():
    """What a flow may ask, this connector can do."""
    assert set(HANDELINGEN) == set(WRITES)


@pytest.mark.parametrize("soort", sorted(WRITES))
def test_a_second_time_changes_nothing(soort):
    """The same opdracht again, as after a crash before its outcome was put down: no second write."""

    async def main() -> None:
        async with bron_en_zaaksysteem() as parts:
            wereld = Wereld(*parts)
            zaak = await wereld.ready_for(soort)
            before = await wereld.stands(zaak)
            first = await wereld.do(soort, zaak)
            assert json.loads(first["uitkomst"]) == {"gewijzigd": True}
            after, writes = await wereld.stands(zaak), wereld.transport.writes
            assert after != before
            second = await wereld.do(soort, zaak)
            assert json.loads(second["uitkomst"])["gewijzigd"] is False
            assert (await wereld.stands(zaak), wereld.transport.writes) == (after, writes)

    run(main)


@pytest.mark.parametrize("soort", sorted(WRITES))
def test_a_write_of_which_the_answer_was_lost_stands_once(soort):
    """The other side did it and answered 502: tried again, and nothing stands twice."""

    async def main() -> None:
        async with bron_en_zaaksysteem() as parts, bron_en_zaaksysteem() as calm_parts:
            wereld, calm = Wereld(*parts), Wereld(*calm_parts)
            zaak, example = await wereld.ready_for(soort), await calm.ready_for(soort)
            await calm.do(soort, example)
            await wereld.form.storing(fout_na_schrijven_percentage=100)
            with pytest.raises(SourceUnavailable):
                await wereld.do(soort, zaak)
            await wereld.form.storing(fout_na_schrijven_percentage=0)
            await wereld.do(soort, zaak)
            assert await wereld.stands(zaak) == await calm.stands(example)

    run(main)


def test_the_lease_is_checked_right_before_each_write():
    """An opdracht that is no longer ours writes nothing."""

    class Lost(Exception):
        pass

    def lost() -> None:
        raise Lost

    async def main() -> None:
        async with bron_en_zaaksysteem() as parts:
            wereld = Wereld(*parts)
            for soort, gegevens in WRITES.items():
                zaak = await wereld.ready_for(soort)
                asked = opdracht(soort, zaak["uuid"], confirm=lost, **gegevens)
                before = wereld.transport.writes
                with pytest.raises(Lost):
                    await wereld.executors[soort].voer_uit(asked)
                assert wereld.transport.writes == before

    run(main)


def test_two_at_once_leave_one_handler():
    """Two processes that both saw no rol: whoever reads back last takes the later copy away."""

    async def main() -> None:
        async with bron_en_zaaksysteem() as parts:
            wereld = Wereld(*parts)
            zaak = await wereld.ready_for("zet-behandelaar")
            await asyncio.gather(*(wereld.do("zet-behandelaar", zaak) for _ in range(4)))
            await wereld.do("zet-behandelaar", zaak)
            assert (await wereld.stands(zaak))["behandelaren"] == ["jdevries"]

    run(main)


def test_a_team_stays_when_a_medewerker_takes_over():
    """Only rollen of medewerkers are replaced."""

    async def main() -> None:
        async with bron_en_zaaksysteem() as parts:
            wereld = Wereld(*parts)
            zaak = await wereld.ready_for("zet-behandelaar")
            await wereld.form.rol(
                zaak,
                betrokkeneType="organisatorische_eenheid",
                roltype=await wereld.form.type("roltypen", "Uitvoerende"),
                betrokkeneIdentificatie={"identificatie": "burgerzaken"},
            )
            await wereld.do("zet-behandelaar", zaak)
            assert sorted((await wereld.stands(zaak))["behandelaren"]) == ["burgerzaken", "jdevries"]

    run(main)


def test_another_resultaat_is_replaced_and_each_key_has_its_own():
    """After heropenen the old resultaat still stands (measured on Open Zaak)."""

    async def main() -> None:
        async with bron_en_zaaksysteem() as parts:
            wereld = Wereld(*parts)
            zaak = await wereld.form.aangifte()
            for key, name in (("afgebroken", "Afgebroken"), ("geweigerd", "Geweigerd"), ("handmatig", "Handmatig verwerkt")):
                await wereld.do("zet-resultaat", zaak, sleutel=key)
                assert (await wereld.stands(zaak))["resultaten"] == [await wereld.form.type("resultaattypen", name)]

    run(main)


def test_a_status_that_is_there_is_left_alone():
    """E-form and hub both set the first status: a known bug elsewhere, not here."""

    async def main() -> None:
        async with bron_en_zaaksysteem() as parts:
            wereld = Wereld(*parts)
            zaak = await wereld.form.aangifte()
            before = await wereld.stands(zaak)
            assert json.loads((await wereld.do("zet-status", zaak))["uitkomst"]) == {"gewijzigd": False}
            assert await wereld.stands(zaak) == before

    run(main)


@pytest.mark.parametrize("soort", ["schort-op", "hervat", "zet-einddatum-gepland", "zet-toelichting", "zet-behandelaar"])
def test_a_closed_zaak_is_left_as_it_is(soort):
    """What makes no sense any more is no failure."""

    async def main() -> None:
        async with bron_en_zaaksysteem() as parts:
            wereld = Wereld(*parts)
            zaak = await wereld.ready_for(soort)
            await wereld.form.resultaat(zaak)
            await wereld.form.status(zaak, "Afgehandeld", AT)
            outcome = json.loads((await wereld.do(soort, zaak))["uitkomst"])
            assert outcome == {"gewijzigd": False, "reden": "zaak-gesloten"}

    run(main)


def test_a_zaak_that_was_deleted_ends_the_opdracht():
    """There is nothing left to write to: it failed for good, and waits for nobody."""

    async def main() -> None:
        async with bron_en_zaaksysteem() as parts:
            wereld = Wereld(*parts)
            zaak = await wereld.form.aangifte()
            await wereld.form.call("DELETE", zaak["url"])
            outcome = await wereld.do("zet-resultaat", zaak)
            assert (outcome["type"], outcome["reden"], outcome["definitief"]) == (
                "nl.wissel.opdracht.mislukt.v1",
                "zaak-verwijderd",
                True,
            )

    run(main)


def test_a_catalogue_without_what_is_asked_says_what_to_do():
    """Parked with a sentence an administrator can act on."""

    async def main() -> None:
        async with bron_en_zaaksysteem(resultaten={"verwerkt": "Bestaat niet"}) as parts:
            wereld = Wereld(*parts)
            zaak = await wereld.form.aangifte()
            with pytest.raises(SourceContractBroken, match=r"Bestaat niet.*add it to the catalogus"):
                await wereld.do("zet-resultaat", zaak)

    run(main)


BSN = "999993653"


def test_other_zaken_of_a_mover_are_found_without_a_bsn_in_a_url():
    """The own zaak, closed ones and other zaaktypen are left out; the number stands in a body only."""

    async def main() -> None:
        async with bron_en_zaaksysteem() as (bron, form, transport):
            own, other, closed = [await form.aangifte() for _ in range(3)]
            await form.resultaat(closed)
            await form.status(closed, "Afgehandeld", AT)
            asked = opdracht("zoek-zaken", own["uuid"], besloten={"p" * 32: {"bsn": BSN}}, pseudoniemen=["p" * 32])
            search = ZoekZaken(type("Hub", (), {"clock": Klok()})(), {"emmen": bron})
            (event,) = (await search.voer_uit(asked)).events
            (mover,) = event.data["perVerhuizer"]
            assert mover["pseudoniem"] == "p" * 32
            assert [(z["uuid"], z["soort"]) for z in mover["zaken"]] == [(other["uuid"], "verhuizing")]
            assert not any(BSN in str(request.url) for request in transport.requests)
            assert BSN not in json.dumps(event.data)

    run(main)


def test_a_search_that_gets_no_answer_is_told_as_such():
    """A read that is given up lets the case go on; a destroyed key waits for a person."""

    async def main() -> None:
        async with bron_en_zaaksysteem() as (bron, form, _):
            zaak = await form.aangifte()
            await form.storing(uit=True)
            search = ZoekZaken(type("Hub", (), {"clock": Klok()})(), {"emmen": bron})
            asked = opdracht("zoek-zaken", zaak["uuid"], besloten={"p": {"bsn": BSN}}, pseudoniemen=["p"])
            with pytest.raises(SourceUnavailable) as failure:
                await search.voer_uit(asked)
            given_up = search.geef_op(asked, failure.value)
            assert given_up is not None
            assert given_up.events[0].type == "nl.wissel.gegevens.niet-beschikbaar.v1"
            assert given_up.events[0].data["wat"] == "zaken"
            gone = opdracht("zoek-zaken", zaak["uuid"], besloten={"p": None}, pseudoniemen=["p"])
            with pytest.raises(Poison):
                await search.voer_uit(gone)

    run(main)


def test_a_gemeente_without_zaaksysteem_says_so():
    """A mistake in the settings, told by its key."""

    async def main() -> None:
        executor = schrijvers({})["hervat"]
        with pytest.raises(Poison, match=r"\[gemeenten.emmen.zaak\]"):
            await executor.voer_uit(opdracht("hervat", "x"))
        assert executor.geef_op(opdracht("hervat", "x"), Poison("x")) is None
        assert SimulatorConfig().gemeenten[0].slug == "emmen"

    run(main)
