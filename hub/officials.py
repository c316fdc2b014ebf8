# SPDX-License-Identifier: EUPL-1.2
"""Officials' commands: judged on the sequence they were given on, put down once per token, in any process (R7)."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any, Final

import structlog

from hub.errors import Conflict, KeyDestroyed, LostRace, NotFound, Rejected
from hub.events import command_id
from hub.flows.answers import Draft, Effects, put_effects

if TYPE_CHECKING:  # the hub hands commands to these
    from hub.core import Core

log = structlog.get_logger()
_RESEALS: Final = 5
_RESEAL_S: Final = 0.1


class Officials:
    """Gives commands to flows and tells in which state a stream is."""

    def __init__(self, hub: Core) -> None:
        self._hub = hub

    def flow_state(self, flow: str, *, gemeente: str, key: str) -> tuple[Any, int]:
        """Return (state, sequence) of a stream, folded to its head."""
        found = self._hub.plugins.flows[flow]
        stream, name = self._stream(found.topic, gemeente, key)
        state, sequence, _ = self._hub.flow_runner.fold(found, stream, name)
        return state, sequence

    async def command(self, flow: str, *, gemeente: str, key: str, command: Any, sequence: int, token: str, actor: str) -> int:
        """Give an official's command to a flow; the same token again gives the same facts, once (R7)."""
        found = self._hub.plugins.flows[flow]
        stream, name = self._stream(found.topic, gemeente, key)
        cause = command_id(gemeente=gemeente, zaak=key, token=token)
        for _ in range(_RESEALS):
            if (done := self._already(stream, cause)) is not None:
                return done
            state, now_at, head = self._hub.flow_runner.fold(found, stream, name)
            assert head is not None
            try:
                answers = found.handle(state, command)
            except Rejected:
                if (done := self._already(stream, cause)) is not None:
                    return done  # the same click came twice at once: the other one was put down after we looked
                raise
            if now_at != sequence:
                judged, _, _ = self._hub.flow_runner.fold(found, stream, name, up_to=sequence)
                if found.handle(judged, command) != answers:
                    raise Conflict("de zaak is intussen veranderd; bekijk de zaak opnieuw en beslis dan")
            now = self._hub.clock.now()
            draft = Draft(flow=found, gemeente=self._hub.gemeenten[gemeente], now=now, state=state, head=head)
            draft.take(answers, cause_id=cause)
            effects = Effects.of(draft.settled(), self._hub.door, now)
            try:
                await self.put_down(flow, effects, stream, found.topic, key, now_at)
            except LostRace:
                continue
            except KeyDestroyed:
                await asyncio.sleep(_RESEAL_S)  # it is marked first and destroyed then
                continue
            log.info("command_given", flow=flow, soort=type(command).__name__, zaak=key, door=actor)
            return draft.head.sequence
        raise Conflict("de zaak verandert op dit moment steeds; probeer het zo nog eens")

    async def put_down(self, flow: str, effects: Effects, stream: int, topic: str, key: str, sequence: int) -> None:
        """Put down what a command gave, while the stream is still at ``sequence``."""
        now = self._hub.clock.now()
        await self._hub.write(
            lambda tx: put_effects(tx, flow, effects, streams={key: stream}, now=now, expected={(topic, key): sequence}),
            urgent=True,
        )
        self._hub.announce(effects)

    def _already(self, stream: int, cause: str) -> int | None:
        """Return the sequence of the last fact a command gave before, or None when it was not given yet."""
        row = self._hub.read_now(
            lambda tx: tx.one(
                "SELECT max(volgnummer) FROM gebeurtenis WHERE stroom = ? AND oorzaak = ?", (stream, uuid.UUID(cause).bytes)
            )
        )
        return row[0] if row and row[0] is not None else None

    def _stream(self, topic: str, gemeente: str, key: str) -> tuple[int, Any]:
        head = self._hub.log.head(topic, key)
        name = self._hub.log.streams([head.id])[head.id]
        if name.gemeente != gemeente:
            raise NotFound("deze zaak is bij Wissel niet bekend")
        return head.id, name
