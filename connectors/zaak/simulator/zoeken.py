# SPDX-License-Identifier: EUPL-1.2
"""Finding zaken: the filters of GET /zaken, and POST /zaken/_zoek with the same filters in its body."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from connectors.zaak.simulator.expand import expanded
from connectors.zaak.simulator.fields import VERTROUWELIJK
from connectors.zaak.simulator.paging import page, page_of
from connectors.zaak.simulator.state import Dossier, Gemeente
from connectors.zaak.simulator.web import ApiError, Json, Request, Response, encode, invalid, param

_BSN: Final = "rol__betrokkeneIdentificatie__natuurlijkPersoon__inpBsn"
_PLAIN: Final = {
    "identificatie": "",
    "bronorganisatie": "in",
    "zaaktype": "",
    "archiefnominatie": "in",
    "archiefactiedatum": "isnull lt gt",
    "archiefstatus": "in",
    "startdatum": "gt gte lt lte",
    "registratiedatum": "gt lt",
    "einddatum": "isnull gt lt",
    "einddatumGepland": "gt lt",
    "uiterlijkeEinddatumAfdoening": "gt lt",
}
_ROL: Final = {
    "rol__betrokkeneType": (None, "betrokkeneType"),
    "rol__betrokkene": (None, "betrokkene"),
    "rol__omschrijvingGeneriek": (None, "omschrijvingGeneriek"),
    _BSN: ("natuurlijk_persoon", "inpBsn"),
    "rol__betrokkeneIdentificatie__natuurlijkPersoon__anpIdentificatie": ("natuurlijk_persoon", "anpIdentificatie"),
    "rol__betrokkeneIdentificatie__natuurlijkPersoon__inpA_nummer": ("natuurlijk_persoon", "inpA_nummer"),
    "rol__betrokkeneIdentificatie__nietNatuurlijkPersoon__innNnpId": ("niet_natuurlijk_persoon", "innNnpId"),
    "rol__betrokkeneIdentificatie__nietNatuurlijkPersoon__annIdentificatie": (
        "niet_natuurlijk_persoon",
        "annIdentificatie",
    ),
    "rol__betrokkeneIdentificatie__vestiging__vestigingsNummer": ("vestiging", "vestigingsNummer"),
    "rol__betrokkeneIdentificatie__medewerker__identificatie": ("medewerker", "identificatie"),
    "rol__betrokkeneIdentificatie__organisatorischeEenheid__identificatie": (
        "organisatorische_eenheid",
        "identificatie",
    ),
}
_ORDERING: Final = frozenset(
    {"startdatum", "einddatum", "publicatiedatum", "archiefactiedatum", "registratiedatum", "identificatie"}
)
_CONTROL: Final = frozenset({"expand", "ordering", "page", "pageSize"})
FILTERS: Final = frozenset(
    {
        *_PLAIN,
        *(f"{name}__{operator}" for name, operators in _PLAIN.items() for operator in operators.split()),
        *_ROL,
        *_CONTROL,
        "maximaleVertrouwelijkheidaanduiding",
    }
)
_ZOEK_ONLY: Final = frozenset({"uuid__in", "zaaktype__in", "zaakgeometrie", "fields"})
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "": lambda value, wanted: value == wanted,
    "in": lambda value, wanted: value in _as_list(wanted),
    "isnull": lambda value, wanted: (value is None) == (wanted in {True, "true", "True", "1"}),
    "gt": lambda value, wanted: value is not None and value > wanted,
    "gte": lambda value, wanted: value is not None and value >= wanted,
    "lt": lambda value, wanted: value is not None and value < wanted,
    "lte": lambda value, wanted: value is not None and value <= wanted,
}


def list_zaken(request: Request) -> Response:
    """Answer the zaken that fit the query."""
    return _answer(request, request.query)


def zoek(request: Request) -> Response:
    """Answer the zaken that fit the body. An unknown key is refused: Open Zaak would ignore it and find too much."""
    wanted = request.json()
    if not wanted:
        raise _refused("empty_search_body", "Zoekparameters moeten opgegeven worden")
    unknown = sorted(wanted.keys() - FILTERS - _ZOEK_ONLY)
    if unknown:
        raise _refused("unknown-parameters", f"Onbekende query parameters: {', '.join(unknown)}")
    return _answer(request, wanted)


def _answer(request: Request, wanted: Mapping[str, Any]) -> Response:
    found = [dossier for dossier in _candidates(request.gemeente, wanted) if _fits(dossier, wanted)]
    if ordering := wanted.get("ordering"):
        _sort(found, str(ordering))
    number, size = page(request)
    expand = str(wanted.get("expand", ""))
    if expand and not request.app.storing.uitklappen:
        raise _refused("unknown-parameters", "Onbekende query parameters: expand")
    part = found[(number - 1) * size : number * size]
    return page_of(request, b",".join(_body(dossier, expand) for dossier in part), count=len(found))


def _candidates(gemeente: Gemeente, wanted: Mapping[str, Any]) -> Iterable[Dossier]:
    """Return a superset of what fits, newest first, as small as an index makes it."""
    uuids = wanted.get("uuid__in", None)
    if uuids is None and _BSN in wanted:
        uuids = gemeente.by_bsn.get(str(wanted[_BSN]), {})
    if uuids is None:
        return gemeente.newest_first()
    known = {str(key) for key in uuids} & gemeente.dossiers.keys()
    order = {key: number for number, key in enumerate(gemeente.dossiers)} if len(known) > 1 else {}
    return [gemeente.dossiers[key] for key in sorted(known, key=lambda key: -order.get(key, 0))]


def _fits(dossier: Dossier, wanted: Mapping[str, Any]) -> bool:
    zaak = dossier.zaak.data
    for name, value in wanted.items():
        if name in _CONTROL or name in {"uuid__in", "zaakgeometrie", "fields"}:
            continue
        if name == "maximaleVertrouwelijkheidaanduiding":
            if not _at_most(zaak["vertrouwelijkheidaanduiding"], value):
                return False
        elif not name.startswith("rol__"):
            field, _, operator = name.partition("__")
            if not _OPERATORS[operator](zaak[field], value):
                return False
    roles = {name: value for name, value in wanted.items() if name.startswith("rol__")}
    return not roles or any(_rol_fits(rol.data, roles) for rol in dossier.of("rollen").values())


def _rol_fits(rol: Json, wanted: Mapping[str, Any]) -> bool:
    for name, value in wanted.items():
        betrokkene_type, member = _ROL[name]
        place = rol if betrokkene_type is None else rol["betrokkeneIdentificatie"] or {}
        if betrokkene_type not in {None, rol["betrokkeneType"]} or place.get(member) != value:
            return False
    return True


def _at_most(aanduiding: str, highest: object) -> bool:
    return highest in VERTROUWELIJK and VERTROUWELIJK.index(aanduiding) <= VERTROUWELIJK.index(str(highest))


def _sort(dossiers: list[Dossier], ordering: str) -> None:
    name = ordering.removeprefix("-")
    if name not in _ORDERING:
        raise _refused("invalid_choice", f"Onbekende ordering: {ordering}", "ordering")
    dossiers.sort(key=lambda dossier: dossier.zaak.data[name] or "", reverse=ordering.startswith("-"))


def _body(dossier: Dossier, expand: str) -> bytes:
    extra = encode(expanded(dossier, expand)) if expand else b"{}"
    return dossier.zaak.body[:-1] + b',"_expand":' + extra + b"}"


def _as_list(wanted: object) -> list[Any]:
    return wanted if isinstance(wanted, list) else str(wanted).split(",")


def _refused(code: str, reason: str, name: str = "nonFieldErrors") -> ApiError:
    return invalid([param(name, code, reason)])
