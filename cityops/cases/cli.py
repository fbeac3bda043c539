"""`cityops audit`: prove the cases' histories."""

import json
from dataclasses import asdict

import click

from cityops.cases import history, numbers
from cityops.errors import Invalid
from cityops.shell import Shell
from cityops.words import N_


@click.group()
def audit() -> None:
    """Prove that no case's history was changed."""


@audit.command()
@click.option("--case", "number", help="Only the case with this number.")
@click.pass_obj
def verify(shell: Shell, number: str | None) -> None:
    """Check every event's digest and place in its chain; exit code 1 when one is broken.

    The answer, in JSON, goes to stdout: how many cases were walked and which are broken.
    """
    found = numbers.find_key(number) if number else None
    if number and found is None:
        raise Invalid("case", N_("%(number)s is not a case number."), number=number[:40])
    broken, walked = [], 0
    with shell.workshop.reading() as session:
        for each in history.find_broken(session, shell.keys, found and found[1]):
            if isinstance(each, history.Broken):
                broken.append(asdict(each))
                click.echo(f"case {each.case_id}: {each.why}", err=True)
            else:
                walked = each
                click.echo(f"\r{walked} cases walked", err=True, nl=False)
    click.echo("", err=True)
    if number and walked == 0:
        raise Invalid("case", N_("There is no case %(number)s."), number=number[:40])
    click.echo(json.dumps({"cases": walked, "broken": broken}))
    if broken:
        raise SystemExit(1)


@audit.command()
@click.pass_obj
def checkpoint(shell: Shell) -> None:
    """Chain all heads into a checkpoint and print it, to be kept where the database's keeper cannot reach."""
    with shell.workshop.transaction() as session:
        row = history.make_checkpoint(session, shell.keys)
    facts = {"at": row.at.isoformat(), "cases": row.case_count, "events": row.event_count}
    click.echo(json.dumps(facts | {"heads": row.heads_digest, "digest": row.digest}))
