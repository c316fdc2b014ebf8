# SPDX-License-Identifier: EUPL-1.2
"""Rows 17 and 18: may the declarer speak for those who move along."""

from __future__ import annotations

from typing import Final

from hub.flows.verhuizing import plek
from hub.flows.verhuizing.aangifte import Verhuizer
from hub.flows.verhuizing.persoon import Gezag, Persoon
from hub.flows.verhuizing.plek import zelfde_plaats
from hub.flows.verhuizing.predicaten.basis import (
    BRON_LEVERT_NIET,
    UITSLAG_MIST,
    UITSLAG_NVT,
    Bevinding,
    Invoer,
    Uitslag,
    oranje,
    uitslag,
)

_ACHTTIEN: Final = 18
_MET_AANGEVER: Final = frozenset({"GezamenlijkOuderlijkGezag", "EenhoofdigOuderlijkGezag", "GezamenlijkGezag"})
_ZONDER: Final = {
    "Voogdij": "voogdij",
    "TijdelijkGeenGezag": "tijdelijk-geen-gezag",
    "GezagNietTeBepalen": "gezag-niet-te-bepalen",
}


def _kind(i: Invoer, kind: Persoon) -> str | None:
    leeftijd = kind.leeftijd_op(i.ontvangst) if i.ontvangst else None
    if leeftijd is None:
        return "geboortedatum-onvolledig"
    return None if leeftijd < _ACHTTIEN else "meerderjarig-kind-of-ouder"


def _onbewezen(i: Invoer, aangever: Persoon, code: str) -> str:
    if code == "M":
        return "machtiging"
    if not (i.levert("partners") and i.levert("kinderen")):
        return BRON_LEVERT_NIET
    zonder_bsn = any(partner.pseudoniem is None for partner in aangever.partners)
    return "partner-zonder-machtiging" if code == "P" and not zonder_bsn else "relatie-onbekend"


def _relatie(i: Invoer, aangever: Persoon, verhuizer: Verhuizer, persoon: Persoon) -> str | None:
    wie = verhuizer.pseudoniem
    if any(partner.pseudoniem == wie and partner.verbonden for partner in aangever.partners):
        # that it was not dissolved shows only from absence
        return None if i.levert("partners.ontbindingHuwelijkPartnerschap") else BRON_LEVERT_NIET
    if wie in aangever.kinderen:
        return _kind(i, persoon)
    if aangever.pseudoniem in persoon.kinderen:
        return "meerderjarig-kind-of-ouder"
    return None if verhuizer.code == "H" else _onbewezen(i, aangever, verhuizer.code)


def _woont_bij(aangever: Persoon, persoon: Persoon) -> str | None:
    zelfde = zelfde_plaats(aangever.plek, persoon.plek)
    if zelfde is None:
        return "adres-meeverhuizer-onbekend"
    return None if zelfde else "meeverhuizer-woont-elders"


def p17_meeverhuizers(i: Invoer) -> Uitslag:
    """Who moves along is the declarer's spouse, registered partner or own minor child, and lives with the declarer now.

    Source: Wet BRP 2.48, 2.49 (who may declare for whom, same target and date). An adult child or parent is legal too, but
    looked at (policy); an unmarried partner needs a written machtiging (2.49 lid 1 onder c). Not provable (no BSN): orange.
    """
    if i.aangifte.verhuizers_onleesbaar:
        return oranje("meeverhuizer-onleesbaar")  # somebody would stay behind while the others move
    meeverhuizers = [v for v in i.aangifte.verhuizers if v.pseudoniem != i.aangifte.aangever]
    if not meeverhuizers:
        return UITSLAG_NVT
    aangever = i.persoon(i.aangifte.aangever)
    if aangever is None:
        return UITSLAG_MIST
    mee = aangever.pseudoniem in i.verhuizend
    bevindingen = [] if mee else [Bevinding("aangever-verhuist-niet-mee")]
    for verhuizer in meeverhuizers:
        if persoon := i.persoon(verhuizer.pseudoniem):
            codes = (_relatie(i, aangever, verhuizer, persoon), _woont_bij(aangever, persoon))
            bevindingen += [Bevinding(code, pseudoniem=verhuizer.pseudoniem) for code in codes if code]
    return uitslag(bevindingen, meeverhuizers=len(meeverhuizers))


def _ander(i: Invoer, kind: Persoon, houder: str | None) -> str | None:
    if houder in i.verhuizend:
        return None
    ander = i.persoon(houder)
    if ander is None:
        return "andere-gezaghouder-onbekend"
    if ander.plek.soort in {plek.BUITENLAND, plek.ONBEKEND}:
        return None
    zelfde = zelfde_plaats(ander.plek, kind.plek)
    if zelfde is None:
        return "andere-gezaghouder-onbekend"
    return "andere-gezaghouder-blijft-achter" if zelfde else None


def _relatie_gezag(i: Invoer, kind: Persoon, gezag: Gezag) -> list[str]:
    if gezag.in_onderzoek:
        return ["gezag-in-onderzoek"]
    if gezag.soort not in _MET_AANGEVER:
        return [_ZONDER.get(gezag.soort, "gezag-niet-te-bepalen")]
    if i.aangifte.aangever not in gezag.houders:
        return ["aangever-heeft-geen-gezag"]
    anderen = (houder for houder in gezag.houders if houder != i.aangifte.aangever)
    return [code for houder in anderen if (code := _ander(i, kind, houder))]


def _gezag(i: Invoer, kind: Persoon) -> list[Bevinding]:
    wie = kind.pseudoniem
    leeftijd = kind.leeftijd_op(i.ontvangst) if i.ontvangst else None
    if leeftijd is None:
        return [Bevinding("geboortedatum-onvolledig", pseudoniem=wie)]
    relaties = [gezag for gezag in kind.gezag if gezag.minderjarige in {None, wie}]
    if not relaties:
        code = "geen-gezag-bekend" if i.levert("gezag") else BRON_LEVERT_NIET
        return [Bevinding(code, pseudoniem=wie)]
    codes = [code for gezag in relaties for code in _relatie_gezag(i, kind, gezag)]
    return [Bevinding(code, pseudoniem=wie) for code in codes]


def p18_gezag(i: Invoer) -> Uitslag:
    """Over each minor who moves along the declarer has gezag, and any other holder moves along or lives elsewhere already.

    Source: policy on BRP API gezag; the law (Wet BRP 2.48) says ouders, voogden, verzorgers. Voogdij, no gezag, gezag that
    cannot be determined and gezag under investigation are looked at.
    """
    if i.ontvangst is None:
        return UITSLAG_MIST
    mee = [i.persoon(wie) for wie in i.aangifte.pseudoniemen if wie != i.aangifte.aangever]
    minderjarigen = [kind for kind in mee if kind and kind.misschien_minderjarig(i.ontvangst)]
    if not minderjarigen:
        return UITSLAG_NVT
    bevindingen = [bevinding for kind in minderjarigen for bevinding in _gezag(i, kind)]
    return uitslag(bevindingen, minderjarigen=len(minderjarigen))
