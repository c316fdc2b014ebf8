# SPDX-License-Identifier: EUPL-1.2
"""Where the facts of one fetch are written down, each with its id (design, section 3), beside the new ``Stand``. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from connectors.zaak.bundel import Melding
from connectors.zaak.feitbouw import ONTVANGST, OVERIG, ZONDER_INHOUD, Concept, Omgeving
from connectors.zaak.stand import Gepubliceerd, Stand, exact_sha256, state_sha256
from connectors.zaak.tijd import moment, utc
from hub.besloten import Pseudonym, replace_bsns
from hub.events import ZAKEN, NewEvent, audit_trail_ids, fact_id, observed_id
from hub.privacy import mask_bsns

Json = Mapping[str, Any]
UPDATES: Final = frozenset({"update", "partial_update"})
CREATE: Final = "create"
UPDATE: Final = "update"
DESTROY: Final = "destroy"


class Boek:
    """Collects the events of one fetch of one zaak. ``stand`` is its own copy of what was published before."""

    def __init__(self, stand: Stand, omgeving: Omgeving, meldingen: Sequence[Melding], *, zaak_url: str) -> None:
        self.stand = stand.copy()
        self.omgeving = omgeving
        self.meldingen = sorted(meldingen, key=lambda melding: (utc(melding.aanmaakdatum), melding.id))
        self.zaak_url = zaak_url
        self.events: list[NewEvent] = []

    @property
    def zaak_key(self) -> str:
        """Return the resource key of the zaak."""
        return f"zaken/{self.omgeving.zaak_uuid}"

    def bron(self, key: str, soort: str) -> Gepubliceerd:
        """Return what was published about a resource, made when it is new."""
        return self.stand.bronnen.setdefault(key, Gepubliceerd(soort))

    def bekend(self, key: str) -> bool:
        """Return True when a resource was published and not removed since."""
        return key in self.stand.bronnen and not self.stand.bronnen[key].weg

    def sha256(self, soort: str, resource: Json) -> str:
        """Return the SHA-256 of a state, see ``sealed_sha256``."""
        return sealed_sha256(soort, resource, self.omgeving.pseudonym)

    # ------------------------------------------------------------------------------------------- with an audit trail

    def uit_spoor(self, entry: Json, concepts: Sequence[Concept], *, key: str, soort: str) -> None:
        """Write down what one entry gives: facts of the zaaksysteem under the entry's id, the hub's own beside it."""
        entry_uuid = entry_id(entry)
        own = tuple(concept.type for concept in concepts if not concept.van_hub)
        ids = dict(zip(own, audit_trail_ids(entry_uuid, own), strict=True))
        for concept in concepts:
            event_id = ids.get(concept.type) or fact_id(entry_uuid, concept.type)
            common = {
                "resourceUrl": mask_bsns(str(entry.get("resourceUrl") or self.zaak_url)),
                "aanmaakdatum": utc(entry.get("aanmaakdatum")) or None,
                "wie": _who(entry),
            }
            self._write(concept, event_id, common, self.bron(key, soort))

    # ---------------------------------------------------------------------------------------- without an audit trail

    def waargenomen(
        self, concept: Concept, *, key: str, soort: str, url: str, sha: str, actie: str, tijd_van: str | None = None
    ) -> None:
        """Write down what was seen at the resource itself; its time is that of the notification, when that came.

        ``tijd_van``: the resource whose notification tells the time, when that is another one.
        """
        bron = self.bron(key, soort)
        event_id = observed_id(
            resource_url=url, event_type=concept.type, previous_id=bron.laatste.get(concept.type), state_sha256=sha
        )
        aanmaakdatum = self.aanmaakdatum(tijd_van or key, actie)
        if aanmaakdatum is None and not concept.van_hub:
            bron.wacht[actie] = event_id
        common = {"resourceUrl": mask_bsns(url), "aanmaakdatum": aanmaakdatum, "wie": None}
        self._write(concept, event_id, common, bron)

    def aanmaakdatum(self, key: str, actie: str) -> str | None:
        """Return the time of the notification of ``actie`` on a resource: the newest open one for a change."""
        wanted = UPDATES if actie == UPDATE else {actie}
        found = [m for m in self.meldingen if m.key == key and m.actie in wanted and (m.open or actie != UPDATE)]
        return utc(found[-1 if actie == UPDATE else 0].aanmaakdatum) if found else None

    def late_ontvangsten(self) -> None:
        """Write down the receipts that came after the fact they belong to was fetched."""
        for key, bron in self.stand.bronnen.items():
            for actie, feit in list(bron.wacht.items()):
                received = self.aanmaakdatum(key, actie)
                if received is not None:
                    del bron.wacht[actie]
                    data = {"feit": feit, "aanmaakdatum": received}
                    self.eigen(Concept(type=ONTVANGST, data=data), fact_id(feit, ONTVANGST))

    # ------------------------------------------------------------------------------------------ notifications as facts

    def overig(self, melding: Melding) -> None:
        """Write down, once, that a resource of another kind changed."""
        if self._first_time(melding):
            common = {
                "resourceUrl": mask_bsns(melding.resource_url),
                "aanmaakdatum": utc(melding.aanmaakdatum),
                "wie": None,
            }
            concept = Concept(type=OVERIG, data={"resource": melding.resource, "actie": melding.actie})
            self._write(concept, fact_id(melding.resource_url, OVERIG, melding.id), common, None)

    def zonder_inhoud(self, melding: Melding) -> None:
        """Write down, once, what and when of a notification whose object can no longer be fetched."""
        if self._first_time(melding):
            data = {
                "resource": melding.resource,
                "resourceUrl": mask_bsns(melding.resource_url),
                "actie": melding.actie,
                "aanmaakdatum": utc(melding.aanmaakdatum),
            }
            self.eigen(Concept(type=ZONDER_INHOUD, data=data), fact_id(melding.resource_url, ZONDER_INHOUD, melding.id))

    def eigen(self, concept: Concept, event_id: str) -> None:
        """Write down a fact of the hub itself that stands beside the resources."""
        self.events.append(self._event(concept, event_id, concept.data, source=self.omgeving.hub))

    def aangifte(self, concept: Concept) -> None:
        """Write down the declaration as it reads now, unless it reads as before."""
        sha = exact_sha256({"data": concept.data, "besloten": replace_bsns(concept.besloten, self.omgeving.pseudonym, {})})
        if sha == self.stand.aangifte_sha256:
            return
        event_id = observed_id(
            resource_url=self.zaak_url,
            event_type=concept.type,
            previous_id=self.stand.aangifte_id or None,
            state_sha256=sha,
        )
        self.eigen(concept, event_id)
        self.stand.aangifte_id, self.stand.aangifte_sha256 = event_id, sha

    def _first_time(self, melding: Melding) -> bool:
        """Return False for what became an event before, also when another channel told of it, whose times are whole seconds."""
        known = set(self.stand.meldingen)
        if melding.id in known or any(m.id in known and _same_by_the_second(m, melding) for m in self.meldingen):
            return False
        self.stand.meldingen.append(melding.id)
        return True

    def _write(self, concept: Concept, event_id: str, common: Json, bron: Gepubliceerd | None) -> None:
        source = self.omgeving.hub if concept.van_hub else self.omgeving.bron
        self.events.append(self._event(concept, event_id, {**common, **concept.data}, source=source))
        if bron is not None:
            bron.laatste[concept.type] = event_id

    def _event(self, concept: Concept, event_id: str, data: Json, *, source: str) -> NewEvent:
        return NewEvent(
            id=event_id,
            type=concept.type,
            source=source,
            gemeente=self.omgeving.gemeente,
            topic=ZAKEN,
            key=self.omgeving.zaak_uuid,
            data=data,
            besloten=concept.besloten,
            correlationid=self.omgeving.zaak_uuid,
            dataref=data.get("resourceUrl") or self.zaak_url,
        )


def _same_by_the_second(one: Melding, other: Melding) -> bool:
    """Return True when two notifications tell of one change and one of them has no fraction of a second."""
    first, second = moment(one.aanmaakdatum), moment(other.aanmaakdatum)
    if first is None or second is None or (one.key, one.actie) != (other.key, other.actie):
        return False
    whole = not first.microsecond or not second.microsecond
    return whole and first.replace(microsecond=0) == second.replace(microsecond=0)


def sealed_sha256(soort: str, resource: Json, pseudonym: Pseudonym) -> str:
    """Return the SHA-256 of a state in which BSNs are pseudonyms, so that it cannot be searched by trying BSNs."""
    return state_sha256(soort, replace_bsns(resource, pseudonym, {}))


def entry_id(entry: Json) -> str:
    """Return the uuid of an audit-trail entry; a source that gives none that is a uuid gets one that follows from it."""
    text = str(entry.get("uuid", ""))
    try:
        return str(uuid.UUID(text))
    except ValueError:
        parts = (text, str(entry.get("resourceUrl")), str(entry.get("actie")), str(entry.get("aanmaakdatum")))
        return fact_id(*parts)


def _who(entry: Json) -> str | None:
    """Return who made an audit-trail entry, as identification: a name would be personal."""
    for name in ("gebruikersId", "applicatieWeergave", "applicatieId"):
        if entry.get(name):
            return mask_bsns(str(entry[name]))
    return None
