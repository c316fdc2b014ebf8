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

    bron: Literal["zaakeigenschap", "zaakobject", "rol", "object", "zaak", "vast"] = Field(description="Where to look")
    naam: str = Field("", description="Name of the zaakeigenschap")
    soort: str = Field("", description="objectType of the zaakobject, or omschrijvingGeneriek of the rol")
    relatie: str = Field("", description="relatieomschrijving of the zaakobject")
    pad: str = Field("", description="Path inside what was found, with dots")
    waarde: str = Field("", description="The value, with bron `vast`")
    vertaal: dict[str, str] = Field(default_factory=dict, description="Value found = value meant")


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

    zaaktypen: tuple[str, ...] = Field(("B0366",), description="Zaaktypen that are declarations of a move")
    volledig_bij_status: bool = Field(
        True, description="With rol and address there and a status set, nothing more is waited for"
    )
    ontvangstdatum: Herkomsten = Field(
        (Herkomst(bron="zaak", pad="startdatum"),),
        description="Date of receipt: places to look, in order; the first that holds something counts",
    )
    kanaal: Herkomsten = Field(
        (
            Herkomst(bron="zaak", pad="communicatiekanaalNaam"),
            Herkomst(bron="zaak", pad="communicatiekanaal"),
        ),
        description="Channel of the declaration",
    )
    verhuisdatum: Herkomsten = Field((_eigenschap("VERHUISDATUM"),), description="Moving date")
    functie: Herkomsten = Field((_eigenschap("FUNCTIE_NIEUW"),), description="Woonadres or briefadres")
    inwonend: Herkomsten = Field((_eigenschap("INWONEND"),), description="Whether they move in with somebody")
    bsn_hoofdbewoner: Herkomsten = Field((_eigenschap("BSN_HOOFDBEWONER"),), description="Who lives there already")
    toestemming: Herkomsten = Field((_eigenschap("TOESTEMMING_HOOFDBEWONER"),), description="Whether that person agreed")
    meeverhuizers: Herkomsten = Field((_eigenschap("MEEVERHUIZERS"),), description="Who moves along, as JSON")
    meeverhuizers_bsn: str = Field("bsn", description="Key of the BSN in each of them")
    meeverhuizers_code: str = Field("code", description="Key of the code in each of them")
    aangever_verhuist: Herkomsten = Field(
        (_eigenschap("AANGEVER_VERHUIST_MEE"),), description="Whether the aangever moves too; without an answer yes"
    )
    bsn_aangever: Herkomsten = Field((_rol("betrokkeneIdentificatie.inpBsn"),), description="Who declares")
    authenticatie_middel: Herkomsten = Field((_rol("authenticatieContext.source"),), description="Means of login")
    authenticatie_niveau: Herkomsten = Field((_rol("authenticatieContext.levelOfAssurance"),), description="Level of login")
    machtiging: Herkomsten = Field((_rol("indicatieMachtiging"),), description="Whether somebody was given leave to declare")
    bag_id: Herkomsten = Field((_adres("identificatie"),), description="BAG id of the new address")
    straat: Herkomsten = Field(
        (_adres("gorOpenbareRuimteNaam"), _eigenschap("STRAATNAAM_NIEUW")), description="Street of the new address"
    )
    huisnummer: Herkomsten = Field((_adres("huisnummer"), _eigenschap("HUISNUMMER_NIEUW")), description="Number")
    huisletter: Herkomsten = Field((_adres("huisletter"), _eigenschap("HUISLETTER_NIEUW")), description="Letter")
    huisnummertoevoeging: Herkomsten = Field(
        (_adres("huisnummertoevoeging"), _eigenschap("TOEVOEGINGHUISNUMMER_NIEUW")), description="Addition"
    )
    postcode: Herkomsten = Field((_adres("postcode"), _eigenschap("POSTCODE_NIEUW")), description="Postcode")
    woonplaats: Herkomsten = Field((_adres("wplWoonplaatsNaam"), _eigenschap("WOONPLAATS_NIEUW")), description="Town")

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
