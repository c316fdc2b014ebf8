# SPDX-License-Identifier: EUPL-1.2
"""A topic that was lost is filled again from the store, which has every event: the hub stopped, the new topic empty.

Its events get other offsets, so the flows begin it anew (they judge each stream at its head, and what was done is done), what
is parked for them is found in the store from now on, and the read models are built again.
"""

from __future__ import annotations

from contextlib import closing
from typing import Final

import structlog

from hub.discovery import connectors
from hub.errors import NotFound, Refused
from hub.events import topic_names
from hub.settings import Loaded
from hub.store.base import Connection
from hub.store.opening import Asked
from hub.store.place import place_of
from hub.topics import Topics

log = structlog.get_logger()
_OF_FLOWS: Final = "lid LIKE 'flow:%' AND stroom IN (SELECT id FROM stroom WHERE topic = ?)"


def herpubliceer(loaded: Loaded, topics: Topics, topic: str, *, reden: str) -> int:
    """Have all events of a topic published again at the next start; return how many. Refused while the topic holds anything."""
    if topic not in topic_names(connectors()):
        raise NotFound(f"{topic} is geen topic van Wissel; kies uit: {', '.join(topic_names(connectors()))}")
    assert loaded.kafka is not None
    name = loaded.kafka.name(topic)
    if any(part.end != part.begin for part in topics.parts() if part.topic == name):
        raise Refused(f"{name} is niet leeg: herpubliceren zou alles verdubbelen. Dit is alleen voor een nieuw, leeg topic")
    place = place_of(loaded)
    lock = place.lock(shared=False)
    lock.take()
    try:
        asked = Asked(
            tables={n: connector.tables for n, connector in connectors().items()},
            topics=dict.fromkeys(topic_names(connectors()), loaded.settings.log.partities),
            gemeenten=loaded.gemeenten,
            master_key=loaded.master_key,
        )
        with closing(place.open(asked)) as stores:
            count = stores.wissel.write(lambda db: _begin_again(db, topic)).result()
    finally:
        lock.release()
    log.warning("topic_published_again", topic=topic, aantal=count, reden=reden)
    return count


def _begin_again(db: Connection, topic: str) -> int:
    partitions = [row[0] for row in db.execute("SELECT id FROM partitie WHERE topic = ?", (topic,)).fetchall()]
    for partition in partitions:
        db.execute("DELETE FROM publicatie WHERE partitie = ?", (partition,))
        db.execute("DELETE FROM controlepunt WHERE partitie = ? AND lid LIKE 'flow:%'", (partition,))
    db.execute(
        "UPDATE geparkeerd SET plaats = (SELECT -g.plaats - 1 FROM gebeurtenis g WHERE g.stroom = geparkeerd.stroom"
        f" AND g.volgnummer = geparkeerd.volgnummer) WHERE plaats >= 0 AND {_OF_FLOWS}",
        (topic,),
    )
    query = "SELECT count(*) FROM gebeurtenis g JOIN stroom s ON s.id = g.stroom WHERE s.topic = ?"
    return int(db.execute(query, (topic,)).fetchone()[0])
