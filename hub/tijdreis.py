# SPDX-License-Identifier: EUPL-1.2
"""What was known then: a zaak's rows folded from its own stream up to a sequence, or up to a time.

A time is the longest prefix of the stream of which no event was logged later; a clock that was put back makes no gap in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from hub import parking
from hub.batches import Decoder
from hub.clock import AMSTERDAM, to_microseconds
from hub.errors import Invalid, NotFound
from hub.events import ZAKEN
from hub.log.base import Record
from hub.plugins import Projection, Row
from hub.projecting import fold, steps_of
from hub.readmodels import member_name

if TYPE_CHECKING:
    from hub.core import Core

Moment = int | datetime
_ASK: Final = "schrijf een tijdstip (JJJJ-MM-DDTUU:MM), een dag (JJJJ-MM-DD) of een volgnummer van 1 of hoger"
_DAY: Final = len("2026-03-03")


def lees_moment(text: str, veld: str = "moment") -> Moment:
    """Return what a person wrote: a sequence, a time (Dutch time when it has no offset), or a day, which is up to its end."""
    text = text.strip()
    try:
        if text.isdecimal() and int(text) > 0:
            return int(text)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid([(veld, _ASK)]) from None
    if len(text) == _DAY:
        moment = datetime.combine(moment.date(), time.max)
    return moment if moment.tzinfo else moment.replace(tzinfo=AMSTERDAM)


def tot_en_met(records: Sequence[Record], moment: Moment) -> list[Record]:
    """Return the prefix of a stream that was known at a moment."""
    if isinstance(moment, int):
        return list(takewhile(lambda record: record.sequence <= moment, records))
    until_us = to_microseconds(moment)
    return list(takewhile(lambda record: record.time_us <= until_us, records))


def toen_en_nu(hub: Core, key: str, moment: Moment) -> dict[str, Any]:
    """Return the rows of a zaak then and now, per read model, for an operator: what is sealed is shown as that alone."""
    head = hub.log.head(ZAKEN, key)
    gemeente = hub.log.streams([head.id])[head.id].gemeente
    names = [p.name for p in hub.plugins.projections.values() if ZAKEN in p.topics and p.per == "stroom"]
    rows = {
        name: {
            "toen": _shown(hub.tijdreis.stand(name, gemeente=gemeente, key=key, moment=moment)),
            "nu": _shown(hub.read_model(name).get(gemeente, key)),
        }
        for name in sorted(names)
    }
    then = hub.tijdreis.positie(gemeente=gemeente, key=key, moment=moment)
    return {"zaak": key, "volgnummer": then, "nu": head.sequence, "leesmodellen": rows}


def _shown(value: Any) -> Any:
    """Return a row as JSON holds it; bytes are what is sealed."""
    if isinstance(value, dict):
        return {str(key): _shown(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(inner) for inner in value]
    return "(verzegeld)" if isinstance(value, bytes) else value


class Tijdreis:
    """Folds rows as they were. Reads the log alone, and changes nothing."""

    def __init__(self, hub: Core) -> None:
        self._hub = hub

    def stand(self, projection: str, *, gemeente: str, key: str, moment: Moment) -> Row | None:
        """Return the row of a zaak as a projection had it at that moment; None when it had none.

        NotFound when this gemeente has no such zaak. What cannot be applied ends it, as it parks the stream.
        """
        found = self._hub.plugins.projections.get(projection)
        if found is None or ZAKEN not in found.topics or found.per != "stroom":
            raise NotFound(f"er is geen leesmodel {projection} met een rij per zaak")
        stream = self._stream(gemeente, key)
        records = tot_en_met(self._hub.log.tail(stream, 0), moment)
        return self._fold(found, stream, records) if records else None

    def positie(self, *, gemeente: str, key: str, moment: Moment) -> int:
        """Return the last sequence that was known at that moment, 0 for none."""
        stream = self._stream(gemeente, key)
        records = tot_en_met(self._hub.log.tail(stream, 0), moment)
        return records[-1].sequence if records else 0

    def _stream(self, gemeente: str, key: str) -> int:
        head = self._hub.log.head(ZAKEN, key)
        name = self._hub.log.streams([head.id])[head.id]
        if name.gemeente != gemeente:
            raise NotFound("Deze zaak is hier niet bekend. Kijk of het nummer klopt.")
        return head.id

    def _fold(self, projection: Projection, stream: int, records: Sequence[Record]) -> Row | None:
        with self._hub.database.reader() as db:
            skipped = parking.skipped(db, member_name(projection.name, projection.version, 0))
        items = Decoder(self._hub.log, [projection]).decode(records, None).get(stream, ())
        return fold(None, steps_of(projection, items, skipped), False, [])
