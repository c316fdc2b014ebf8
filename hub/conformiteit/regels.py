# SPDX-License-Identifier: EUPL-1.2
"""The rules that every connector keeps, each a test: run against a real hub process and the connector's own other side.

A rule that is broken says which rule it is, what was seen, where, and what to do.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, get_args

import pytest
from pydantic import BaseModel

from hub import discovery
from hub.conformiteit.opstelling import ANTWOORD_WEG, STORINGEN, Opstelling, facts
from hub.privacy import elfproef

AANTAL: Final = 30
KILLS: Final = 3
STORING_S: Final = 2.0


def broken(rule: str, what: str, remedy: str) -> None:
    """Fail with the rule, what was seen and what to do."""
    pytest.fail(f"regel {rule}: {what}\n  wat te doen: {remedy}", pytrace=False)


# --------------------------------------------------------------------------------------------------------------- what comes in


def test_k1_each_fact_stands_once_and_in_order(opstelling: Opstelling) -> None:
    """What the other side tells three times is one fact; per stream the facts stand in the order in which they happened."""
    opstelling.start()
    leveringen = opstelling.proef.gebeur(AANTAL)
    for _ in range(3):
        opstelling.lever(leveringen)
    opstelling.wait_for_rest()
    compare("k1", opstelling)


def test_k2_the_same_fact_has_the_same_id_everywhere(opstelling: Opstelling, tweede: Callable[[], Opstelling]) -> None:
    """An id names a fact: another hub that is told the same gives the same ids, so that readers know a repeat."""
    hubs, proef = (opstelling, tweede()), opstelling.proef
    for hub in hubs:
        hub.start()
    leveringen = proef.gebeur(AANTAL)
    of_one_hub, seen = {*proef.verslagen, *proef.waarnemingen}, []
    for hub in hubs:
        hub.lever(leveringen)
        hub.wait_for_rest()
        told = [event for event in hub.events() if event.key in proef.waarheid() and event.type not in of_one_hub]
        seen.append({event.id: event.type for event in told})
    if odd := sorted(set(seen[0].items()) ^ set(seen[1].items())):
        broken(
            "k2",
            f"{len(odd)} id's verschillen tussen twee hubs die hetzelfde is verteld; de eerste: {odd[0][1]}",
            "leid het id af van het feit zelf (hub.events.fact_id over wat de bron ervan zegt), nooit van tijd of toeval",
        )


def test_k3_nothing_accepted_is_lost_when_the_hub_is_killed(opstelling: Opstelling) -> None:
    """Killed again and again while messages come in: every message that was accepted is in the log, once."""
    opstelling.start()
    killer = threading.Thread(target=kill_now_and_then, args=(opstelling,))
    killer.start()
    while killer.is_alive():
        opstelling.lever(opstelling.proef.gebeur(AANTAL))
    opstelling.wait_for_rest()
    compare("k3", opstelling)


def test_k4_what_is_no_message_is_refused_and_says_why(opstelling: Opstelling) -> None:
    """A body that cannot be read is answered 4xx with what is wrong; it is no fact, and it brings nothing down."""
    opstelling.start()
    leveringen = opstelling.proef.gebeur(3)
    for levering in leveringen[:1]:
        for body in (b"", b"\xff\xfe\x00", b"{" * 5000, *opstelling.proef.onleesbaar):
            answer = opstelling.post(replace(levering, inhoud=body))
            if not opstelling.proef.weigert(answer.status_code, answer.text):
                broken(
                    "k4",
                    f"op {levering.pad} werd {body[:20]!r} beantwoord met {answer.status_code}",
                    "antwoord 4xx met application/problem+json: wat er mis is en wat er had moeten staan",
                )
    opstelling.lever(leveringen)
    opstelling.wait_for_rest()
    compare("k4", opstelling)


# ------------------------------------------------------------------------------------------------------------------- privacy


def test_k5_nothing_about_people_stands_in_the_open(opstelling: Opstelling) -> None:
    """Names and numbers of people stand sealed: not in an event's open part or key, nor in a file, log line or metric."""
    work_all(opstelling)
    shown = opstelling.metrics()
    events = opstelling.events()
    geheim = [*opstelling.proef.geheim]
    for event in events:
        where = f"het open deel van {event.type}"
        refuse_words("k5", geheim, f"{event.key} {event.topic} {event.source} {dict(event.data)}", where)
    refuse_words("k5", geheim, shown, "de pagina /metrics")
    refuse_words("k5", geheim, opstelling.output(), "een logregel")
    for path in sorted(opstelling.folder.rglob("*")):
        if path.is_file() and path.name not in {"uitvoer.log", "proef.json"}:
            refuse_words("k5", geheim, path.read_bytes().decode("latin-1"), f"het bestand {path.name}")


