# SPDX-License-Identifier: EUPL-1.2
"""What a simulated gemeente holds, in memory: zaken with all that belongs to them, and the books kept about them."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

from connectors.zaak.simulator import catalogus
from connectors.zaak.simulator.config import GemeenteConfig, SimulatorConfig
from connectors.zaak.simulator.resource import Resource, namespace
from connectors.zaak.simulator.web import Json
from connectors.zaak.simulator.zaaknummers import Zaaknummers

ZAAK_LISTS = {"rollen": "rollen", "zaakobjecten": "zaakobjecten", "zaakeigenschappen": "eigenschappen"}


class Dossier:
    """Everything of one zaak. ``kinds`` holds its resources per kind (path segment), in order of creation."""

    __slots__ = ("_counters", "gemeente", "history", "kinds", "namespace", "trail", "zaak")

    def __init__(self, gemeente: Gemeente, zaak: Resource) -> None:
        self.gemeente = gemeente
        self.zaak = zaak
        self.namespace = uuid.UUID(zaak.data["uuid"])
        self.kinds: dict[str, dict[str, Resource]] = {}
        self.trail: list[Resource] = []
        self.history: list[Json] = []
        self._counters: Counter[str] = Counter()

    @property
    def uuid(self) -> str:
        """The uuid of the zaak."""
        return str(self.zaak.data["uuid"])

    @property
    def url(self) -> str:
        """The URL of the zaak."""
        return str(self.zaak.data["url"])

    @property
    def is_closed(self) -> bool:
        """True when the zaak has an einddatum."""
        return self.zaak.data["einddatum"] is not None

    def next_uuid(self, kind: str) -> str:
        """Return the uuid of the next ``kind`` of this zaak: it follows from the zaak and the running number."""
        self._counters[kind] += 1
        return str(uuid.uuid5(self.namespace, f"{kind}|{self._counters[kind]}"))

    def of(self, kind: str) -> dict[str, Resource]:
        """Return the resources of one kind."""
        return self.kinds.setdefault(kind, {})

    def store(self, kind: str, resource: Resource) -> None:
        """Put a new or changed resource in place; lists of URLs on the zaak follow."""
        self.of(kind)[resource.data["uuid"]] = resource
        self.gemeente.owners[kind][resource.data["uuid"]] = self
        self._refresh_list(kind)

    def remove(self, kind: str, resource: Resource) -> None:
        """Take a resource away."""
        del self.of(kind)[resource.data["uuid"]]
        del self.gemeente.owners[kind][resource.data["uuid"]]
        self._refresh_list(kind)

    def change(self, **values: Any) -> None:
        """Change values of the zaak itself."""
        self.zaak = self.zaak.with_values(**values)

    def _refresh_list(self, kind: str) -> None:
        if name := ZAAK_LISTS.get(kind):
            urls = [resource.data["url"] for resource in self.of(kind).values()]
            if urls != self.zaak.data[name]:
                self.change(**{name: urls})


class Gemeente:
    """One gemeente: its catalogus, zaken, objects, and the persons found in rollen."""

    KINDS = ("rollen", "statussen", "resultaten", "zaakobjecten", "zaakeigenschappen", "klantcontacten")

    def __init__(self, config: SimulatorConfig, gemeente: GemeenteConfig) -> None:
        self.config = gemeente
        self.slug = gemeente.slug
        self.namespace = uuid.uuid5(namespace(config.seed), gemeente.slug)
        self.root = f"{config.basis_url}/{gemeente.slug}"
        self.zaken_root = f"{self.root}/zaken/api/v1"
        self.catalogus = catalogus.build(config, gemeente)
        self.dossiers: dict[str, Dossier] = {}
        self.gone: dict[str, Dossier] = {}
        self.owners: dict[str, dict[str, Dossier]] = {kind: {} for kind in self.KINDS}
        self.by_bsn: dict[str, Counter[str]] = {}
        self.kanalen: dict[str, Resource] = {}
        self.abonnementen: dict[str, Resource] = {}
        self.autorisaties: dict[str, str] = {}
        self.eigenaren: dict[str, str] = {}
        self.objecten: dict[str, Resource] = {}
        self.zaaknummers = Zaaknummers()
        self._hints: Counter[str] = Counter()

    def next_uuid(self, kind: str, hint: str = "") -> str:
        """Return the next uuid of ``kind``: from ``hint`` and how often it was used, else from a running number."""
        name = f"{kind}|{hint}"
        self._hints[name] += 1
        return str(uuid.uuid5(self.namespace, f"{name}|{self._hints[name]}"))

    def dossier_at(self, url: object) -> Dossier | None:
        """Return the dossier of the zaak at ``url``, or None."""
        prefix = f"{self.zaken_root}/zaken/"
        if not isinstance(url, str) or not url.startswith(prefix):
            return None
        return self.dossiers.get(url[len(prefix) :])

    def newest_first(self) -> Iterator[Dossier]:
        """Iterate over all dossiers as Open Zaak lists them."""
        return reversed(self.dossiers.values())

    def forget(self, dossier: Dossier) -> None:
        """Delete physically (zrc-023): the zaak, its children and its audit trail. Only our own books remember it."""
        del self.dossiers[dossier.uuid]
        self.zaaknummers.release(dossier.zaak.data["bronorganisatie"], dossier.zaak.data["identificatie"])
        for kind, resources in dossier.kinds.items():
            for key in resources:
                del self.owners[kind][key]
        for resource in dossier.of("rollen").values():
            self.unlink_person(dossier, resource.data)
        dossier.trail = []
        self.gone[dossier.uuid] = dossier

    def link_person(self, dossier: Dossier, rol: Json) -> None:
        """Remember in which zaken a person has a rol, for searching by BSN."""
        if bsn := bsn_of(rol):
            self.by_bsn.setdefault(bsn, Counter())[dossier.uuid] += 1

    def unlink_person(self, dossier: Dossier, rol: Json) -> None:
        """Forget one rol of a person."""
        bsn = bsn_of(rol)
        if bsn and bsn in self.by_bsn:
            self.by_bsn[bsn] -= Counter({dossier.uuid: 1})


def bsn_of(rol: Json) -> str:
    """Return the BSN in a rol of a natural person, else an empty string."""
    if rol["betrokkeneType"] != "natuurlijk_persoon":
        return ""
    return str((rol["betrokkeneIdentificatie"] or {}).get("inpBsn", ""))
