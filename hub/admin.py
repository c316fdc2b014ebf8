# SPDX-License-Identifier: EUPL-1.2
"""R14: operators' commands reach the running hub over a local socket; when none runs, they open the files themselves.

One JSON object per line each way: ``{"action": ..., "args": {...}}`` -> ``{"result": ...}`` or ``{"error": ..., "kind": ...}``.
The socket is readable by the hub's own user only.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Final

import structlog

from hub import doctor, vergeten
from hub.core import Core
from hub.desk import Desk
from hub.errors import HubError, Invalid, NotFound, Refused
from hub.flows import acties as flow_actions
from hub.flows import onbeslist
from hub.geparkeerd import Keuze
from hub.lijsten import Markering, lifted, opgeheven_id
from hub.parking import failure_of
from hub.plugins import Bedienbaar
from hub.privacy import Bsn, carried, mask_bsns
from hub.replay import acties as replay_actions
from hub.settings import Loaded
from hub.stand import Herkansing

log = structlog.get_logger()
_LONGEST_PATH: Final = 100  # the kernel allows 107 bytes
_TIMEOUT_S: Final = 30.0
_LONGEST_LINE: Final = 64 * 1024 * 1024  # bytes; a list of what is parked may be long

_NO_ANSWER: Final = "de hub gaf geen antwoord, misschien deed zij het toch; bekijk met `wissel parked list` hoe het staat"

Action = Callable[[Core, Mapping[str, Any]], Awaitable[Any]]


async def _parked_list(hub: Core, args: Mapping[str, Any]) -> Any:
    return [entry.as_dict() for entry in await asyncio.to_thread(Desk(hub).list, Keuze.of(args))]


async def _parked_show(hub: Core, args: Mapping[str, Any]) -> Any:
    return (await asyncio.to_thread(Desk(hub).show, args["nummer"])).as_dict()


async def _parked_export(hub: Core, args: Mapping[str, Any]) -> Any:
    return [entry.as_dict() for entry in await asyncio.to_thread(Desk(hub).export, Keuze.of(args))]


async def _parked_retry(hub: Core, args: Mapping[str, Any]) -> Any:
    why = {"reden": args["reden"], "door": args["door"]}
    if nummer := args.get("nummer"):
        went = await Desk(hub).retry(nummer, **why)
        return asdict(Herkansing(gelukt=int(went), over=int(not went), mislukt=None if went else nummer))
    return asdict(await Desk(hub).retry_chosen(Keuze.of(args), **why))


async def _parked_skip(hub: Core, args: Mapping[str, Any]) -> Any:
    return await Desk(hub).skip(args["nummer"], reden=args["reden"], door=args["door"])


async def _lijst_zet(hub: Core, args: Mapping[str, Any]) -> Any:
    gemeente = _gemeente(hub, args)
    markering = Markering(
        soort=args["soort"],
        over=_over(hub, args),
        reden=args["reden"],
        auteur=args["auteur"],
        tweede_persoon=args["tweede_persoon"],
        verloopt=_date(args.get("verloopt")),
    )
    markering.check(hub.clock.today())
    event = markering.event(gemeente)
    if await hub.read(lambda tx: _present(tx, event, opgeheven_id(event.id))):
        raise Refused("deze markering is eerder opgeheven; wat opgeheven is komt niet terug: schrijf een nieuwe reden")
    await _put_once(hub, event)
    return event.id


async def _lijst_opheffen(hub: Core, args: Mapping[str, Any]) -> Any:
    why = {"soort": args["soort"], "reden": args["reden"], "door": args["door"]}
    event = lifted(_gemeente(hub, args), _over(hub, args), args["markering"], **why)
    await _put_once(hub, event)
    return event.id


async def _doctor(hub: Core, _: Mapping[str, Any]) -> Any:
    return doctor.as_dicts(await doctor.of_hub(hub))


async def _doctor_zaken(hub: Core, args: Mapping[str, Any]) -> Any:
    return asdict(await asyncio.to_thread(onbeslist.kijk, hub, na=int(args["na"])))


async def _doctor_herbeslis(hub: Core, args: Mapping[str, Any]) -> Any:
    why = {"reden": mask_bsns(args["reden"]), "door": mask_bsns(args["door"])}
    return await asyncio.to_thread(onbeslist.herbeslis, hub, args["flow"], int(args["stroom"]), **why)


async def _vernietig(hub: Core, args: Mapping[str, Any]) -> Any:
    """Return the plan, or with ``uitvoeren`` carry it out and return the proof."""
    gemeente = _gemeente(hub, args)
    subject = vergeten.subject_of(gemeente, subject=args.get("subject"), bsn=args.get("bsn"))
    klasse, shared = args.get("klasse"), bool(args.get("ook_gedeeld"))
    plan = await asyncio.to_thread(hub.vergeten.plan, gemeente.slug, subject, klasse=klasse, ook_gedeeld=shared)
    if not args.get("uitvoeren"):
        return vergeten.as_dict(plan)
    who = {name: args[name] for name in ("reden", "door", "tweede_persoon")}
    return vergeten.as_dict(await asyncio.to_thread(hub.vergeten.voer_uit, plan, **who))


async def _vernietigd(hub: Core, _: Mapping[str, Any]) -> Any:
    return [vergeten.as_dict(proof) for proof in await asyncio.to_thread(hub.vergeten.bewijzen)]


async def _sleutelkopie(hub: Core, args: Mapping[str, Any]) -> Any:
    return await asyncio.to_thread(hub.vergeten.noteer_kopie, args["doel"], args.get("bewaren_tot"))


async def _topics_behind(hub: Core, _: Mapping[str, Any]) -> Any:
    return await asyncio.to_thread(hub.versheid.topics)


ACTIONS: Final[Mapping[str, Action]] = {
    **replay_actions.ACTIONS,
    **flow_actions.ACTIONS,
    "parked list": _parked_list,
    "parked show": _parked_show,
    "parked export": _parked_export,
    "parked retry": _parked_retry,
    "parked skip": _parked_skip,
    "topics behind": _topics_behind,
    "doctor": _doctor,
    "doctor zaken": _doctor_zaken,
    "doctor herbeslis": _doctor_herbeslis,
    "vernietig": _vernietig,
    "vernietigd": _vernietigd,
    "sleutelkopie": _sleutelkopie,
    "lijst zet": _lijst_zet,
    "lijst opheffen": _lijst_opheffen,
}


async def _put_once(hub: Core, event: Any) -> None:
    """Put a fact down unless its stream holds it already."""
    sealed = hub.seal([event])

    def work(tx: Any) -> None:
        if not _present(tx, event, event.id):
            tx.put(sealed)

    await hub.write(work, urgent=True)


def _present(tx: Any, event: Any, event_id: str) -> bool:
    """Return True when the stream of ``event`` holds an event with this id."""
    query = "SELECT 1 FROM gebeurtenis g JOIN stroom s ON s.id = g.stroom WHERE s.topic = ? AND s.sleutel = ? AND g.id = ?"
    return tx.one(query, (event.topic, event.key, uuid.UUID(event_id).bytes)) is not None


def _gemeente(hub: Core, args: Mapping[str, Any]) -> Any:
    try:
        return hub.gemeenten[args["gemeente"]]
    except KeyError:
        raise NotFound(f"gemeente {args['gemeente']} is er niet; bekend zijn: {', '.join(hub.gemeenten)}") from None


def _over(hub: Core, args: Mapping[str, Any]) -> str:
    if args.get("bsn"):
        try:
            return str(_gemeente(hub, args).pseudonym(Bsn(args["bsn"])))
        except ValueError:
            raise Invalid([("bsn", "is geen geldig burgerservicenummer: negen cijfers die de elfproef doorstaan")]) from None
    return str(args.get("bag_id") or "")


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid([("verloopt", "is geen datum die bestaat; schrijf JJJJ-MM-DD")]) from None


def socket_path(folder: Path) -> Path:
    """Return where the socket of a hub on ``folder`` is."""
    path = folder.resolve() / "wissel.sock"
    if len(str(path)) <= _LONGEST_PATH:
        return path
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"wissel-{os.getuid()}-{digest}.sock"


async def listen(hub: Core) -> asyncio.Server:
    """Open the socket for operators' commands."""
    path = socket_path(hub.folder)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)  # with the store in a database nothing else may be in this folder
        path.unlink(missing_ok=True)  # left by a hub that was killed; the folder's lock says that none runs
    except OSError as error:
        raise Refused(f"{path} staat in de weg en is niet te verwijderen ({error.strerror}); verwijder het zelf") from error

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if line := await reader.readline():  # nothing: somebody only looked whether a hub runs
            writer.write(json.dumps(await _answer(hub, line)).encode() + b"\n")
            await writer.drain()
        writer.close()

    old = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(connected, path, limit=_LONGEST_LINE)
    finally:
        os.umask(old)