def test_k6_what_was_not_asked_for_is_dropped(opstelling: Opstelling) -> None:
    """What the other side tells unasked reaches the log nowhere, sealed or not."""
    if not opstelling.proef.ongevraagd:
        pytest.skip("deze andere kant vertelt niets ongevraagd")
    work_all(opstelling)
    for event in opstelling.events():
        text = f"{dict(event.data)} {[dict(part or {}) for part in event.besloten.values()]}"
        refuse_words("k6", opstelling.proef.ongevraagd, text, event.type)


# ------------------------------------------------------------------------------------------------------------- what goes out


def test_k7_an_effect_stands_once_however_often_the_hub_is_killed(opstelling: Opstelling) -> None:
    """Killed while writing, and the other side's answers lost: in the end each opdracht stands once at the other side."""
    opdrachten = opstelling.proef.opdrachten(10)
    if not opdrachten:
        pytest.skip("deze connector voert geen opdrachten uit")
    opstelling.start()
    opstelling.loket.storing = ANTWOORD_WEG
    opstelling.geef(opdrachten)
    kill_now_and_then(opstelling)
    opstelling.loket.storing = None
    opstelling.wait_for_rest()
    standing, wanted = Counter(opstelling.proef.effecten()), sum(opdracht.effect for opdracht in opdrachten)
    if (twice := standing.total() - wanted) > 0:
        broken(
            "k7",
            f"{wanted} opdrachten met een effect gegeven, en {twice} effecten te veel bij de andere kant",
            "geef de andere kant opdracht.sleutel mee als kenmerk waaraan ze een herhaling ziet, of lees terug voor u schrijft",
        )
    if len(standing) != wanted:
        broken(
            "k7",
            f"{wanted} opdrachten met een effect gegeven, {len(standing)} effecten bij de andere kant",
            "meld een opdracht pas als uitgevoerd wanneer de andere kant haar heeft bevestigd",
        )


