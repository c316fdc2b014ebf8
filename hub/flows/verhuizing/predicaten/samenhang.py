# SPDX-License-Identifier: EUPL-1.2
"""Rows 16, 19 and 20: what else is going on around these people and this address."""

from __future__ import annotations

from collections.abc import Iterable

from hub.flows.verhuizing.datums import lees_dag
from hub.flows.verhuizing.feiten import Claim, Markering, NietBeschikbaar, Zaken
from hub.flows.verhuizing.predicaten.basis import (
    BRON_WEG,
    UITSLAG_MIST,
    Bevinding,
    Invoer,
    Uitslag,
    oranje,
    uitslag,
)

_VERHUIZING = "verhuizing"
_LIJST = {"instelling": "adres-is-instelling", "massa-adres": "adres-is-massa-adres"}


def _eigen_volgorde(i: Invoer) -> tuple[str, str]:
    return (i.ontvangst.isoformat() if i.ontvangst else "", i.zaak)


def _zelfde_verhuizing(i: Invoer, claim: Claim) -> bool:
    doel = i.kandidaat.object_id if i.kandidaat else None
    datum = i.verhuisdatum.isoformat() if i.verhuisdatum else None
    return None not in {doel, datum} and (claim.doel, claim.verhuisdatum) == (doel, datum)


def _claims_verhuizers(i: Invoer) -> dict[str, Claim]:
    claims = (claim for wie in i.aangifte.pseudoniemen for claim in i.claims_op(wie))
    return {claim.zaak: claim for claim in claims if claim.soort == _VERHUIZING}


def _over_verhuizers(i: Invoer, claims: dict[str, Claim]) -> tuple[list[Bevinding], str | None]:
    bevindingen, gekoppeld = [], None
    for claim in sorted(claims.values(), key=lambda claim: claim.volgorde):
        if claim.geparkeerd:
            bevindingen.append(Bevinding("andere-zaak-geparkeerd"))
        elif not _zelfde_verhuizing(i, claim):
            bevindingen.append(Bevinding("andere-open-verhuizing"))
        elif claim.volgorde < _eigen_volgorde(i):
            bevindingen.append(Bevinding("dubbele-aangifte"))
            gekoppeld = gekoppeld or claim.zaak
    return bevindingen, gekoppeld


def _over_adres(i: Invoer, bekend: dict[str, Claim]) -> list[Bevinding]:
    codes = []
    for claim in i.claims_op(i.kandidaat.object_id) if i.kandidaat and i.kandidaat.object_id else ():
        if claim.soort != _VERHUIZING or claim.zaak in bekend:
            continue
        if claim.geparkeerd:
            codes.append("andere-zaak-geparkeerd")
        elif claim.volgorde < _eigen_volgorde(i):
            codes.append("adres-ook-door-ander-aangegeven")
    return [Bevinding(code) for code in codes]


def _gevonden(i: Invoer, zaken: Zaken, bekend: dict[str, Claim]) -> list[Bevinding]:
    codes = []
    for wie in i.aangifte.pseudoniemen:
        for zaak in zaken.per_verhuizer.get(wie, ()):
            if zaak.uuid == i.zaak:
                continue
            if zaak.soort == "adresonderzoek":
                codes.append("adresonderzoek-loopt")
            elif zaak.uuid not in bekend:
                codes.append("andere-open-verhuizing")
    return [Bevinding(code) for code in codes]


def p16_andere_zaken(i: Invoer) -> Uitslag:
    """No mover has another open move or address investigation; of two equal declarations the first received goes on.

    Source: policy on Awb 3:2 (careful preparation). Equal means same target and same date; first is the smallest (receipt,
    zaak uuid). The later one is ``dubbele-aangifte`` and linked; of two different ones both are orange. Of two households
    that declare one same address the first goes on and the later is looked at.
    """
    if isinstance(i.zaken, NietBeschikbaar):
        return oranje(BRON_WEG)
    claims = _claims_verhuizers(i)
    bevindingen, gekoppeld = _over_verhuizers(i, claims)
    bevindingen += _over_adres(i, claims)
    if i.zaken is not None:
        bevindingen += _gevonden(i, i.zaken, claims)
    elif not bevindingen:
        return UITSLAG_MIST
    return uitslag(bevindingen, gekoppeldeZaak=gekoppeld)


def _geldige(i: Invoer, wat: str | None) -> Iterable[Markering]:
    antwoord = i.antwoorden.get(i.sleutel(wat))
    for markering in antwoord.markeringen if antwoord else ():
        tot = lees_dag(markering.verloopt)
        if tot is None or i.ontvangst is None or tot >= i.ontvangst:
            yield markering


def _adressleutel(i: Invoer) -> str | None:
    return i.kandidaat.object_id if i.kandidaat else None


def p19_instelling(i: Invoer) -> Uitslag:
    """The new address is no institution or mass address, and no head of an institution declares.

    Source: Wet BRP 2.49 lid 1 onder d, 2.50 (institutions); the list is policy of the gemeente.
    """
    bevindingen = [
        Bevinding("aangifte-door-instelling", pseudoniem=verhuizer.pseudoniem)
        for verhuizer in i.aangifte.verhuizers
        if verhuizer.code == "H"
    ]
    adres = _adressleutel(i)
    if adres is None:
        return uitslag(bevindingen) if bevindingen else UITSLAG_MIST
    soorten = {markering.soort for markering in _geldige(i, adres)}
    bevindingen += [Bevinding(code) for soort, code in _LIJST.items() if soort in soorten]
    return uitslag(bevindingen)


def p20_aandacht(i: Invoer) -> Uitslag:
    """Neither a person nor the address is on the watch list of the gemeente on the day of receipt.

    Source: policy; each mark has a reason, an author, a second person and an expiry (Awb 3:2, AVG 5).
    """
    adres = _adressleutel(i)
    sleutels = (*i.aangifte.betrokkenen, *((adres,) if adres else ()))
    gemarkeerd = [wat for wat in sleutels if any(m.soort == "aandacht" for m in _geldige(i, wat))]
    return uitslag([Bevinding("op-aandachtslijst", pseudoniem=None if wat == adres else wat) for wat in gemarkeerd])
