"""`cityops components`: the census of components in, and the standard's table of them out."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import click

from cityops.catalog import queries as catalog
from cityops.catalog.models import CaseKind
from cityops.clock import today
from cityops.grid.census.classes import EDITIONS, LEFT_OUT, ClassBook, read_kinds
from cityops.grid.census.export import export_components
from cityops.grid.census.services import BadCensus, Census, CensusTerms, read_portions, take_in
from cityops.grid.cli import FORM, PATH, SOURCE, Mapping
from cityops.grid.files import write_findings
from cityops.grid.findings import tell
from cityops.grid.models import Accuracy
from cityops.grid.records import SaidOfFile
from cityops.grid.sources import count_features
from cityops.shell import Shell


@click.group()
def components() -> None:
    """The components of the city: a census in, the standard's table out."""


@components.command("import")
@click.argument("file", type=SOURCE)
@click.option("--layer", help="The layer, where the file has several.")
@click.option("--map", "mapping", type=Mapping(), help="The file's name of each field: code=NO,class=KIND.")
@click.option("--crs", help="EPSG:4549, gcj02, bd09 …, in spite of what the file declares.")
@click.option("--encoding", help="Of the file's words, where neither UTF-8 nor GB18030.")
@click.option("--edition", type=click.Choice(EDITIONS), help="The standard that codes of 16 digits are numbered by.")
@click.option("--classes", type=click.File(encoding="utf-8"), help="CSV of kind,class_code: the file's own kinds.")
@click.option("--division", help="Six digits: give what has a class and no code the next free codes in it.")
@click.option("--accuracy", type=click.Choice(list(Accuracy)), default=Accuracy.A, show_default=True)
@click.option("--because", default="", help="Why the warnings are accepted; else they keep the file out.")
@click.option("--dry-run", is_flag=True, help="Look at all of it and change nothing; the city goes on meanwhile.")
@click.option("--faults", type=PATH, help="Write what was found to this GeoPackage, for QGIS.")
@FORM
@click.pass_obj
def import_file(
    shell: Shell, /, file: Path, classes: IO[str] | None, edition: str | None, dry_run: bool, **said: Any
) -> None:
    """Take in the census FILE (whatever GDAL reads): check all of it, then load all of it or nothing.

    Fields are found by the standard's names (管理部件标识码), its abbreviations (GLBJBSM), the earlier names (ObjID) or
    --map. Components are renewed by their codes; those that the file does not name stay as they are.
    """
    asked = SaidOfFile(None, said["layer"], said["crs"], said["encoding"], said["mapping"] or {})
    terms = CensusTerms(said["division"], said["accuracy"], said["because"], file.stem)
    kinds = read_kinds(classes) if classes else {}
    told = _progress(count_features(file, asked.layer))
    door = shell.database.reading if dry_run else shell.database.transaction
    refusal: BadCensus | None = None
    try:
        with door() as session:
            known = catalog.list_classes(session, today(), CaseKind.COMPONENT)
            book = ClassBook({each.code: each.name for each in known}, edition, kinds)
            census = take_in(session, read_portions(file, asked), book, terms, is_rehearsal=dry_run, told=told)
    except BadCensus as bad:
        refusal, census = bad, bad.census
    if said["faults"]:
        write_findings(said["faults"], census.book.kept)
    _say(census, said["form"], dry_run=dry_run)
    if refusal is not None:
        raise click.ClickException(str(refusal))
    if census.book.errors:
        raise click.ClickException(f"{census.book.errors} faults keep this file out")


@components.command("export")
@click.argument("file", type=PATH)
@click.option("--standard", type=click.Choice(["gbt47678"]), default="gbt47678", show_default=True)
@click.pass_obj
def export_file(shell: Shell, file: Path, standard: str) -> None:
    """Write all components to FILE.csv, FILE.xlsx or FILE.gpkg, in the standard's table."""
    with shell.database.reading() as session:
        count = export_components(session, file)
    click.echo(f"{file}: {count} components by {standard}", err=True)


def _progress(total: int) -> Callable[[int], None]:
    began = time.monotonic()

    def told(read: int) -> None:
        rate = read / max(time.monotonic() - began, 1e-3)
        click.echo(f"read {read:,} of {total:,} ({rate:,.0f} a second)", err=True)

    return told


def _say(census: Census, form: str, *, dry_run: bool) -> None:
    for line in tell(census.book.kept, form):
        click.echo(line)
    beyond = sum(census.book.counts.values()) - len(census.book.kept)
    if beyond:
        click.echo(f"{beyond} more of the same reasons are not listed", err=True)
    for (said, code), number in sorted(census.classes.mapped.items()):
        became = f"{code} {census.classes.names[code]}" if code != LEFT_OUT else "left out"
        click.echo(f"class {said} -> {became}: {number}", err=True)
    for said, number in sorted(census.classes.unmapped.items()):
        click.echo(f"class {said} could not be mapped: {number}", err=True)
    book = census.book
    counts = f"begun: {census.begun}, renewed: {census.renewed}, left out: {census.left_out}"
    click.echo(f"{counts}; {book.errors} faults, {book.warnings} warnings", err=True)
    if dry_run:
        click.echo("this was a dry run: nothing was changed", err=True)
