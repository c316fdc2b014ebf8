# SPDX-License-Identifier: EUPL-1.2
"""Forgetting one subject on an operator's order: what is destroyed with it, by whom and why, and the proof that is kept.

A person's own keys go, and the keys of zaken in which nobody else has a part: those hold the person's address. A zaak that
is shared with others is named, and destroyed only when that is asked. The proof holds pseudonyms and key ids, no data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

import structlog

from hub.clock import from_microseconds, rfc3339, to_microseconds
from hub.errors import HubError, Invalid, NotFound, niet_ingevuld
from hub.events import ZAKEN, uuid_text
from hub.plugins import ReadTx, Tx
from hub.privacy import Bsn, elfproef, mask_bsns
from hub.store.put import StoreTx

if TYPE_CHECKING:
    from hub.core import Core

log = structlog.get_logger()
_ZAAK: Final = "zaak:"
_ADRES: Final = "adres:"
_PROOFS: Final = (
    "SELECT v.id, v.op, v.gemeente, v.subject, v.klasse, v.reden, v.door, v.tweede_persoon, v.stromen, v.gebeurtenissen,"
    " v.gedaan, (SELECT count(*) FROM vernietigde_sleutel s WHERE s.vernietiging = v.id),"
    " (SELECT max(k.bewaren_tot) FROM sleutelkopie k WHERE k.op <= v.op) FROM vernietiging v ORDER BY v.id"
)
_INSERT: Final = (
    "INSERT INTO vernietiging (op, gemeente, subject, klasse, reden, door, tweede_persoon, stromen, gebeurtenissen)"
    " VALUES (?,?,?,?,?,?,?,?,?) RETURNING id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be destroyed: ``sleutels`` in ``stromen`` streams, with which ``gebeurtenissen`` events become unreadable.

    ``zaken`` go with the person, ``gedeeld`` are shared with others and stay.
    """

    gemeente: str
    subject: str
    klasse: str
    sleutels: tuple[str, ...]
    zaken: tuple[str, ...]
    gedeeld: tuple[str, ...]
    stromen: int
    gebeurtenissen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Bewijs:
    """Proof of one destruction. ``kopieen_tot``: until when recorded backups of the keys from before it exist."""

    nummer: int
    op: str
    gemeente: str
    subject: str
    klasse: str
    reden: str
    door: str
    tweede_persoon: str
    stromen: int
    gebeurtenissen: int
    gedaan: bool
    sleutels: int
    kopieen_tot: str | None


@runtime_checkable
class Vergeet(Protocol):
    """A connector that keeps something of a subject of its own accord, and lets go of it."""

    def vergeet(self, tx: Tx, gemeente: str, subject: str) -> None:
        """Remove what is kept about this subject, in the transaction that orders its destruction."""


