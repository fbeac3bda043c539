"""`cityops grid` and `cityops locate`: the grid in files, and points located by the file."""

import csv
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import click

from cityops.errors import CityopsError
from cityops.grid import services, summary
from cityops.grid.batch import Tally, locate_lines
from cityops.grid.checks import Finding, check_grid
from cityops.grid.export import read_out
from cityops.grid.files import read_grid, write_grid
from cityops.grid.queries import current_index
from cityops.grid.services import BadGrid
from cityops.shell import Shell

PATH = click.Path(path_type=Path, dir_okay=False)
FINDING_COLUMNS = ("layer", "line", "field", "kind", "reason")


@click.group()
def grid() -> None:
    """The grid: areas, cells and components, in and out of files."""


@grid.command("import")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.pass_obj
def import_file(shell: Shell, file: Path) -> None:
    """Load the layers areas, cells and components of FILE (GeoPackage); all of it or nothing.

    Bad rows go to stdout as CSV, with the line, the field and the reason. The cells of a community come as a whole.
    """
    with _refusals():
        data, findings = read_grid(file)
        try:
            with shell.database.transaction() as session:
                loaded = services.load_grid(session, data, findings)
        except BadGrid as refusal:
            _print_findings(refusal.findings)
            raise
    _print_findings(loaded.warnings)
    begun = ", ".join(f"{number} {kind}" for kind, number in loaded.begun.items())
    ended = ", ".join(f"{number} {kind}" for kind, number in loaded.ended.items()) or "nothing"
    click.echo(f"begun: {begun}; ended: {ended}; grid revision {loaded.revision}", err=True)
    click.echo(f"components outside every cell: {loaded.components_outside}", err=True)


@grid.command("export")
@click.argument("file", type=PATH)
@click.pass_obj
def export_file(shell: Shell, file: Path) -> None:
    """Write the present grid to FILE.gpkg, in the layers areas, cells and components."""
    with _refusals():
        with shell.database.reading() as session:
            data = read_out(session)
        write_grid(file, data)
    counts = f"{len(data.areas)} areas, {len(data.cells)} cells, {len(data.components)} components"
    click.echo(f"{file}: {counts}", err=True)


@grid.command()
@click.pass_obj
def check(shell: Shell) -> None:
    """Check the present grid: valid, nested, no gap, no overlap. Findings go to stdout as CSV."""
    with shell.database.reading() as session:
        data = read_out(session)
        outside = summary.count_components_outside(session)
    findings = check_grid(data, {}, {})
    _print_findings(findings)
    errors = sum(finding.is_error for finding in findings)
    words = f"{len(data.cells)} cells: {errors} faults, {len(findings) - errors} warnings"
    click.echo(f"{words}; {outside} components outside every cell", err=True)
    if errors:
        sys.exit(1)


@click.command()
@click.option("--file", "source", required=True, type=click.Path(exists=True, allow_dash=True, path_type=Path))
@click.option("--out", "target", default="-", type=click.Path(allow_dash=True, path_type=Path), show_default=True)
@click.option("--crs", default="wgs84", type=click.Choice(["wgs84", "gcj02", "bd09"]), show_default=True)
@click.pass_obj
def locate(shell: Shell, source: Path, target: Path, crs: str) -> None:
    """Locate a CSV file of points: id,lon,lat in, id,cell_code,community_code,… out, as a stream.

    A row that cannot be understood keeps its id and says why in its note; none is lost.
    """
    tally = Tally()
    with _refusals(), ExitStack() as files:
        with shell.database.reading() as session:
            index = current_index(session)
        # Ids in another encoding pass through as they are.
        lines = files.enter_context(
            click.open_file(str(source), encoding="utf-8", errors="surrogateescape", lazy=False)
        )
        writer = csv.writer(files.enter_context(_replacing(target)), lineterminator="\n")
        writer.writerows(locate_lines(index, lines, crs, tally))
    words = f"{tally.rows} rows: {tally.located} in a cell, {tally.outside} outside, {tally.bad} not understood"
    click.echo(words, err=True)


@contextmanager
def _replacing(target: Path) -> Iterator[IO[str]]:
    """A file that takes its name when it is whole; `-` is stdout."""
    if str(target) == "-":
        yield click.open_file("-", "w", encoding="utf-8", errors="surrogateescape")
        return
    part = target.with_name(f".{target.name}.part")
    try:
        with part.open("w", encoding="utf-8", errors="surrogateescape", newline="") as out:
            yield out
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _refusals() -> Iterator[None]:
    """What a person can do something about, as one sentence and an exit code."""
    try:
        yield
    except (CityopsError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _print_findings(findings: list[Finding]) -> None:
    if findings:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(FINDING_COLUMNS)
        for each in findings:
            kind = "error" if each.is_error else "warning"
            writer.writerow((each.layer, each.line, each.field, kind, each.sentence))
