"""`cityops audit`: prove the cases' histories."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TextIO

import click

from cityops.cases import checkpoints, history, numbers
from cityops.cases.history import Broken, Walked
from cityops.errors import Invalid
from cityops.shell import Shell
from cityops.words import N_


@click.group()
def audit() -> None:
    """Prove that no case's history was changed."""


@audit.command()
@click.option("--case", "number", help="Only the case with this number; checkpoints are not looked at.")
@click.option(
    "--checkpoint",
    "exported",
    type=click.File(encoding="utf-8"),
    help="Checkpoints as `cityops audit checkpoint` printed them, one a line: the city's history has to hold them.",
)
@click.pass_obj
def verify(shell: Shell, number: str | None, exported: TextIO | None) -> None:
    """Check every event, its place in its chain, its case, and every checkpoint; exit code 1 when one is broken.

    The answer, in JSON, goes to stdout: how much was walked, what is broken, and until when the checkpoints prove it.
    """
    if number and exported:
        raise click.UsageError("--case and --checkpoint cannot be asked together.")
    answer = _verify_case(shell, number) if number else _verify_city(shell, exported)
    click.echo(json.dumps(answer))
    if answer["broken"] or answer.get("broken_checkpoints"):
        raise SystemExit(1)


def _verify_case(shell: Shell, number: str) -> dict[str, Any]:
    found = numbers.find_key(number)
    if found is None:
        raise Invalid("case", N_("%(number)s is not a case number."), number=number[:40])
    with shell.workshop.reading() as session:
        walked, broken = _walk(history.find_broken(session, shell.keys, found[1]))
    if walked.cases == 0 and not broken:
        raise Invalid("case", N_("There is no case %(number)s."), number=number[:40])
    return asdict(walked) | {"broken": [asdict(each) for each in broken]}


def _verify_city(shell: Shell, exported: TextIO | None) -> dict[str, Any]:
    kept_elsewhere = checkpoints.read_exported(exported) if exported else []
    with shell.workshop.reading() as session:
        proof = checkpoints.Proof(checkpoints.list_checkpoints(session))
        walked, broken = _walk(history.find_broken(session, shell.keys, seen=proof.see))
    unfit = proof.find_broken(shell.keys) + proof.compare(shell.keys, kept_elsewhere)
    for each in unfit:
        click.echo(f"checkpoint of {each.at}: {each.why}", err=True)
    newest = proof.checkpoints[-1].until.isoformat() if proof.checkpoints else None
    return asdict(walked) | {
        "broken": [asdict(each) for each in broken],
        "checkpoints": len(proof.checkpoints),
        "broken_checkpoints": [asdict(each) for each in unfit],
        "proved_until": None if broken or unfit else newest,
    }


def _walk(found: Iterator[Broken | Walked]) -> tuple[Walked, list[Broken]]:
    walked, broken = Walked(0, 0), []
    for each in found:
        if isinstance(each, Broken):
            broken.append(each)
            click.echo(f"case {each.case_id}: {each.why}", err=True)
        else:
            walked = each
            click.echo(f"\r{walked.cases} cases, {walked.events} events walked", err=True, nl=False)
    click.echo("", err=True)
    return walked, broken


@audit.command()
@click.pass_obj
def checkpoint(shell: Shell) -> None:
    """Chain what was written since the last checkpoint into a new one and print it, to be kept elsewhere.

    It covers what was written until ten minutes ago: a transaction may still be adding what is newer.
    """
    with shell.workshop.reading() as session:
        gathered = checkpoints.gather(session)
    with shell.workshop.transaction() as session:
        row = checkpoints.add(session, shell.keys, gathered)
    click.echo(checkpoints.facts_of(row).as_json())
