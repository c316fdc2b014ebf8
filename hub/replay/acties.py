# SPDX-License-Identifier: EUPL-1.2
"""What ``wissel replay`` asks the hub: the names under which a running hub does it, see ``hub.admin``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from hub.core import Core
from hub.replay.beheer import Beheer, Besluit
from hub.replay.stroom import herbouw_stroom
from hub.tijdreis import lees_moment, toen_en_nu

Action = Callable[[Any, Mapping[str, Any]], Awaitable[Any]]


def _why(args: Mapping[str, Any]) -> Besluit:
    return Besluit.of(args["reden"], args["door"])


async def _claim(hub: Core, args: Mapping[str, Any]) -> Any:
    return await Beheer(hub).claim(args["projecties"], _why(args))


async def _filled(hub: Core, args: Mapping[str, Any]) -> Any:
    return await Beheer(hub).filled(args["nummer"])


async def _switch(hub: Core, args: Mapping[str, Any]) -> Any:
    return await Beheer(hub).switch(args["projecties"], _why(args), anyway=args["toch"])


async def _rollback(hub: Core, args: Mapping[str, Any]) -> Any:
    return await Beheer(hub).rollback(args["projecties"], _why(args))


async def _cancel(hub: Core, args: Mapping[str, Any]) -> Any:
    return await Beheer(hub).cancel(args["projecties"], _why(args))


async def _drop(hub: Core, args: Mapping[str, Any]) -> Any:
    return await Beheer(hub).drop(args["lid"], _why(args))


async def _asof(hub: Core, args: Mapping[str, Any]) -> Any:
    return await asyncio.to_thread(toen_en_nu, hub, args["zaak"], lees_moment(args["moment"]))


async def _stream(hub: Core, args: Mapping[str, Any]) -> Any:
    return await herbouw_stroom(hub, args["zaak"], _why(args))


ACTIONS: Final[Mapping[str, Action]] = {
    "replay claim": _claim,
    "replay filled": _filled,
    "replay switch": _switch,
    "replay rollback": _rollback,
    "replay cancel": _cancel,
    "replay drop": _drop,
    "replay stream": _stream,
    "asof": _asof,
}