def _check_texts(args: Mapping[str, Any]) -> None:
    """Raise Invalid on what no store can carry: U+0000, and what a terminal sent that is no UTF-8."""
    wrong = [name for name, value in args.items() if isinstance(value, str) and not carried(value)]
    if wrong:
        raise Invalid([(name, "bevat een teken dat geen UTF-8 is, of U+0000; typ het opnieuw") for name in wrong])


async def _act(hub: Core, name: str, args: Mapping[str, Any]) -> Any:
    if name in ACTIONS:
        return await ACTIONS[name](hub, args)
    brought = [connector.actions(hub) for connector in hub.connectors.values() if isinstance(connector, Bedienbaar)]
    return await {name: action for actions in brought for name, action in actions.items()}[name](args)


async def _answer(hub: Core, line: bytes) -> dict[str, Any]:
    try:
        request = json.loads(line)
        _check_texts(request["args"])
        return {"result": await _act(hub, request["action"], request["args"])}
    except HubError as error:
        return {"error": str(error), "kind": type(error).__name__}
    except (KeyError, ValueError, TypeError) as error:
        return {"error": f"dit commando begrijpt de hub niet ({type(error).__name__})", "kind": "Invalid"}
    except Exception as error:  # noqa: BLE001 - whoever asks must get an answer, and the hub goes on
        failure = failure_of(error)
        log.error("command_failed", uitleg=failure.text, stapel=failure.stack)
        return {"error": f"het commando is mislukt: {failure.text}; zie het log van de hub", "kind": "Refused"}


