"""`cityops body end`: closes a body. It stands above the rooms, because whoever follows cases is told."""

from datetime import date

import click

from cityops import clock
from cityops.cases import succession
from cityops.following import make_office
from cityops.shell import Shell


@click.command("end")
@click.argument("code")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="The first day without it (default: today).")
@click.option("--successor", default="", help="Code of the body that has its work from that day on.")
@click.pass_obj
def end_body(shell: Shell, code: str, on: date | None, successor: str) -> None:
    """Close a body; what it has open goes over to the successor, as a step in each case's history."""
    # click gives a moment without a zone where a day was asked for.
    day = clock.today() if on is None else date(on.year, on.month, on.day)
    with shell.workshop.transaction() as session:
        succession.end_body(session, None, make_office(shell.keys), code, on=day, successor=successor)
    click.echo(f"{code} is closed from {day}" + (f", its work goes to {successor}" if successor else ""), err=True)
