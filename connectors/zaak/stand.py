# SPDX-License-Identifier: EUPL-1.2
"""What was already published of one zaak: ids and SHA-256s, never personal data. Kept in ``zaak_stand``."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import msgspec

from connectors.zaak.tijd import utc

Regel = Literal["", "audittrail", "objecten"]
Json = Mapping[str, Any]
_JSON: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)

# What a zaak shows of its children, what the API derives, and what closing changes by itself: no change of the zaak.
AFGELEID: Final = frozenset(
    {
        "url",
        "uuid",
        "status",
        "rollen",
        "resultaat",
        "zaakobjecten",
        "eigenschappen",
        "zaakinformatieobjecten",
        "deelzaken",
        "einddatum",
        "archiefnominatie",
        "archiefactiedatum",
        "startdatumBewaartermijn",
        "laatstGemuteerd",
        "laatstGeopend",
        "communicatiekanaalNaam",
        "betalingsindicatieWeergave",
        "_expand",
    }
)
# The fields that make up an object's state; the others identify it or differ between an answer and an audit trail.
TOESTAND: Final[Mapping[str, tuple[str, ...]]] = {
    "status": ("statustype", "datumStatusGezet", "statustoelichting"),
    "rol": ("betrokkene", "betrokkeneType", "roltype", "roltoelichting", "indicatieMachtiging", "betrokkeneIdentificatie"),
    "resultaat": ("resultaattype", "toelichting"),
    "zaakobject": ("object", "objectType", "objectTypeOverige", "relatieomschrijving", "objectIdentificatie"),
    "zaakeigenschap": ("naam", "waarde"),
    "klantcontact": ("datumtijd", "kanaal", "onderwerp", "toelichting"),
}


@dataclass(slots=True)
class Gepubliceerd:
    """What was published about one resource.

    ``laatste``: event type -> id of the last event of that type. ``sha256``: of its state. ``wacht``: actie -> id of the
    event whose notification was not received yet. ``weg``: it was removed.
    """

    soort: str
    sha256: str = ""
    laatste: dict[str, str] = field(default_factory=dict)
    wacht: dict[str, str] = field(default_factory=dict)
    weg: bool = False


@dataclass(slots=True)
class Stand:
    """What was published of one zaak, by resource key.

    ``regel``: by which rule its ids are made. ``spoor``: uuids of the audit-trail entries that were handled.
    ``velden``: SHA-256 per field of the zaak. ``meldingen``: ids of notifications that became an event of their own.
    ``aangifte``: id and SHA-256 of the last declaration. ``eerste_404``: when the zaak was first not found (RFC 3339).
    ``beeld``: SHA-256 of the zaak as it was fetched last, ``gemuteerd`` its laatstGemuteerd (Open Zaak): to compare lists with.
    """

    regel: Regel = ""
    bronnen: dict[str, Gepubliceerd] = field(default_factory=dict)
    spoor: list[str] = field(default_factory=list)
    velden: dict[str, str] = field(default_factory=dict)
    meldingen: list[str] = field(default_factory=list)
    gesloten: bool = False
    gesloten_bij_eerste: bool = False
    opgeschort: bool = False
    verlengd: str = ""
    verwijderd: bool = False
    eerste_404: str = ""
    aangifte_id: str = ""
    aangifte_sha256: str = ""
    beeld: str = ""
    gemuteerd: str = ""

    @property
    def bekend(self) -> bool:
        """Return True when the registration of the zaak was published and it was not deleted since."""
        return any(entry.soort == "zaak" and not entry.weg for entry in self.bronnen.values())

    def copy(self) -> Stand:
        """Return a copy that shares nothing that changes."""
        bronnen = {key: replace(b, laatste=dict(b.laatste), wacht=dict(b.wacht)) for key, b in self.bronnen.items()}
        spoor, velden, meldingen = list(self.spoor), dict(self.velden), list(self.meldingen)
        return replace(self, bronnen=bronnen, spoor=spoor, velden=velden, meldingen=meldingen)

    def to_json(self) -> str:
        """Return it as text for ``zaak_stand``."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str | None) -> Stand:
        """Return what ``to_json`` wrote; an empty one for None."""
        return msgspec.json.decode(text, type=cls) if text else cls()


def canonical(value: Any) -> str:
    """Return ``value`` as canonical JSON in which absent, null, false and empty are the same."""
    return _JSON.encode(_lean(value))


def sha256(value: Any) -> str:
    """Return the SHA-256 of ``canonical(value)``."""
    return _digest(canonical(value))


def exact_sha256(value: Any) -> str:
    """Return the SHA-256 of ``value`` as JSON in which no, unknown and absent differ."""
    return _digest(_JSON.encode(value))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def state_sha256(soort: str, resource: Json) -> str:
    """Return the SHA-256 of the state of a resource: equal whether it came from an answer or from an audit trail."""
    fields = TOESTAND.get(soort)
    if fields is None:
        return sha256({name: value for name, value in resource.items() if name not in AFGELEID})
    times = ("datumStatusGezet", "datumtijd")
    return sha256({name: utc(resource.get(name)) if name in times else resource.get(name) for name in fields})


def velden_van(zaak: Json) -> dict[str, str]:
    """Return a short SHA-256 per own field of a zaak, to see later which ones changed."""
    return {name: sha256(value)[:16] for name, value in zaak.items() if name not in AFGELEID}


def _lean(value: Any) -> Any:
    if isinstance(value, Mapping):
        lean = {key: _lean(item) for key, item in value.items()}
        return {key: item for key, item in lean.items() if item not in (None, "", False, [], {})}
    return [_lean(item) for item in value] if isinstance(value, (list, tuple)) else value