async def call(loaded: Loaded, action: str, args: Mapping[str, Any]) -> Any:
    """Have the running hub do it, or do it here when none runs or several share the store. Refused with the hub's own words."""
    folder = loaded.settings.opslag.map
    path = socket_path(folder)
    _check_owner(path, folder)
    answer = await _ask_running(path, action, args)
    if answer is None:
        hub = Core(loaded, shared=loaded.shareable).open()
        try:
            answer = await _answer(hub, json.dumps({"action": action, "args": dict(args)}).encode())
        finally:
            await hub.stop()
    if "error" in answer:
        raise Refused(answer["error"])
    return answer["result"]


async def runs(loaded: Loaded) -> bool:
    """Return True while a hub listens for commands on these files."""
    try:
        _, writer = await asyncio.open_unix_connection(socket_path(loaded.settings.opslag.map))
    except OSError:
        return False
    writer.close()
    return True


def _check_owner(path: Path, folder: Path) -> None:
    """Refuse to talk to a socket that somebody else put where the hub's would be: a command may carry a BSN."""
    try:
        if path.stat().st_uid != folder.stat().st_uid:
            raise Refused(f"{path} is niet van wie {folder} is: praat er niet mee, en zoek uit wie het daar zette")
    except (FileNotFoundError, NotADirectoryError):
        return


async def _ask_running(path: Path, action: str, args: Mapping[str, Any]) -> Any:
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=_LONGEST_LINE)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError):
        return None
    except PermissionError:
        raise Refused(f"{path} is van een andere gebruiker; geef dit commando als de gebruiker van de hub (sudo -u)") from None
    try:
        writer.write(json.dumps({"action": action, "args": dict(args)}).encode() + b"\n")
        await writer.drain()
        line = await asyncio.wait_for(reader.readline(), _TIMEOUT_S)
    except (TimeoutError, ConnectionError) as error:
        raise Refused(_NO_ANSWER) from error
    finally:
        writer.close()
    if not line:
        raise Refused(_NO_ANSWER)
    return json.loads(line)