@pytest.mark.parametrize("storing", STORINGEN)
def test_k8_a_broken_other_side_costs_nothing_but_time(opstelling: Opstelling, storing: str) -> None:
    """While it is slow, down or answers nonsense nothing is lost or made up, nor stormed; then all goes on by itself."""
    opstelling.start()
    opstelling.loket.storing = storing
    before = opstelling.loket.verzoeken
    opstelling.lever(opstelling.proef.gebeur(AANTAL // 3))
    opstelling.geef(opstelling.proef.opdrachten(3))
    time.sleep(STORING_S)
    asked = opstelling.loket.verzoeken - before
    opstelling.loket.storing = None
    opstelling.wait_for_rest()
    if asked > opstelling.proef.verzoeken_per_storing:
        broken(
            "k8",
            f"{asked} verzoeken in {STORING_S:.0f} seconden terwijl niets werkte ({storing}); "
            f"hoogstens {opstelling.proef.verzoeken_per_storing}",
            "wacht na elke mislukking langer, met toeval erbij, en stop een tijd als alles mislukt",
        )
    compare("k8", opstelling)


# ----------------------------------------------------------------------------------------------------------------- settings


def test_k9_every_setting_is_explained(connector: str) -> None:
    """Whoever connects a municipality reads what each setting means, and a wrong name is refused."""
    model = discovery.connectors()[connector].settings_model
    if unsaid := silent(model):
        broken("k9", f"zonder uitleg: {', '.join(unsaid)}", "geef elk veld een description in settings_model")
    for where in lax(model):
        broken(
            "k9",
            f"een onbekende instelling wordt stil aangenomen in {where or 'de sectie zelf'}",
            "zet model_config = ConfigDict(extra='forbid')",
        )


def silent(model: type[BaseModel]) -> list[str]:
    """Return the settings without an explanation, by their whole name, those inside other settings included."""
    return sorted(
        f"{where}{name}"
        for where, found in _models(model)
        for name, field in found.model_fields.items()
        if not field.description
    )


def lax(model: type[BaseModel]) -> list[str]:
    """Return where an unknown name is not refused: the name of the setting that holds it, empty for the section itself."""
    return sorted(where.rstrip(".") for where, found in _models(model) if found.model_config.get("extra") != "forbid")


def _models(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield (prefix, model) of the section and of every model inside it, each once."""
    waiting, seen = [("", model)], set()
    while waiting:
        where, found = waiting.pop(0)
        if found in seen:
            continue
        seen.add(found)
        yield where, found
        waiting += [
            (f"{where}{name}.", inner) for name, field in found.model_fields.items() for inner in _inside(field.annotation)
        ]


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _inside(part)


# ------------------------------------------------------------------------------------------------------------- what they share


def work_all(opstelling: Opstelling) -> None:
    """Let all kinds of things happen, both ways."""
    opstelling.start()
    opstelling.lever(opstelling.proef.gebeur(AANTAL))
    opstelling.geef(opstelling.proef.opdrachten(5))
    opstelling.wait_for_rest()


def kill_now_and_then(opstelling: Opstelling) -> None:
    """Kill the hub and start it again, a few times."""
    for _ in range(KILLS):
        time.sleep(random.uniform(0.05, 0.4))  # noqa: S311 - when it is killed is no secret
        opstelling.kill()
        opstelling.start()


def compare(rule: str, opstelling: Opstelling) -> None:
    """Fail when the log is not the truth: something lost, twice, made up or out of order."""
    truth, found = opstelling.proef.waarheid(), facts(opstelling.events(), opstelling.proef.verslagen)
    for key in sorted(truth.keys() | found.keys()):
        wanted, has = list(truth.get(key, ())), found.get(key, [])
        if wanted == has:
            continue
        lost, extra = Counter(wanted) - Counter(has), Counter(has) - Counter(wanted)
        if lost:
            broken(
                rule, f"in stroom {key} ontbreekt {_named(lost)}", "zet een feit neer in dezelfde transactie die het afhandelt"
            )
        if extra:
            broken(
                rule,
                f"in stroom {key} staat {_named(extra)} te veel",
                "onthoud in een rij van uzelf wat is neergezet, in dezelfde transactie als tx.put",
            )
        broken(
            rule,
            f"in stroom {key} is de volgorde anders: {has}, waar is: {wanted}",
            "verwerk wat van één stroom is op volgorde",
        )


def refuse_words(rule: str, words: Sequence[str], text: str, where: str) -> None:
    """Fail when one of the words stands in the text; say where, and never which."""
    for word in words:
        if word in text:
            kind = "een burgerservicenummer" if elfproef(word) else "een woord dat over een persoon gaat of niet gevraagd is"
            broken(
                rule,
                f"{kind} staat in {where}",
                "zet wat over een persoon gaat alleen in besloten, en laat vallen wat niet gevraagd is",
            )


def _named(types: Counter[str]) -> str:
    return ", ".join(f"{times} x {name}" for name, times in sorted(types.items()))
