"""`cityops grid cover` and `cityops grid coverage`: the land that cells should cover, and how far they do."""

from datetime import datetime
from pathlib import Path

import click

from cityops.clock import today
from cityops.errors import CityopsError
from cityops.grid import findings
from cityops.grid.coverage import sheet as coverage_sheet
from cityops.grid.coverage.queries import read_coverage
from cityops.grid.coverage.services import NewLayer, set_layer
from cityops.grid.files import read_boundaries
from cityops.grid.records import SaidOfFile
from cityops.grid.services import BadGrid
from cityops.shell import Shell

DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--tier", type=click.IntRange(1, 2), required=True, help="Whose cells should cover it.")
@click.option("--from", "from_on", type=DAY, help="The day from which it counts, today without.")
@click.option("--title", default="", help="What the layer is called: built-up area 2026.")
@click.option("--layer", help="The layer of the file, where it has several.")
@click.option("--crs", help="EPSG:4549, gcj02, bd09 …, in spite of what the file declares.")
@click.option("--dry-run", is_flag=True, help="Say what coverage would be and change nothing.")
@click.pass_obj
def cover(
    shell: Shell,
    /,
    file: Path,
    tier: int,
    from_on: datetime | None,
    title: str,
    layer: str | None,
    crs: str | None,
    dry_run: bool,
) -> None:
    """Take the polygons of FILE as the land that the cells of a tier should cover; the layer before it ends."""
    day = from_on.date() if from_on else None
    try:
        boundaries, found = read_boundaries(file, SaidOfFile(layer=layer, crs=crs))
        with shell.database.transaction() as session:
            set_layer(session, None, NewLayer(tier, title or file.stem, boundaries, day), found)
            told = read_coverage(session, None, max(day or today(), today()))
            lines = list(coverage_sheet.tell(told, "table"))
            if dry_run:
                session.rollback()
    except BadGrid as refusal:
        _print(refusal.findings)
        raise click.ClickException(str(refusal)) from refusal
    except (CityopsError, OSError) as error:
        raise click.ClickException(str(error)) from error
    _print(found)
    for line in lines:
        click.echo(line)
    if dry_run:
        click.echo("this was a dry run: nothing was changed", err=True)


@click.command()
@click.option("--at", type=DAY, help="On this day instead of today.")
@click.option("--format", "form", default="table", type=click.Choice(["table", "csv", "json"]), show_default=True)
@click.pass_obj
def coverage(shell: Shell, at: datetime | None, form: str) -> None:
    """Print how far cells cover the land they should, by jurisdiction and tier."""
    with shell.database.reading() as session:
        told = read_coverage(session, None, at.date() if at else today())
        for line in coverage_sheet.tell(told, form):
            click.echo(line)
    if told.since_on is None:
        click.echo("no layer says what should be covered: cityops grid cover FILE --tier 1", err=True)


def _print(found: list[findings.Finding]) -> None:
    for line in findings.tell(found, "table"):
        click.echo(line)
