"""`cityops catalog`: the shipped catalogue into the database, and what is in force there."""

import csv
import sys
from datetime import date

import click

from cityops import clock
from cityops.catalog import queries
from cityops.catalog.models import CaseKind
from cityops.catalog.seed import seed_catalog
from cityops.errors import Invalid
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


def _day(text: str | None) -> date:
    if text is None:
        return clock.today()
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid("on", N_("“%(day)s” is not a day like 2026-11-23."), day=text[:40]) from error
