# SPDX-License-Identifier: EUPL-1.2
"""``wissel backup`` and ``restore``: the files of the embedded hub, together and verified; ``wissel vernietig``: forgetting."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from hub import reservekopie
from hub.cli_gedeeld import as_text, ask, config_option, json_option
from hub.settings import load

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("backup")
@config_option
@click.argument("doel", type=_FOLDER)
@click.option("--sleutels", type=_FOLDER, help="Zet de sleutels apart in deze map, met een eigen bewaartermijn.")
@click.option("--bewaren-tot", help="Tot wanneer deze kopie van de sleutels bewaard blijft, JJJJ-MM-DD.")
@json_option
def backup(config: Path, doel: Path, *, sleutels: Path | None, bewaren_tot: str | None, as_json: bool) -> None:
    """Maak een reservekopie in DOEL terwijl de hub draait; zij is al een keer geopend als dit klaar is."""
    loaded = load(config)
    copy = reservekopie.maak(loaded, doel, keys_apart=sleutels)
    kept = ask(loaded, "sleutelkopie", {"doel": str(sleutels or doel), "bewaren_tot": bewaren_tot})
    if as_json:
        click.echo(as_text({**reservekopie.as_dict(copy), "sleutelsBewarenTot": kept}))
        return
    click.echo(f"Reservekopie van {copy.gebeurtenissen} gebeurtenissen staat in {doel} en is nagekeken door haar te openen.")
    click.echo(f"De sleutels staan in {sleutels or doel}. Verwijder die kopie uiterlijk op {kept}.")


@click.command("restore")
@config_option
@click.argument("bron", type=_FOLDER)
@click.option("--sleutels", type=_FOLDER, help="De map met de kopie van de sleutels, als die apart staat.")
@click.option("--ook-over-nieuwer", is_flag=True, help="Ook als er nieuwere bestanden of een ander logboek staan.")
@json_option
def restore(config: Path, bron: Path, *, sleutels: Path | None, ook_over_nieuwer: bool, as_json: bool) -> None:
    """Zet een reservekopie terug; de hub moet stilstaan."""
    copy = reservekopie.zet_terug(load(config), bron, keys=sleutels, over_newer=ook_over_nieuwer)
    if as_json:
        click.echo(as_text(reservekopie.as_dict(copy)))
        return
    click.echo(f"Teruggezet: {copy.gebeurtenissen} gebeurtenissen, zoals het was op {copy.gemaakt}. Start de hub.")


@click.command("vernietig")
@config_option
@click.option("--gemeente", required=True)
@click.option("--subject", help="Pseudoniem, zaak:<uuid> of adres:<BAG-nummer>. Voor een BSN: laat weg, het wordt gevraagd.")
@click.option("--klasse", "--class", "klasse", help="Alleen deze bewaarklasse, zoals aangifte; anders alle.")
@click.option("--ook-gedeeld", is_flag=True, help="Ook de zaken waarin anderen een rol hebben.")
@click.option("--reden", prompt=True, help="Waarom, zoals het einde van de bewaartermijn of een verzoek van de persoon.")
@click.option("--door", prompt=True, help="Wie dit doet.")
@click.option("--tweede-persoon", prompt=True, help="Wie het met u heeft nagekeken; iemand anders.")
@click.option("--ja", is_flag=True, help="Vraag niet of u het zeker weet.")
@click.option("--proef", is_flag=True, help="Zeg alleen wat er vernietigd zou worden.")
@json_option
def vernietig(config: Path, *, ja: bool, proef: bool, as_json: bool, **given: str | bool | None) -> None:
    """Vernietig de sleutels van één persoon of zaak, voorgoed. Het BSN komt nooit op de opdrachtregel."""
    loaded = load(config)
    given["bsn"] = None if given["subject"] else click.prompt("BSN", hide_input=True)
    plan = ask(loaded, "vernietig", given)
    if proef:
        click.echo(as_text(plan) if as_json else _planned(plan))
        return
    if not ja:
        click.echo(_planned(plan), err=as_json)
        click.confirm("Dit kan nooit meer terug. Weet u het zeker?", abort=True, err=as_json)
    proof = ask(loaded, "vernietig", {**given, "uitvoeren": True})
    click.echo(as_text(proof) if as_json else f"Vernietigd.\n{_proven(proof)}")


@click.command("vernietigd")
@config_option
@json_option
def vernietigd(config: Path, *, as_json: bool) -> None:
    """Toon het bewijs van elke vernietiging."""
    proofs = ask(load(config), "vernietigd", {})
    if as_json:
        click.echo(as_text(proofs))
        return
    click.echo("\n\n".join(map(_proven, proofs)) if proofs else "Er is niets vernietigd.")


def _planned(plan: Mapping[str, Any]) -> str:
    head = (
        f"Van {plan['subject']} in {plan['gemeente']}: {len(plan['sleutels'])} sleutels, "
        f"{plan['gebeurtenissen']} gebeurtenissen in {plan['stromen']} stromen worden onleesbaar."
    )
    along = [f"  zaak {zaak} gaat mee" for zaak in plan["zaken"]]
    shared = [f"  zaak {zaak} blijft: anderen hebben er een rol in (--ook-gedeeld)" for zaak in plan["gedeeld"]]
    return "\n".join([head, *along, *shared])


def _proven(proof: Mapping[str, Any]) -> str:
    copies = proof["kopieen_tot"]
    told = f"bestaan nog tot {copies}" if copies else "zijn bij Wissel niet bekend"
    return (
        f"Bewijs {proof['nummer']}: op {proof['op']}, {proof['gemeente']}, {proof['subject']}, "
        f"klasse {proof['klasse'] or 'alle'}\n"
        f"  door {proof['door']}, nagekeken door {proof['tweede_persoon']}: {proof['reden']}\n"
        f"  {proof['sleutels']} sleutels vernietigd, {proof['gebeurtenissen']} gebeurtenissen in {proof['stromen']} stromen "
        f"onleesbaar{'' if proof['gedaan'] else ' (nog bezig)'}\n"
        f"  Reservekopieën van de sleutels van daarvoor {told}."
    )