class Vergeten:
    """Forgets subjects and keeps the proof. Call from any thread but a writer's."""

    def __init__(self, hub: Core) -> None:
        self._hub = hub

    def plan(self, gemeente: str, subject: str, *, klasse: str | None = None, ook_gedeeld: bool = False) -> Plan:
        """Return what would be destroyed. NotFound when nothing readable is kept about the subject."""
        keys = self._hub.keys
        own = keys.of_subject(gemeente, subject, klasse)
        zaken = self._zaken(own) if not subject.startswith((_ZAAK, _ADRES)) else {}
        alone = {zaak for zaak, others in zaken.items() if ook_gedeeld or not others - {subject}}
        with_zaken = [key for zaak in sorted(alone) for key in keys.of_subject(gemeente, _ZAAK + zaak, klasse)]
        found = sorted({*own, *with_zaken})
        if not found:
            raise NotFound(f"van {subject} in {gemeente} is niets (meer) te lezen dat vernietigd kan worden")
        streams = self._streams(found)
        return Plan(
            gemeente=gemeente,
            subject=subject,
            klasse=klasse or "",
            sleutels=tuple(found),
            zaken=tuple(sorted(alone)),
            gedeeld=tuple(sorted(zaken.keys() - alone)),
            stromen=len(streams),
            gebeurtenissen=sum(self._sealed(stream, set(found)) for stream in streams),
        )

    def voer_uit(self, plan: Plan, *, reden: str, door: str, tweede_persoon: str) -> Bewijs:
        """Destroy what a plan says and return the proof. Invalid without a reason and two different people."""
        why = _checked(reden, door, tweede_persoon)
        now_us = to_microseconds(self._hub.clock.now())

        def order(tx: Tx) -> int:
            row = tx.one(
                _INSERT,
                (now_us, plan.gemeente, plan.subject, plan.klasse, *why, plan.stromen, plan.gebeurtenissen),
            )
            assert row is not None
            tx.executemany("INSERT INTO vernietigde_sleutel VALUES (?, ?)", [(row[0], key) for key in plan.sleutels])
            for connector in self._hub.connectors.values():
                if isinstance(connector, Vergeet):
                    connector.vergeet(tx, plan.gemeente, plan.subject)
            return int(row[0])

        number = self._write(order)
        self._finish(number, plan.sleutels)
        return next(proof for proof in self.bewijzen() if proof.nummer == number)

    def hervat(self) -> None:
        """Finish what was ordered and not done when the hub died."""
        open_ones = self._hub.read_now(lambda tx: tx.all("SELECT id FROM vernietiging WHERE gedaan = 0 ORDER BY id"))
        for (number,) in open_ones:
            self._finish(number, self._ids("SELECT key_id FROM vernietigde_sleutel WHERE vernietiging = ?", number))

    def bewijzen(self) -> list[Bewijs]:
        """Return the proof of every destruction that was ordered, oldest first."""
        return [_proof(row) for row in self._hub.read_now(lambda tx: tx.all(_PROOFS))]

    def noteer_kopie(self, doel: str, bewaren_tot: str | None) -> str:
        """Record that the keys were copied, and return until when that copy is kept."""
        now = self._hub.clock.now()
        until = _date(bewaren_tot) or (now + timedelta(days=self._hub.settings.sleutels.kopie_bewaren_dagen)).date()
        row = (to_microseconds(now), doel, until.isoformat())
        self._write(lambda tx: tx.execute("INSERT INTO sleutelkopie (op, doel, bewaren_tot) VALUES (?,?,?)", row))
        return until.isoformat()

    def _finish(self, number: int, key_ids: Sequence[str]) -> None:
        self._hub.vernietiging.sleutels(key_ids)
        self._write(lambda tx: tx.execute("UPDATE vernietiging SET gedaan = 1 WHERE id = ?", (number,)))
        log.info("subject_forgotten", bewijs=number, sleutels=len(key_ids))

    def _write(self, work: Any) -> Any:
        hub = self._hub
        return hub.database.write(lambda db: work(StoreTx(db, hub.tables, hub.clock.now())), urgent=True).result()

    def _zaken(self, key_ids: Sequence[str]) -> Mapping[str, set[str]]:
        """Return zaak -> the people of whom something readable is sealed in its stream."""
        found: dict[str, set[str]] = {}
        for stream in self._streams(key_ids):
            name = self._hub.log.streams([stream])[stream]
            if name.topic == ZAKEN:
                here = self._ids("SELECT key_id FROM sleutel_stroom WHERE stroom = ?", stream)
                refs = [key.ref.subject for key in map(self._hub.keys.by_id, here) if key.cipher is not None]
                found[name.key] = {subject for subject in refs if not subject.startswith((_ZAAK, _ADRES))}
        return found

    def _ids(self, query: str, of: int) -> list[str]:
        return [row[0] for row in self._hub.read_now(lambda tx: tx.all(query, (of,)))]

    def _streams(self, key_ids: Sequence[str]) -> list[int]:
        def read(tx: ReadTx) -> list[int]:
            query = "SELECT stroom FROM sleutel_stroom WHERE key_id = ?"
            return sorted({row[0] for key_id in key_ids for row in tx.all(query, (key_id,))})

        return self._hub.read_now(read)

    def _sealed(self, stream: int, key_ids: set[str]) -> int:
        """Return how many events of a stream hold something sealed with one of these keys."""
        count = 0
        for record in self._hub.log.tail(stream, 0):
            try:
                _, _, elements = self._hub.codec.decode(uuid_text(record.event_id), record.value)
            except HubError:  # it does not read as an event, so nothing in it can be read as somebody's either
                continue
            count += any(element.key_id in key_ids for element in elements)
        return count


def subject_of(gemeente: Any, *, subject: str | None, bsn: str | None) -> str:
    """Return whom it is about: a pseudonym, ``zaak:<uuid>`` or ``adres:<BAG id>``, or the pseudonym of a BSN.

    Invalid when a burgerservicenummer stands where it would stay in the history of a shell.
    """
    if subject:
        if elfproef(subject.rpartition(":")[2]) or mask_bsns(subject) != subject:
            raise Invalid([("subject", "is een burgerservicenummer: laat --subject weg, het wordt dan gevraagd")])
        return subject
    try:
        return str(gemeente.pseudonym(Bsn(bsn or "")))
    except ValueError:
        raise Invalid([("bsn", "is geen geldig burgerservicenummer: negen cijfers die de elfproef doorstaan")]) from None


def as_dict(value: Plan | Bewijs) -> dict[str, Any]:
    """Return a plan or proof for JSON."""
    return asdict(value)


def _checked(reden: str, door: str, tweede_persoon: str) -> tuple[str, str, str]:
    problems = niet_ingevuld(reden=reden, door=door, tweede_persoon=tweede_persoon)
    if not problems and door.strip().casefold() == tweede_persoon.strip().casefold():
        problems = [("tweede-persoon", "moet iemand anders zijn dan wie het doet")]
    if problems:
        raise Invalid(problems)
    return mask_bsns(reden.strip()), mask_bsns(door.strip()), mask_bsns(tweede_persoon.strip())


def _proof(row: Sequence[Any]) -> Bewijs:
    names = tuple(Bewijs.__dataclass_fields__)
    values = dict(zip(names, row, strict=True))
    return Bewijs(**{**values, "op": rfc3339(from_microseconds(row[1])), "gedaan": bool(values["gedaan"])})


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid([("bewaren-tot", "is geen datum die bestaat; schrijf JJJJ-MM-DD")]) from None
