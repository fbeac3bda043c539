"""`cityops grid import`: a survey's file looked at, rehearsed, taken in; told with what cases and rules hang on it."""

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from cityops.cases.leaving import find_left_behind
from cityops.grid import versions
from cityops.grid.cli import FORM, SOURCE, asked, print_findings, refusals, says_of_file
from cityops.grid.files import LAYERS, read_grid
from cityops.grid.outlook import foresee, tell_outlook
from cityops.grid.services import BadGrid, Terms, Unsigned
from cityops.shell import Shell


@click.command("import")
@click.argument("file", type=SOURCE)
@says_of_file(LAYERS)
@click.option("--from", "from_on", type=click.DateTime(["%Y-%m-%d"]), help="The day it takes effect, today without.")
@click.option("--title", default="", help="What the version is called: 2026 re-survey.")
@click.option("--because", default="", help="Why its warnings are accepted; else they keep it out.")
@click.option("--dry-run", is_flag=True, help="Say what would change and change nothing.")
@FORM
@click.pass_obj
def import_file(
    shell: Shell,
    /,
    file: Path,
    from_on: datetime | None,
    title: str,
    because: str,
    dry_run: bool,
    form: str,
    **said: Any,
) -> None:
    """Load the areas and cells of FILE; all of it or nothing. Components come by `cityops components import`.

    FILE is whatever GDAL reads. What is wrong with it goes to stdout, each fault with its place and size. The cells of
    a community come as a whole; an area with `retired` ends. A version for a day to come waits, and can be withdrawn
    until then. --dry-run says what would become of each cell and each duty grid.
    """
    terms = Terms(title or file.stem, because=because)
    with refusals():
        data, findings = read_grid(file, asked(said))
        try:
            with shell.database.transaction() as session:
                findings += find_left_behind(session, data)
                outlook = foresee(session, data) if dry_run else None
                loaded = versions.take_in(session, data, findings, terms, from_on.date() if from_on else None)
                if dry_run:
                    session.rollback()
        except (BadGrid, Unsigned) as refusal:
            print_findings(refusal.findings, form)
            raise
    print_findings(loaded.warnings, form)
    for line in tell_outlook(outlook) if outlook and data.has_ground else ():
        click.echo(line, err=True)
    begun = ", ".join(f"{number} {kind}" for kind, number in loaded.begun.items())
    ended = ", ".join(f"{number} {kind}" for kind, number in loaded.ended.items()) or "nothing"
    click.echo(f"begun: {begun}; ended: {ended}; grid revision {loaded.revision}", err=True)
    click.echo(f"components outside every cell: {loaded.components_outside}", err=True)
    if dry_run:
        click.echo("this was a dry run: nothing was changed", err=True)
