"""`cityops grid` and `cityops locate`: the grid in files, and points located by the file."""

import csv
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cityops.clock import today
from cityops.errors import CityopsError, Invalid
from cityops.grid import services, shifts, summary, versions
from cityops.grid.batch import Tally, locate_lines
from cityops.grid.drawing.files import Proof, draw_file
from cityops.grid.drawing.sources import Sources
from cityops.grid.export import read_out
from cityops.grid.files import LAYERS, read_grid, read_shapes, write_findings, write_grid
from cityops.grid.findings import Finding, count_errors, tell
from cityops.grid.queries import index_at
from cityops.grid.records import SaidOfFile, read_mapping
from cityops.shell import Shell

PATH = click.Path(path_type=Path, dir_okay=False)
SOURCE = click.Path(exists=True, path_type=Path)


@click.group()
def grid() -> None:
    """The grid: areas and cells, in and out of files."""


class Mapping(click.ParamType[dict[str, str]]):
    """`ours=theirs,…`: the names by which a file calls our fields."""

    name = "ours=theirs,…"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, str]:
        """Both names of each pair, our name first."""
        try:
            return read_mapping(str(value))
        except Invalid as refusal:
            self.fail(str(refusal), param, ctx)


def says_of_file(kinds: Iterable[str]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options by which a person says of a file what it does not say itself."""

    def with_options(command: Callable[..., None]) -> Callable[..., None]:
        for option in (
            click.option("--as", "kind", type=click.Choice(list(kinds)), help="What the features are."),
            click.option("--layer", help="The layer, where the file has several."),
            click.option("--map", "mapping", type=Mapping(), help="The file's name of each field: code=DM,name=MC."),
            click.option("--crs", help="EPSG:4549, gcj02, bd09 …, in spite of what the file declares."),
            click.option("--encoding", help="Of the file's words, where neither UTF-8 nor GB18030."),
        ):
            command = option(command)
        return command

    return with_options


FORM = click.option("--format", "form", default="table", type=click.Choice(["table", "csv", "json"]), show_default=True)


@grid.command("versions")
@click.pass_obj
def list_versions(shell: Shell) -> None:
    """List the versions of the grid, the last first, with what each did to the cells."""
    with shell.database.reading() as session:
        rows = versions.list_versions(session)
        for row in rows:
            fates = f"{row.kept} kept, {row.changed} changed, {row.split} split, {row.merged} merged"
            fates += f", {row.added} added, {row.retired} retired"
            click.echo(f"{row.id:>4}  {row.valid_from_on}  {row.state.value:<10}{row.title}  {fates}")


@grid.command()
@click.argument("number", type=int)
@click.pass_obj
def withdraw(shell: Shell, number: int) -> None:
    """Undo version NUMBER before it takes effect; one that has is never undone."""
    with refusals(), shell.database.transaction() as session:
        version = versions.withdraw(session, None, number)
        click.echo(f"version {version.id} ({version.title}) is withdrawn", err=True)


@grid.command("export")
@click.argument("file", type=PATH)
@click.pass_obj
def export_file(shell: Shell, file: Path) -> None:
    """Write the present grid to FILE.gpkg, in the layers areas and cells."""
    with refusals():
        with shell.database.reading() as session:
            data = read_out(session)
        write_grid(file, data)
    click.echo(f"{file}: {len(data.areas)} areas, {len(data.cells)} cells", err=True)


@grid.command()
@click.argument("file", required=False, type=SOURCE)
@says_of_file(LAYERS)
@click.option("--buildings", type=SOURCE, help="Footprints that no cell's line may cut.")
@click.option("--faults", type=PATH, help="Write the faults that have a place to this GeoPackage, for QGIS.")
@FORM
@click.pass_obj
def check(
    shell: Shell, /, file: Path | None, buildings: Path | None, faults: Path | None, form: str, **said: Any
) -> None:
    """Check FILE against itself and the present grid, or without FILE the present grid; nothing is changed.

    Every fault goes to stdout with its place and its size: invalid ring, code malformed, twice or of another community,
    overlap, gap, crossing a community, area out of band, building cut. Exit code 1 if there is one.
    """
    with refusals():
        data, findings = read_grid(file, asked(said)) if file else (None, [])
        footprints = read_shapes(buildings) if buildings else []
        with shell.database.reading() as session:
            data = data or read_out(session)
            findings = services.check(session, data, findings, footprints)
            outside = summary.count_components_outside(session)
        if faults:
            write_findings(faults, findings)
    print_findings(findings, form)
    errors = count_errors(findings)
    counts = f"{len(data.areas)} areas, {len(data.cells)} cells"
    words = f"{counts}: {errors} faults, {len(findings) - errors} warnings"
    click.echo(words if file else f"{words}; {outside} components outside every cell", err=True)
    if errors:
        sys.exit(1)


@grid.command()
@click.option("--areas", required=True, type=SOURCE, help="Communities (and what is above them): code, name, level.")
@click.option("--roads", required=True, type=SOURCE, help="Streets and lanes; OpenStreetMap's walls and railways too.")
@click.option("--water", type=SOURCE, help="Rivers, canals, shores.")
@click.option("--buildings", type=SOURCE, help="Footprints that no line may cut.")
@click.option("--compounds", type=SOURCE, help="Compounds that manage themselves: each stays whole.")
@click.option("--target-m2", default=10_000.0, type=click.FloatRange(min=100), show_default=True)
@click.option("--first", default=1, type=click.IntRange(1, 999), show_default=True, help="The first cell's number.")
@click.option("--map", "mapping", type=Mapping(), help="The areas' name of each field: code=DM,name=MC.")
@click.option("--crs", help="The areas' coordinate system, in spite of what the file declares.")
@click.option("--out", required=True, type=PATH, help="The GeoPackage to write.")
def draw(out: Path, target_m2: float, first: int, **files: Any) -> None:
    """Propose unit cells for every community of a file, for a person to finish in QGIS; nothing is loaded.

    Cells follow streets, water and walls, cut no building and no compound, and measure about --target-m2.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with refusals(), Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")
        proof, warnings = draw_file(
            Sources(**files),
            out,
            target_m2,
            first,
            lambda doing, done, of: bar.update(task, description=doing, completed=done, total=of),
        )
    print_findings(warnings, "table")
    click.echo(f"{out}: {_tell_proof(proof)}", err=True)


def _tell_proof(proof: Proof) -> str:
    return (
        f"{proof.cells} cells in {proof.communities} communities, median {proof.shares_m2[3]:,} m²,"
        f" {proof.in_band:.1%} between half and twice the target; above {proof.above}, below or narrow {proof.below},"
        f" compounds {proof.compounds}; gaps {proof.gaps_m2:.1f} m², overlaps {proof.overlaps_m2:.1f} m²,"
        f" {proof.buildings_cut} of {proof.buildings} buildings cut,"
        f" {proof.buildings_on_borders} stand across a community's boundary"
    )


@click.command()
@click.option("--file", "source", required=True, type=click.Path(exists=True, allow_dash=True, path_type=Path))
@click.option("--out", "target", default="-", type=click.Path(allow_dash=True, path_type=Path), show_default=True)
@click.option("--crs", default="wgs84", type=click.Choice(shifts.SYSTEMS), show_default=True)
@click.option("--at", type=click.DateTime(["%Y-%m-%d"]), help="By the grid of this day instead of today's.")
@click.pass_obj
def locate(shell: Shell, source: Path, target: Path, crs: str, at: datetime | None) -> None:
    """Locate a CSV file of points: id,lon,lat in, id,cell_code,community_code,… out, as a stream.

    A row that cannot be understood keeps its id and says why in its note; none is lost.
    """
    tally = Tally()
    with refusals(), ExitStack() as files:
        with shell.database.reading() as session:
            index = index_at(session, at.date() if at else today())
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
def refusals() -> Iterator[None]:
    """What a person can do something about, as one sentence and an exit code."""
    try:
        yield
    except (CityopsError, OSError) as error:
        raise click.ClickException(str(error)) from error


def asked(said: dict[str, Any]) -> SaidOfFile:
    """What was said of a file by the options of `says_of_file`."""
    return SaidOfFile(**{name: value for name, value in said.items() if value is not None})


def print_findings(findings: list[Finding], form: str) -> None:
    """Findings on stdout, in the form that was asked for."""
    for line in tell(findings, form):
        click.echo(line)
