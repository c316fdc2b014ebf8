# SPDX-License-Identifier: EUPL-1.2
"""Where each item of a declaration comes from: configuration per gemeente, and the pure reading of one item."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Json = AbstractMapping[str, Any]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Herkomst(_Strict):
    """One place to look for one item.

    ``zaakeigenschap``: the waarde of eigenschap ``naam``, or ``pad`` inside it when it holds JSON.
    ``zaakobject``: ``pad`` in objectIdentificatie of the zaakobject with objectType ``soort`` (and relatieomschrijving
    ``relatie`` when given); for ``overige`` the path starts inside ``overigeData``.
    ``rol``: ``pad`` in the rol whose omschrijvingGeneriek is ``soort`` (default initiator).
    ``object``: ``pad`` in the object a zaakobject points at (Objects API: starts at ``record.data``).
    ``zaak``: ``pad`` in the zaak. ``vast``: ``waarde``, always.
    ``vertaal`` rewrites a value (compared without regard to case) before it is judged.
    """

    bron: Literal["zaakeigenschap", "zaakobject", "rol", "object", "zaak", "vast"]
    naam: str = ""
    soort: str = ""
    relatie: str = ""
    pad: str = ""
    waarde: str = ""
    vertaal: dict[str, str] = Field(default_factory=dict)


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, (dict, Herkomst)) else value


Herkomsten = Annotated[tuple[Herkomst, ...], BeforeValidator(_as_tuple)]


def _eigenschap(naam: str, pad: str = "") -> Herkomst:
    return Herkomst(bron="zaakeigenschap", naam=naam, pad=pad)


def _adres(pad: str) -> Herkomst:
    return Herkomst(bron="zaakobject", soort="adres", pad=pad)


def _rol(pad: str) -> Herkomst:
    return Herkomst(bron="rol", soort="initiator", pad=pad)


class Mapping(_Strict):
    """From a zaak to a declaration: for each item the places to look, in order; the first that holds something counts.

    ``volledig_bij_status``: e-forms set the first status last, so once the initiator and an address are there and a status
    is set, nothing more is waited for. Otherwise the flow waits as long as its profile says.
    """

    zaaktypen: tuple[str, ...] = ("B0366",)
    volledig_bij_status: bool = True
    ontvangstdatum: Herkomsten = (Herkomst(bron="zaak", pad="startdatum"),)
    kanaal: Herkomsten = (
        Herkomst(bron="zaak", pad="communicatiekanaalNaam"),
        Herkomst(bron="zaak", pad="communicatiekanaal"),
    )
    verhuisdatum: Herkomsten = (_eigenschap("VERHUISDATUM"),)
    functie: Herkomsten = (_eigenschap("FUNCTIE_NIEUW"),)
    inwonend: Herkomsten = (_eigenschap("INWONEND"),)
    bsn_hoofdbewoner: Herkomsten = (_eigenschap("BSN_HOOFDBEWONER"),)
    toestemming: Herkomsten = (_eigenschap("TOESTEMMING_HOOFDBEWONER"),)
    meeverhuizers: Herkomsten = (_eigenschap("MEEVERHUIZERS"),)
    meeverhuizers_bsn: str = "bsn"
    meeverhuizers_code: str = "code"
    aangever_verhuist: Herkomsten = (_eigenschap("AANGEVER_VERHUIST_MEE"),)
    bsn_aangever: Herkomsten = (_rol("betrokkeneIdentificatie.inpBsn"),)
    authenticatie_middel: Herkomsten = (_rol("authenticatieContext.source"),)
    authenticatie_niveau: Herkomsten = (_rol("authenticatieContext.levelOfAssurance"),)
    machtiging: Herkomsten = (_rol("indicatieMachtiging"),)
    bag_id: Herkomsten = (_adres("identificatie"),)
    straat: Herkomsten = (_adres("gorOpenbareRuimteNaam"), _eigenschap("STRAATNAAM_NIEUW"))
    huisnummer: Herkomsten = (_adres("huisnummer"), _eigenschap("HUISNUMMER_NIEUW"))
    huisletter: Herkomsten = (_adres("huisletter"), _eigenschap("HUISLETTER_NIEUW"))
    huisnummertoevoeging: Herkomsten = (_adres("huisnummertoevoeging"), _eigenschap("TOEVOEGINGHUISNUMMER_NIEUW"))
    postcode: Herkomsten = (_adres("postcode"), _eigenschap("POSTCODE_NIEUW"))
    woonplaats: Herkomsten = (_adres("wplWoonplaatsNaam"), _eigenschap("WOONPLAATS_NIEUW"))

    def herkomsten(self) -> Iterator[Herkomst]:
        """Yield every place this mapping looks at."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, tuple):
                yield from (source for source in value if isinstance(source, Herkomst))


