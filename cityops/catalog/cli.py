"""`cityops catalog`: the shipped catalogue into the database, what is in force, and drafts as Excel files."""

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click

from cityops import clock
from cityops.catalog import queries
from cityops.catalog.draft_models import EntryKind
from cityops.catalog.drafts import open_draft, read_draft_of
from cityops.catalog.importing import MISSING, BadSheets, check_sheets, columns_missing, put_sheets
from cityops.catalog.keys import Entry, key_of
from cityops.catalog.models import CaseKind
from cityops.catalog.seed import seed_catalog
from cityops.catalog.sheets import ReadSheets, read_bounded, read_sheets, write_sheets
from cityops.catalog.standards import compare_with_parent
from cityops.errors import Invalid, NotFound
from cityops.shell import Shell
from cityops.words import N_

CLASS_COLUMNS = ("kind", "code", "name", "name_en")
CONDITION_COLUMNS = (
    "condition",
    "text",
    "text_en",
    "limit_value",
    "limit_unit",
    "calendar",
    "body_kind",
    "body_code",
)


STANDARD = click.option(
    "--standard", "reference", metavar="REFERENCE", help="Which standard; not needed where there is only one."
)


@click.group()
def catalog() -> None:
    """The catalogue: classes, filing conditions and limits."""


@catalog.command()
@click.pass_obj
def load(shell: Shell) -> None:
    """Write what is missing of the shipped catalogue; what is there stays as it is."""
    with shell.database.transaction() as session:
        loaded = seed_catalog(session)
    words = f"{loaded.classes} classes, {loaded.conditions} filing conditions, {loaded.stage_limits} stage limits"
    click.echo(f"written: {loaded.standards} standards, {words}", err=True)


@catalog.command("list")
@click.option("--kind", type=click.Choice([kind.value for kind in CaseKind]), help="Components or matters only.")
@click.option("--on", "day", metavar="DAY", help="In force on this day instead of today: 2026-11-23.")
@click.pass_obj
def list_(shell: Shell, kind: str | None, day: str | None) -> None:
    """List the classes in force with their filing conditions, as CSV: a line a condition, or a line a class without."""
    on = _day(day)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow((*CLASS_COLUMNS, *CONDITION_COLUMNS, "standard"))
    with shell.database.reading() as session:
        classes = queries.list_classes(session, on, CaseKind(kind) if kind else None)
        conditions = queries.list_conditions_of(session, [each.id for each in classes], on)
        for each in classes:
            first = (each.kind.value, each.code, each.name, each.name_en or "")
            for row in conditions.get(each.id, []):
                limit = (row.limit_value, row.limit_unit.value, row.calendar)
                body = (row.body_kind.value, row.body_code or "")
                writer.writerow((*first, row.code, row.text, row.text_en, *limit, *body, each.standard.reference))
            if each.id not in conditions:
                writer.writerow((*first, *[""] * len(CONDITION_COLUMNS), each.standard.reference))
    total = sum(map(len, conditions.values()))
    click.echo(f"{len(classes)} classes, {total} filing conditions in force on {on}", err=True)


@catalog.command("export")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@STANDARD
@click.pass_obj
def export_file(shell: Shell, file: Path, reference: str | None) -> None:
    """Write the open draft of a standard to FILE.xlsx; without one, what is in force."""
    with shell.database.reading() as session:
        wanted = read_draft_of(session, None, queries.get_standard(session, reference).id).wanted
    with _refusals(), file.open("wb") as out:
        write_sheets(wanted, out)
    click.echo(f"{file}: {len(wanted)} entries", err=True)


@catalog.command("import")
@click.argument("file", type=click.Path(exists=True, path_type=Path, dir_okay=False))
@STANDARD
@click.option("--dry-run", is_flag=True, help="Check the file and say how much it would change; write nothing.")
@click.pass_obj
def import_file(shell: Shell, file: Path, reference: str | None, dry_run: bool) -> None:
    """Write the lines of FILE.xlsx into the draft of a standard, all or none; nothing comes into force by it.

    Lines that cannot be taken go to stdout as CSV, with the sheet, the line, the field and the reason.
    """
    with _refusals():
        found = read_sheets(read_bounded(file))
        try:
            number = _put(shell, reference, found, dry_run)
        except BadSheets as refusal:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(("sheet", "line", "field", "reason"))
            writer.writerows((each.sheet, each.line, each.field, str(each.fault)) for each in refusal.faults)
            raise
    if found.missing:
        click.echo(MISSING % {"columns": columns_missing(found)}, err=True)
    click.echo(f"{number} entries {'would change' if dry_run else 'changed'} in the draft", err=True)


@catalog.command()
@STANDARD
@click.pass_obj
def compare(shell: Shell, reference: str | None) -> None:
    """Where a standard's limits are looser than those of the one above it, and which classes it lacks, as CSV."""
    with shell.database.reading() as session:
        found = compare_with_parent(session, None, queries.get_standard(session, reference))
    if found is None:
        raise NotFound(N_("Nothing stands above this standard: set it on its page."))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("what", "key", "area_level", "here", "above"))
    for each in found.looser:
        writer.writerow(("looser", each.code, each.area_level or "", _limit(each.own), _limit(each.parents)))
    for entry in found.lacking:
        writer.writerow(("lacking", key_of(EntryKind.CLASS, entry), "", "", entry["name"]))
    click.echo(f"{len(found.looser)} looser limits, {len(found.lacking)} classes lacking", err=True)


def _limit(entry: Entry) -> str:
    return f"{entry['limit_value']} {entry['limit_unit']} {entry['calendar']}"


def _put(shell: Shell, reference: str | None, found: ReadSheets, dry_run: bool) -> int:
    if dry_run:
        with shell.database.reading() as session:
            view = read_draft_of(session, None, queries.get_standard(session, reference).id)
            return check_sheets(session, view, found)
    with shell.database.transaction() as session:
        draft = open_draft(session, None, queries.get_standard(session, reference).id)
        return put_sheets(session, None, draft.id, draft.edits, found)


@contextmanager
def _refusals() -> Iterator[None]:
    """A file that cannot be opened or written is said in one sentence."""
    try:
        yield
    except OSError as error:
        raise Invalid("file", N_("The file cannot be used: %(reason)s"), reason=error.strerror or str(error)) from error


def _day(text: str | None) -> date:
    if text is None:
        return clock.today()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("on", N_("“%(day)s” is not a day like 2026-11-23."), day=text[:40]) from error
