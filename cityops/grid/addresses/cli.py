"""`cityops addresses`: the gazetteer in files, and an address found on the command line."""

from pathlib import Path
from typing import Any

import click

from cityops.grid.addresses.files import KINDS, read_addresses
from cityops.grid.addresses.queries import search
from cityops.grid.addresses.services import BadAddresses, load_addresses
from cityops.grid.cli import FORM, SOURCE, asked, print_findings, refusals, says_of_file
from cityops.shell import Shell


@click.group()
def addresses() -> None:
    """The gazetteer: zones, blocks, roads, door plates and landmarks."""


@addresses.command("import")
@click.argument("file", type=SOURCE)
@says_of_file(kind for kind in KINDS if kind.isascii())
@click.option("--dry-run", is_flag=True, help="Say what would change and change nothing.")
@FORM
@click.pass_obj
def import_file(shell: Shell, /, file: Path, dry_run: bool, form: str, **said: Any) -> None:
    """Load the places of FILE; all of it or nothing. What FILE does not name stays.

    FILE is whatever GDAL reads, OpenStreetMap included. Its fields: kind, name, code, category, road and number of a
    door plate, aliases, former_names, valid_from_on, ended_on.
    """
    with refusals():
        records, findings = read_addresses(file, asked(said))
        try:
            with shell.database.reading() if dry_run else shell.database.transaction() as session:
                loaded = load_addresses(session, records, findings, is_rehearsal=dry_run)
        except BadAddresses as refusal:
            print_findings(refusal.findings, form)
            raise
    print_findings(loaded.warnings, form)
    begun = ", ".join(f"{number} {kind}" for kind, number in loaded.begun.items()) or "nothing"
    counts = f"names begun: {begun}; renewed: {loaded.renewed}; names ended: {loaded.ended}"
    click.echo(f"{counts}; outside every cell: {loaded.outside}", err=True)
    if dry_run:
        click.echo("this was a dry run: nothing was changed", err=True)


@addresses.command()
@click.argument("words")
@click.option("--near", nargs=2, type=float, metavar="LON LAT", help="Among equals, the nearest to here first.")
@click.pass_obj
def find(shell: Shell, words: str, near: tuple[float, float] | None) -> None:
    """Say what places WORDS may mean, as the intake desk would be offered them."""
    with refusals(), shell.database.reading() as session:
        found = search(session, words, near=near)
    for each in found:
        note = f"  ({each.note % each.params})" if each.note else ""
        click.echo(f"{each.lon:.6f},{each.lat:.6f}  {each.kind or 'crossing':<9}{each.name}{note}")