@dataclass(frozen=True, slots=True, kw_only=True)
class Zaakbeeld:
    """A zaak as it stands now: ZGW objects as the API spells them, each by its resource key (``rollen/<uuid>``).

    ``aanvragen``: objects behind ``zaakobject.object``, by that URL. ``typen``: catalogue objects by resource key.
    """

    zaak: Json
    rollen: AbstractMapping[str, Json] = field(default_factory=dict)
    statussen: AbstractMapping[str, Json] = field(default_factory=dict)
    zaakobjecten: AbstractMapping[str, Json] = field(default_factory=dict)
    eigenschappen: AbstractMapping[str, Json] = field(default_factory=dict)
    aanvragen: AbstractMapping[str, Json] = field(default_factory=dict)


def lees(beeld: Zaakbeeld, sources: Iterable[Herkomst]) -> Any:
    """Return the first value that is there (not empty), or None. Never raises, whatever the zaak holds."""
    for source in sources:
        for value in _READERS[source.bron](beeld, source):
            if value not in (None, "", [], {}):
                return _translated(value, source.vertaal)
    return None


def volg(node: Any, path: str) -> Any:
    """Return what stands at a dotted path, list positions as numbers; None when it is not there."""
    for part in path.split(".") if path else ():
        if isinstance(node, AbstractMapping):
            node = node.get(part)
        elif isinstance(node, list) and part.isdecimal() and int(part) < len(node):
            node = node[int(part)]
        else:
            return None
    return node


def _translated(value: Any, table: AbstractMapping[str, str]) -> Any:
    if not table or not isinstance(value, str):
        return value
    return {key.casefold(): text for key, text in table.items()}.get(value.strip().casefold(), value)


def _from_eigenschap(beeld: Zaakbeeld, source: Herkomst) -> Iterator[Any]:
    for eigenschap in beeld.eigenschappen.values():
        if str(eigenschap.get("naam", "")).casefold() == source.naam.casefold():
            waarde = eigenschap.get("waarde")
            yield volg(_as_json(waarde), source.pad) if source.pad else waarde


def _from_zaakobject(beeld: Zaakbeeld, source: Herkomst) -> Iterator[Any]:
    for zaakobject in _zaakobjecten(beeld, source):
        inhoud = zaakobject.get("objectIdentificatie") or {}
        yield volg(inhoud.get("overigeData", inhoud) if isinstance(inhoud, AbstractMapping) else None, source.pad)


def _from_rol(beeld: Zaakbeeld, source: Herkomst) -> Iterator[Any]:
    wanted = (source.soort or "initiator").casefold()
    for rol in beeld.rollen.values():
        if str(rol.get("omschrijvingGeneriek", "")).casefold() == wanted:
            yield volg(rol, source.pad)


def _from_object(beeld: Zaakbeeld, source: Herkomst) -> Iterator[Any]:
    for zaakobject in _zaakobjecten(beeld, source):
        found = beeld.aanvragen.get(str(zaakobject.get("object") or ""))
        if found is not None:
            data = volg(found, "record.data")
            yield volg(found if data is None else data, source.pad)


def _from_zaak(beeld: Zaakbeeld, source: Herkomst) -> Iterator[Any]:
    yield volg(beeld.zaak, source.pad)


def _fixed(_beeld: Zaakbeeld, source: Herkomst) -> Iterator[Any]:
    yield source.waarde


def _zaakobjecten(beeld: Zaakbeeld, source: Herkomst) -> Iterator[Json]:
    for zaakobject in beeld.zaakobjecten.values():
        kinds = {str(zaakobject.get(name, "")).casefold() for name in ("objectType", "objectTypeOverige")}
        relatie = str(zaakobject.get("relatieomschrijving", "")).casefold()
        if (not source.soort or source.soort.casefold() in kinds) and source.relatie.casefold() in ("", relatie):
            yield zaakobject


def _as_json(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


_READERS: Final = {
    "zaakeigenschap": _from_eigenschap,
    "zaakobject": _from_zaakobject,
    "rol": _from_rol,
    "object": _from_object,
    "zaak": _from_zaak,
    "vast": _fixed,
}
